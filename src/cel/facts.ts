import { isAlwaysMap, typeAtPath, VOLATILE_INPUTS } from "./environment.ts";
import type { NecessaryCondition } from "./types.ts";

/**
 * A condition without which a node is exactly `false`, as `NecessaryCondition` describes it, while the expression is
 * still being put together. `present` says that the node is false when the path is absent; it never leaves this folder.
 *
 * INVARIANT: where a fact does not hold, evaluating its node answers `false` and spends no fuel on the way: otherwise
 * the index could skip a rule whose evaluation would have been an error.
 */
export type Fact = {
  readonly slot: number;
  /** The slot whose presence decides whether this one resolves: itself, or what it is derived from. */
  readonly baseSlot: number;
  readonly keys: readonly string[];
  readonly absent: "false" | "unknown";
} & (
  | { readonly op: "equals"; readonly values: readonly (string | number | boolean)[] }
  | { readonly op: "prefix" | "suffix" | "contains"; readonly values: readonly string[] }
  | { readonly op: "present" }
);

/** A constant as an index can look it up, undefined when it cannot: JSON knows no ints beyond 2^53. */
export function indexable(value: unknown): string | number | boolean | undefined {
  if (typeof value === "string" || typeof value === "boolean") return value;
  const number = numberOf(value);
  return number === undefined || Number.isNaN(number) ? undefined : number;
}

/** The double that is mathematically the same as a numeric constant, undefined when there is none. */
export function numberOf(value: unknown): number | undefined {
  if (typeof value === "number") return value;
  const integer = typeof value === "bigint" ? value : (value as { value?: unknown } | null)?.value;
  return typeof integer === "bigint" && BigInt(Number(integer)) === integer ? Number(integer) : undefined;
}

/** Where a condition is about: a slot, and for aliases what stands in when the path is absent. */
export interface Place {
  readonly slot: number;
  readonly baseSlot: number;
  readonly keys: readonly string[];
  readonly absentValue: unknown;
}

/** `path == value`, or `path in [values]`. */
export function equalsFact(place: Place, values: readonly (string | number | boolean)[]): Fact {
  const { slot, baseSlot, keys, absentValue } = place;
  const fails = absentValue !== undefined && !values.includes(absentValue as string);
  // What is derived from a text does not resolve where there is something else, and that is an error.
  const isCertain = slot === baseSlot || isAlways("string", keys);
  return { slot, baseSlot, keys, absent: fails && isCertain ? "false" : "unknown", op: "equals", values };
}

/** `path.startsWith(value)` or `path.endsWith(value)`; a value that is no string is an error, which `absent` covers. */
export function affixFact(place: Place, op: "prefix" | "suffix", value: string): Fact {
  const { slot, baseSlot, keys, absentValue } = place;
  const fails =
    typeof absentValue === "string" && !(op === "prefix" ? absentValue.startsWith(value) : absentValue.endsWith(value));
  return { slot, baseSlot, keys, absent: fails && isAlways("string", keys) ? "false" : "unknown", op, values: [value] };
}

/** `value in path` */
export function containsFact(place: Place, value: string): Fact {
  const { slot, baseSlot, keys } = place;
  return { slot, baseSlot, keys, absent: "unknown", op: "contains", values: [value] };
}

/** `has(path)`: false, and not an error, only where there is always a map to ask. */
export function presentFact(slot: number, keys: readonly string[]): Fact | undefined {
  return isAlwaysMap(keys.slice(0, -1)) ? { slot, baseSlot: slot, keys, absent: "false", op: "present" } : undefined;
}

function isAlways(kind: "string" | "list", keys: readonly string[]): boolean {
  return typeAtPath(keys)?.kind === kind;
}

/** Facts of a conjunction: those of its terms, absence settled where one of them is a test for presence. */
export function conjunctionFacts(terms: readonly (readonly Fact[])[]): Fact[] {
  const facts = terms.flat();
  const present = new Set(facts.filter((fact) => fact.op === "present").map((fact) => fact.slot));
  return facts.map((fact) => {
    if (fact.absent === "false" || !present.has(fact.baseSlot)) return fact;
    // For these, a value of another type is an error and counts as absent, so the type must be certain.
    const needsText = fact.op === "prefix" || fact.op === "suffix" || fact.slot !== fact.baseSlot;
    if (needsText && !isAlways("string", fact.keys)) return fact;
    if (fact.op === "contains" && !isAlways("list", fact.keys)) return fact;
    return { ...fact, absent: "false" };
  });
}

/** Facts of a disjunction: what all its terms say of one path in one way, with all their values. */
export function disjunctionFacts(terms: readonly (readonly Fact[])[]): Fact[] {
  const [first = [], ...others] = terms;
  const facts: Fact[] = [];
  for (const fact of first) {
    let merged: Fact | undefined = fact;
    for (const other of others) {
      const match = other.find((candidate) => candidate.slot === fact.slot && candidate.op === fact.op);
      merged = merged && match && either(merged, match);
    }
    if (merged !== undefined) facts.push(merged);
  }
  return facts;
}

function either(a: Fact, b: Fact): Fact {
  const absent = a.absent === "false" && b.absent === "false" ? "false" : "unknown";
  if (a.op === "present" || b.op === "present") return { ...a, absent };
  return { ...a, absent, values: [...new Set([...a.values, ...b.values])] } as Fact;
}

/**
 * What the index gets to see. Nothing about volatile inputs: a rule that is skipped because of the time or the session
 * would not be seen to make the decision one that must not be cached.
 */
export function necessaryConditions(facts: readonly Fact[], pathOf: (slot: number) => string): NecessaryCondition[] {
  return facts.flatMap((fact) => {
    const path = pathOf(fact.slot);
    if (fact.op === "present" || VOLATILE_INPUTS.has(path.split(".")[0] ?? "")) return [];
    const { slot, absent, op, values } = fact;
    return [{ slot, path, absent, op, values } as NecessaryCondition];
  });
}
