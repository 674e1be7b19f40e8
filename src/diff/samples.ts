import type { Node } from "../cel/ast.ts";
import { typeAtPath } from "../cel/environment.ts";
import { childrenOf } from "../cel/tree.ts";
import { ABSENT, type Value, valueKey } from "./candidate.ts";
import type { InputPath } from "./input-path.ts";
import { numberSamples } from "./number-samples.ts";
import { type TextRole, textSamples } from "./text-samples.ts";
import { timeSamples } from "./time-samples.ts";

/**
 * Values to try at a path that a condition is about, from the constants of the condition: each, what is next to it on either
 * side, what its patterns match and only just do not; then values of every other type, and nothing at all. What comes first
 * is the plainest.
 */
export function samplesFor(path: InputPath, condition: Node): Value[] {
  if (isTime(path)) return timeSamples(condition);
  const { texts, numbers, sizes } = constantsOf(condition);
  const sized = sizes.flatMap((size) => ["x".repeat(size), new Array(size).fill("x"), mapOfSize(size)]);
  const members = texts.flatMap((text) => [[text], { [text]: "x" }, { x: text }]);
  const values = [...texts, ...numbers, ...numbers.map(String), ...sized, ...members];
  const possible = distinct(values.filter(isPossible(path)));
  return distinct([...possible.slice(0, SAMPLES_MAX), ...ODD.filter(isPossible(path)), ABSENT]);
}

/** Of one condition: lists of constants can be long. */
const SAMPLES_MAX = 600;

const isTime = (path: InputPath) => path[0] === "now" || (path[0] === "request" && path[1] === "time");

/** Of every type, and empty ones of those that can be. */
export const ODD: readonly Value[] = ["x", "", 1, 0, true, false, null, [], ["x"], {}, { x: "x" }];

export function distinct(values: readonly Value[]): Value[] {
  return [...new Map(values.map((value) => [valueKey(value), value])).values()];
}

/** Lists and texts longer than this are not made. */
const SIZE_MAX = 2000;

interface Constants {
  readonly texts: string[];
  readonly numbers: number[];
  readonly sizes: number[];
}

function constantsOf(condition: Node): Constants {
  const found: Constants = { texts: [], numbers: [], sizes: [] };
  const literals: number[] = [];
  const hasSize = collect(condition, "text", found, literals);
  found.numbers.push(...numberSamples(literals));
  if (hasSize) {
    const around = literals.flatMap((size) => [size, size + 1, size - 1]);
    found.sizes.push(...around.filter((size) => Number.isInteger(size) && size >= 0 && size <= SIZE_MAX));
  }
  return found;
}

/** @returns whether a size is asked for anywhere in the tree */
function collect(node: Node, role: TextRole, found: Constants, literals: number[]): boolean {
  if (node.kind === "literal") {
    if (typeof node.value === "string") found.texts.push(...textSamples(node.value, role));
    if (typeof node.value === "number" || typeof node.value === "bigint") literals.push(Number(node.value));
    return false;
  }
  const isSize = node.kind === "call" && node.name === "size";
  const asked = childrenOf(node).map((child) => collect(child, roleIn(node, child), found, literals));
  return isSize || asked.includes(true);
}

function roleIn(node: Node, child: Node): TextRole {
  if (node.kind !== "call") return "text";
  const { name, target, args } = node;
  if (name === "matches") return child === args.at(-1) ? "regex" : "text";
  if (name === "glob" && target === undefined) return child === args[0] ? "glob" : "text";
  if (name === "dest_domain_matches") return child === args[1] ? "domain" : "text";
  return name === "dest_ip_in_cidr" && child === args[1] ? "cidr" : "text";
}

const mapOfSize = (size: number) => Object.fromEntries(Array.from({ length: size }, (_, at) => [`k${at}`, "x"]));

/** Whether a request can have the value there; what a request may hold is known for all but what people fill as they like. */
function isPossible(path: InputPath): (value: Value) => boolean {
  const type = path.every((key) => typeof key === "string") ? typeAtPath(path) : undefined;
  switch (type?.kind) {
    case "string":
      return (value) => typeof value === "string";
    case "double":
      return (value) => Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 65_535;
    case "list":
      return (value) => Array.isArray(value) && value.every((item) => typeof item === "string");
    case "map":
    case "object":
      return (value) => typeof value === "object" && value !== null && !Array.isArray(value);
    default:
      return () => true;
  }
}
