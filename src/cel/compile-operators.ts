import type { BinaryNode, BinaryOperator } from "./ast.ts";
import { type Compiled, type Context, foldConstant, type Run } from "./compiled.ts";
import { containsFact, equalsFact, type Fact, indexable, numberOf, type Place } from "./facts.ts";
import { guarded, programFacts, programPlace } from "./findings.ts";
import type { EvalFrame } from "./frame.ts";
import { type Binary, contains, equals, greater, greaterOrEqual, less, lessOrEqual, negate } from "./operations.ts";
import { CelUint, isCelError, LIMIT_EXCEEDED } from "./values.ts";

const equal: Binary = (frame, a, b) => {
  const outcome = equals(a, b, frame);
  return frame.fuel < 0 ? LIMIT_EXCEEDED : outcome;
};
const unequal: Binary = (frame, a, b) => {
  const outcome = !equals(a, b, frame);
  return frame.fuel < 0 ? LIMIT_EXCEEDED : outcome;
};

const RELATIONS: Partial<Record<BinaryOperator, Binary>> = {
  "==": equal,
  "!=": unequal,
  "<": less,
  "<=": lessOrEqual,
  ">": greater,
  ">=": greaterOrEqual,
  in: contains,
};

/** The same relation with its operands the other way round. */
const MIRRORED: Partial<Record<BinaryOperator, BinaryOperator>> = {
  "==": "==",
  "!=": "!=",
  "<": ">",
  "<=": ">=",
  ">": "<",
  ">=": "<=",
};

/** Where a compiled node reads from, for facts. */
export function placeOf(compiled: Compiled, context: Context): Place | undefined {
  const { slot, found } = compiled;
  if (slot === undefined) return found && programPlace(found);
  return context.environment.placeOf(slot);
}

export function compileBinary(node: BinaryNode, context: Context, scratch: EvalFrame): Compiled {
  const left = context.compile(node.left);
  const right = context.compile(node.right);
  const { operator } = node;
  const special = specialise(operator, left, right, context);
  if (special !== undefined) return foldConstant(special, [left, right], scratch);
  const apply = RELATIONS[operator] ?? context.environment.arithmetic[operator as "+"];
  const compiled: Compiled = guarded({
    run: applyBinary(apply, left.run, right.run),
    isLight: false,
    weight: left.weight + right.weight + 2,
    facts: operator === "in" ? programFacts(right.found, left.constant?.value) : [],
  });
  return foldConstant(compiled, [left, right], scratch);
}

function applyBinary(apply: Binary, left: Run, right: Run): Run {
  return (frame) => {
    const a = left(frame);
    if (isCelError(a)) return a;
    const b = right(frame);
    return isCelError(b) ? b : apply(frame, a, b);
  };
}

/** Shapes that rules are full of. */
function specialise(operator: BinaryOperator, left: Compiled, right: Compiled, context: Context): Compiled | undefined {
  if (operator === "in") return compileMembership(left, right, context);
  const mirrored = MIRRORED[operator];
  if (mirrored === undefined) return undefined;
  if (right.constant !== undefined) return compareWith(operator, left, right.constant.value, context);
  if (left.constant !== undefined) return compareWith(mirrored, right, left.constant.value, context);
  return undefined;
}

function compareWith(
  operator: BinaryOperator,
  operand: Compiled,
  value: unknown,
  context: Context,
): Compiled | undefined {
  const run =
    operator === "==" || operator === "!="
      ? equalityRun(operator, operand.run, value)
      : orderRun(operator, operand.run, value);
  if (run === undefined) return undefined;
  const { isLight, weight } = operand;
  return { run, isLight, weight: weight + 1, facts: operator === "==" ? equalityFacts(operand, value, context) : [] };
}

function equalityFacts(operand: Compiled, value: unknown, context: Context): Fact[] {
  const place = placeOf(operand, context);
  const key = indexable(value);
  return place === undefined || key === undefined ? [] : [equalsFact(place, [key])];
}

