import type { ComprehensionNode, Node } from "../cel/ast.ts";
import { resolveCall } from "../cel/compile-calls.ts";
import { typeAtPath, typeOfLiteral } from "../cel/environment.ts";
import { FunctionTable } from "../cel/functions.ts";
import { PARSER_FUNCTIONS } from "../cel/functions-parsers.ts";
import { RULE_FUNCTIONS } from "../cel/functions-rules.ts";
import { STANDARD_FUNCTIONS } from "../cel/functions-standard.ts";
import { STRING_FUNCTIONS } from "../cel/functions-strings.ts";
import { TIME_FUNCTIONS } from "../cel/functions-time.ts";
import type { ScalarKind, StaticType } from "../cel/static-types.ts";
import { inputPathOf, lookUp, type Scope } from "./scope.ts";

export type Kind = Exclude<ScalarKind, "dyn"> | "list" | "map";

/**
 * Which runtime types a value can have, as far as that is certain. The checker's types have `dyn` for everything that a
 * request brings along; here that is JSON, which has no ints, timestamps or bytes.
 */
export interface Shape {
  readonly kinds: ReadonlySet<Kind>;
  /** Of a list's elements and a map's values; undefined when nothing is known. */
  readonly element: Shape | undefined;
}

const FUNCTIONS = new FunctionTable(
  STANDARD_FUNCTIONS,
  TIME_FUNCTIONS,
  STRING_FUNCTIONS,
  RULE_FUNCTIONS,
  PARSER_FUNCTIONS,
);

/** Any JSON value: its elements are JSON again. */
export const JSON_SHAPE: Shape = jsonShape();
const TEXT = scalar("string");

function jsonShape(): Shape {
  const shape: { kinds: Set<Kind>; element: Shape | undefined } = {
    kinds: new Set(["null", "bool", "double", "string", "list", "map"]),
    element: undefined,
  };
  shape.element = shape;
  return shape;
}

function scalar(kind: Kind): Shape {
  return { kinds: new Set([kind]), element: undefined };
}

function container(kind: "list" | "map", element: Shape | undefined): Shape {
  return { kinds: new Set([kind]), element };
}

/** A value that may be any of these; undefined as soon as one is unknown. */
function union(shapes: readonly (Shape | undefined)[]): Shape | undefined {
  if (shapes.some((shape) => shape === undefined) || shapes.length === 0) return undefined;
  if (shapes.includes(JSON_SHAPE) && shapes.every((shape) => isSubset(shape!.kinds, JSON_SHAPE.kinds)))
    return JSON_SHAPE;
  const kinds = new Set(shapes.flatMap((shape) => [...shape!.kinds]));
  return { kinds, element: union(shapes.map((shape) => shape!.element)) };
}

function isSubset<T>(part: ReadonlySet<T>, whole: ReadonlySet<T>): boolean {
  return [...part].every((item) => whole.has(item));
}

/** @param type of an input; there, what is not known is JSON */
function shapeOfInput(type: StaticType): Shape {
  switch (type.kind) {
    case "dyn":
      return JSON_SHAPE;
    case "list":
      return container("list", shapeOfInput(type.element));
    case "map":
      return container("map", JSON_SHAPE);
    case "object":
      return container("map", union(Object.values(type.fields).map(shapeOfInput)));
    default:
      return scalar(type.kind);
  }
}

/** @returns undefined when nothing is certain */
export function shapeOf(node: Node, scope: Scope<Shape | undefined> | undefined): Shape | undefined {
  const path = inputPathOf(node, scope);
  if (path !== undefined) return shapeOfPath(path.keys, path.absent);
  switch (node.kind) {
    case "literal":
      return scalar(typeOfLiteral(node.value).kind as Kind);
    case "ident":
      return lookUp(node.name, scope)?.value;
    case "select":
    case "index":
      return shapeOf(node.operand, scope)?.element;
    case "has":
    case "not":
    case "and":
    case "or":
      return scalar("bool");
    case "binary":
      return /^(?:[=!<>]=?|==|in)$/.test(node.operator) ? scalar("bool") : shapeOfSum(node, scope);
    case "conditional":
      return union([shapeOf(node.whenTrue, scope), shapeOf(node.whenFalse, scope)]);
    case "list":
      return container("list", union(node.elements.map((element) => shapeOf(element, scope))));
    case "map":
      return container("map", union(node.values.map((value) => shapeOf(value, scope))));
    case "comprehension":
      return shapeOfComprehension(node, scope);
    case "call":
      return shapeOfCall(node, scope);
    case "bind":
      return shapeOf(node.body, { name: node.variable, value: shapeOf(node.value, scope), outer: scope });
    default:
      return undefined;
  }
}

