import { coversGlob, type Glob } from "../rules/glob.ts";

export type Constant = string | number | boolean;

/** What a term demands of the value at one place, apart from being there. */
export type Constraint =
  | { readonly kind: "values"; readonly values: ReadonlySet<Constant> }
  | { readonly kind: "not"; readonly values: ReadonlySet<Constant> }
  /** A text that one of the globs matches. */
  | { readonly kind: "globs"; readonly globs: readonly Glob[] }
  | { readonly kind: "bound"; readonly operator: "<" | "<=" | ">" | ">="; readonly value: number }
  /** A list or map that holds the constant. */
  | { readonly kind: "holds"; readonly value: Constant }
  | { readonly kind: "present" };

/**
 * Whether every value that satisfies the first constraint satisfies the second. May miss some such pairs, never the reverse.
 *
 * INVARIANT: where the first is an error, the second is an error or true, unless it is `present`. Tests of a text and of an
 * order are an error for other types, so that they say less than equality with a constant does.
 */
export function impliesConstraint(given: Constraint, wanted: Constraint): boolean {
  switch (wanted.kind) {
    case "present":
      return given.kind !== "not";
    case "holds":
      return given.kind === "holds" && given.value === wanted.value;
    case "values":
      return given.kind === "values" && everyOf(given.values, (value) => wanted.values.has(value));
    case "globs":
      return impliesGlobs(given, wanted.globs);
    case "bound":
      return impliesBound(given, wanted);
    case "not":
      return everyOf(wanted.values, (value) => excludes(given, value));
  }
}

function everyOf<T>(values: ReadonlySet<T>, test: (value: T) => boolean): boolean {
  return [...values].every(test);
}

function impliesGlobs(given: Constraint, globs: readonly Glob[]): boolean {
  const matches = (value: Constant) => typeof value === "string" && globs.some((glob) => glob.matches(value));
  if (given.kind === "values") return everyOf(given.values, matches);
  return given.kind === "globs" && given.globs.every((narrow) => globs.some((broad) => coversGlob(broad, narrow)));
}

function impliesBound(given: Constraint, wanted: Extract<Constraint, { kind: "bound" }>): boolean {
  if (given.kind === "values")
    return everyOf(given.values, (value) => typeof value === "number" && isWithin(value, wanted));
  if (given.kind !== "bound" || given.operator[0] !== wanted.operator[0]) return false;
  const isUpper = wanted.operator[0] === "<";
  const slack = isUpper ? wanted.value - given.value : given.value - wanted.value;
  return slack > 0 || (slack === 0 && (wanted.operator.length === 2 || given.operator.length === 1));
}

function isWithin(value: number, { operator, value: bound }: Extract<Constraint, { kind: "bound" }>): boolean {
  if (operator === "<") return value < bound;
  if (operator === "<=") return value <= bound;
  return operator === ">" ? value > bound : value >= bound;
}

/** Whether a value that satisfies a constraint, or for which it is an error, is never this constant. */
function excludes(given: Constraint, value: Constant): boolean {
  switch (given.kind) {
    case "values":
      return !given.values.has(value);
    case "not":
      return given.values.has(value);
    case "globs":
      return typeof value === "string" && !given.globs.some((glob) => glob.matches(value));
    case "bound":
      return typeof value === "number" && !isWithin(value, given);
    default:
      return false;
  }
}
