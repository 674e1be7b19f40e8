import {
  type CelFunc,
  type CelMap,
  CelScalar,
  celFunc,
  celMethod,
  celUint,
  isCelList,
  isCelMap,
  isCelUint,
  mapType,
} from "@bufbuild/cel";
import type { Expr } from "@bufbuild/cel-spec/cel/expr/syntax_pb.js";
import { nodesOf } from "../conformance/expr-nodes.ts";
import { bufbuild, bufbuildWith, type Oracle } from "./oracles.ts";

/** A fault of @bufbuild/cel 0.6.1, with the same library put right. It explains what its repair makes agree, no more. */
interface KnownFault {
  readonly name: string;
  readonly functions: readonly CelFunc[];
  readonly rewrite?: (root: Expr) => void;
}

const { BOOL, DOUBLE, DYN, INT, STRING, UINT } = CelScalar;
const MAP = mapType(DYN, DYN);

function call(name: string, ...args: Expr[]): Expr["exprKind"] {
  return { case: "callExpr", value: { $typeName: "cel.expr.Expr.Call", function: name, args } };
}

function text(id: bigint, value: string): Expr {
  const constantKind = { case: "stringValue", value } as const;
  const constant = { $typeName: "cel.expr.Constant", constantKind } as const;
  return { $typeName: "cel.expr.Expr", id, exprKind: { case: "constExpr", value: constant } };
}

/** `has(operand.field)` as a call, so that the macro can be given another meaning. */
function rewriteHas(root: Expr): void {
  for (const node of nodesOf(root)) {
    if (node.exprKind.case !== "selectExpr" || !node.exprKind.value.testOnly) continue;
    const { operand, field } = node.exprKind.value;
    node.exprKind = call("has_key", operand!, text(-node.id, field));
  }
}

/** `list[key]` as `list[index_of(list, key)]`. */
function rewriteIndex(root: Expr): void {
  for (const node of nodesOf(root)) {
    if (node.exprKind.case !== "callExpr" || node.exprKind.value.function !== "_[_]") continue;
    const [operand, key] = node.exprKind.value.args as [Expr, Expr];
    node.exprKind.value.args[1] = { ...key, id: -node.id, exprKind: call("index_of", structuredClone(operand), key) };
  }
}

function isKeyOf(map: CelMap, key: unknown): boolean {
  return Array.from(map.keys()).includes(key as string);
}

const isNumber = (value: unknown) => typeof value === "number" || typeof value === "bigint" || isCelUint(value);

function refuse(): never {
  throw new Error("refused");
}

const FAULTS: readonly KnownFault[] = [
  {
    // langdef.md, field selection: false for a key that is not there, an error for what is no map.
    name: "has() is false for a null value, and for an operand that is no map",
    functions: [celFunc("has_key", [DYN, STRING], BOOL, (map, key) => (isCelMap(map) ? isKeyOf(map, key) : refuse()))],
    rewrite: rewriteHas,
  },
  {
    name: "a key whose value is null is not `in` the map, and what can be no key is an error",
    functions: [celFunc("@in", [DYN, MAP], BOOL, (key, map) => isKeyOf(map, key))],
  },
  {
    name: "a bool is an index of a list",
    functions: [
      celFunc("index_of", [DYN, DYN], DYN, (list, key) => (isCelList(list) && !isNumber(key) ? refuse() : key)),
    ],
    rewrite: rewriteIndex,
  },
  {
    name: "int('') and uint('') are 0",
    functions: [
      celFunc("int", [STRING], INT, (digits) => (/^[+-]?\d{1,18}$/.test(digits) ? BigInt(digits) : refuse())),
      celFunc("uint", [STRING], UINT, (digits) => celUint(/^\d{1,18}$/.test(digits) ? BigInt(digits) : refuse())),
    ],
  },
  {
    name: "double() of a text that is no number is NaN",
    functions: [
      celFunc("double", [STRING], DOUBLE, (digits) => (/^-?[\d.]+$/.test(digits) ? Number(digits) : refuse())),
    ],
  },
  {
    name: "a uint quotient beyond the range of int is an error",
    functions: [celFunc("_/_", [UINT, UINT], UINT, (a, b) => celUint(b.value === 0n ? refuse() : a.value / b.value))],
  },
  {
    name: "replace() of the empty text does not replace between all letters",
    functions: [
      celMethod("replace", STRING, [STRING, STRING], STRING, function (part, by) {
        return part === "" ? ["", ...this, ""].join(by) : this.replaceAll(part, () => by);
      }),
    ],
  },
];

function repaired(faults: readonly KnownFault[]): Oracle {
  const functions = faults.flatMap((fault) => fault.functions);
  return bufbuildWith(functions, (root) => {
    for (const fault of faults) fault.rewrite?.(root);
  });
}

const REPAIRS: readonly { readonly name: string; readonly oracle: Oracle }[] = [
  ...FAULTS.map((fault) => ({ name: fault.name, oracle: repaired([fault]) })),
  { name: "several of these", oracle: repaired(FAULTS) },
];
const allRepaired = repaired(FAULTS);

/** The same case with every character that takes two UTF-16 units replaced by one that takes one. */
function withoutSurrogates<T>(value: T): T {
  if (typeof value === "string") return value.replace(/[\u{10000}-\u{10ffff}]/gu, "ø") as T;
  if (Array.isArray(value)) return value.map(withoutSurrogates) as T;
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withoutSurrogates(inner)])) as T;
}

/**
 * Why ours and @bufbuild/cel disagree on a case, when ours is right for a known reason; undefined when nothing explains it.
 */
export function knownFault(
  ours: Oracle,
  source: string,
  bindings: Readonly<Record<string, unknown>>,
): string | undefined {
  const actual = ours(source, bindings);
  const known = REPAIRS.find(({ oracle }) => oracle(source, bindings) === actual);
  if (known !== undefined) return `@bufbuild/cel: ${known.name}`;
  const [plainSource, plainBindings] = [withoutSurrogates(source), withoutSurrogates(bindings)];
  const plain = ours(plainSource, plainBindings);
  const isAboutSurrogates = [bufbuild, allRepaired].some((oracle) => oracle(plainSource, plainBindings) === plain);
  return isAboutSurrogates ? "@bufbuild/cel: positions in a text count UTF-16 units" : undefined;
}