function shapeOfPath(keys: readonly string[], absent: unknown): Shape | undefined {
  const type = typeAtPath(keys);
  if (type === undefined) return undefined;
  const shape = shapeOfInput(type);
  return absent === undefined ? shape : union([shape, scalar(typeof absent === "string" ? "string" : "double")]);
}

/** Of arithmetic only what keeps lists and times is followed. */
function shapeOfSum(node: Extract<Node, { kind: "binary" }>, scope: Scope<Shape | undefined> | undefined) {
  const [left, right] = [shapeOf(node.left, scope), shapeOf(node.right, scope)];
  if (left === undefined || right === undefined) return undefined;
  const [a, b] = [only(left), only(right)];
  if (node.operator === "+" && a === "list" && b === "list")
    return container("list", union([left.element, right.element]));
  if (a === "timestamp" && b === "duration") return left;
  if (node.operator === "-" && a === "timestamp" && b === "timestamp") return scalar("duration");
  return undefined;
}

export function only({ kinds }: Shape): Kind | undefined {
  return kinds.size === 1 ? [...kinds][0] : undefined;
}

function shapeOfCall(node: Extract<Node, { kind: "call" }>, scope: Scope<Shape | undefined> | undefined) {
  const call = resolveCall(node, FUNCTIONS, (name) => lookUp(name, scope) !== undefined);
  const results = call?.spec.overloads
    .filter(({ parameters }) => parameters.length === call.args.length)
    .map(({ result }) => result);
  const [first] = results ?? [];
  if (first === undefined || !results!.every(({ kind }) => kind === first.kind)) return undefined;
  if (first.kind === "dyn" || first.kind === "object") return undefined;
  if (first.kind === "list") return container("list", first.element.kind === "string" ? TEXT : undefined);
  return first.kind === "map" ? container("map", undefined) : scalar(first.kind);
}

function shapeOfComprehension(node: ComprehensionNode, scope: Scope<Shape | undefined> | undefined) {
  const inner = scopeOf(node, scope);
  switch (node.macro) {
    case "all":
    case "exists":
    case "exists_one":
      return scalar("bool");
    case "filter":
      return container("list", inner!.value);
    case "transformMap":
      return container("map", shapeOf(node.body, inner));
    default:
      return container("list", shapeOf(node.body, inner));
  }
}

/** The variables of a comprehension, as its body sees them. */
export function scopeOf(node: ComprehensionNode, outer: Scope<Shape | undefined> | undefined) {
  const range = shapeOf(node.range, outer);
  const kind = range && only(range);
  const isPair = node.variables.length === 2;
  // What is neither surely a list nor surely a map: its keys are texts, its elements JSON.
  const keyOrElement = kind === "list" ? range?.element : kind === "map" ? keyShape(node.range, outer) : element(range);
  const first = isPair ? (kind === "map" ? keyShape(node.range, outer) : undefined) : keyOrElement;
  let scope: Scope<Shape | undefined> = { name: node.variables[0]!, value: first, outer };
  if (isPair) scope = { name: node.variables[1]!, value: range?.element, outer: scope };
  return scope;
}

function element(range: Shape | undefined): Shape | undefined {
  return range === JSON_SHAPE ? JSON_SHAPE : undefined;
}

/** Maps of a request have texts as keys; a map that an expression makes can have others. */
function keyShape(range: Node, scope: Scope<Shape | undefined> | undefined): Shape | undefined {
  return inputPathOf(range, scope) === undefined ? undefined : TEXT;
}