/** Equality with a constant that has no parts, so that comparing takes no fuel. */
function equalityRun(operator: "==" | "!=", operand: Run, value: unknown): Run | undefined {
  const whenEqual = operator === "==";
  if (typeof value === "string" || typeof value === "boolean" || value === null) {
    return (frame) => {
      const other = operand(frame);
      if (other === value) return whenEqual;
      return isCelError(other) ? other : !whenEqual;
    };
  }
  const number = numberOf(value);
  if (number === undefined) return undefined;
  return (frame) => {
    const other = operand(frame);
    if (typeof other === "number") return (other === number) === whenEqual;
    if (isCelError(other)) return other;
    return equals(other, value, frame) === whenEqual;
  };
}

function orderRun(operator: BinaryOperator, operand: Run, value: unknown): Run | undefined {
  const number = numberOf(value);
  if (number === undefined) return undefined;
  const apply = RELATIONS[operator]!;
  const slow = (frame: EvalFrame, other: unknown): unknown => (isCelError(other) ? other : apply(frame, other, value));
  switch (operator) {
    case "<":
      return (frame) => {
        const other = operand(frame);
        return typeof other === "number" ? other < number : slow(frame, other);
      };
    case "<=":
      return (frame) => {
        const other = operand(frame);
        return typeof other === "number" ? other <= number : slow(frame, other);
      };
    case ">":
      return (frame) => {
        const other = operand(frame);
        return typeof other === "number" ? other > number : slow(frame, other);
      };
    default:
      return (frame) => {
        const other = operand(frame);
        return typeof other === "number" ? other >= number : slow(frame, other);
      };
  }
}

function compileMembership(left: Compiled, right: Compiled, context: Context): Compiled | undefined {
  const weight = left.weight + right.weight + 2;
  if (Array.isArray(right.constant?.value)) return inConstantList(left, right.constant.value, weight, context);
  const place = placeOf(right, context);
  const text = left.constant?.value;
  if (place === undefined || typeof text !== "string" || !takeFreeMembership(place, context)) return undefined;
  const { run: container } = right;
  // INVARIANT: unpaid, because the index relies on it; see `Fact`.
  const run = (frame: EvalFrame): unknown => {
    const list = container(frame);
    if (Array.isArray(list)) return list.includes(text);
    return isCelError(list) ? list : contains(frame, text, list);
  };
  return { run, isLight: true, weight, facts: [containsFact(place, text)] };
}

/** The roles of an identity are few; other lists can be long, so only some tests of them are free. */
function takeFreeMembership(place: Place, context: Context): boolean {
  if (place.keys[0] === "identity" && place.keys[1] === "roles") return true;
  context.freeMemberships -= 1;
  return context.freeMemberships >= 0;
}

/** `x in ["a", "b"]`: a lookup where all members are texts or bools, and numbers that a double can hold. */
function inConstantList(
  left: Compiled,
  list: readonly unknown[],
  weight: number,
  context: Context,
): Compiled | undefined {
  const keys = list.map(indexable);
  if (!keys.every((key) => key !== undefined)) return undefined;
  const members = new Set<unknown>(keys);
  const { run: operand } = left;
  const run = (frame: EvalFrame): unknown => {
    const value = operand(frame);
    if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") return members.has(value);
    if (typeof value === "bigint" || value instanceof CelUint) return contains(frame, value, list);
    return isCelError(value) ? value : false;
  };
  const place = placeOf(left, context);
  // An int or uint operand walks the list, which is paid for; a path never holds one.
  return { run, isLight: place !== undefined, weight, facts: place === undefined ? [] : [equalsFact(place, keys)] };
}

export function compileNegate(operand: Compiled, scratch: EvalFrame): Compiled {
  const { run: inner, isLight, weight } = operand;
  const run = (frame: EvalFrame): unknown => {
    const value = inner(frame);
    return typeof value === "number" ? -value : negate(value);
  };
  return foldConstant({ run, isLight, weight: weight + 1, facts: [] }, [operand], scratch);
}
