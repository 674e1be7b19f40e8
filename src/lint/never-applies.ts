import type { NecessaryCondition } from "../cel/types.ts";
import type { LintRule } from "./types.ts";

/** Paths that every request has. */
const ALWAYS_THERE: ReadonlySet<string> = new Set(["action_type", "action_name", "identity.name"]);

/**
 * What excludes itself in a rule: conditions on one path of which no value satisfies all.
 * @returns what to say, undefined when nothing is certain
 */
export function findContradiction({ rule }: LintRule): string | undefined {
  const bySlot = groupBySlot(rule.necessary);
  for (const conditions of bySlot.values()) {
    const { path } = conditions[0]!;
    if (conditions.length < 2 || canHold(conditions)) continue;
    const isFalse = ALWAYS_THERE.has(path) || conditions.some(({ absent }) => absent === "false");
    const effect =
      isFalse || rule.decision === "allow"
        ? "the rule never applies"
        : "the rule applies only where the path is absent, by an error";
    return `no \`${path}\` is both ${conditions.map(describe).join(" and ")}, so ${effect}`;
  }
  return undefined;
}

function groupBySlot(conditions: readonly NecessaryCondition[]): Map<number, NecessaryCondition[]> {
  const groups = new Map<number, NecessaryCondition[]>();
  for (const condition of conditions) groups.set(condition.slot, [...(groups.get(condition.slot) ?? []), condition]);
  return groups;
}

function canHold(conditions: readonly NecessaryCondition[]): boolean {
  const exact = conditions.filter((condition) => condition.op === "equals");
  if (exact.length > 0) return exact[0]!.values.some((value) => conditions.every((other) => admits(other, value)));
  const prefixes = conditions.filter(({ op }) => op === "prefix");
  const suffixes = conditions.filter(({ op }) => op === "suffix");
  return (
    isCompatible(prefixes, (a, b) => a.startsWith(b) || b.startsWith(a)) &&
    isCompatible(suffixes, (a, b) => a.endsWith(b) || b.endsWith(a))
  );
}

function admits({ op, values }: NecessaryCondition, value: string | number | boolean): boolean {
  if (op === "equals") return values.includes(value);
  if (op === "contains" || typeof value !== "string") return true;
  return values.some((affix) => (op === "prefix" ? value.startsWith(affix) : value.endsWith(affix)));
}

/** Whether any two of the conditions have a pair of texts that can stand in the same place. */
function isCompatible(conditions: readonly NecessaryCondition[], fits: (a: string, b: string) => boolean): boolean {
  return conditions.every((condition) =>
    conditions.every((other) => condition.values.some((a) => other.values.some((b) => fits(String(a), String(b))))),
  );
}

function describe({ op, values }: NecessaryCondition): string {
  const [first, ...others] = values.map((value) => JSON.stringify(value));
  const list =
    others.length === 0 ? first : others.length > 2 ? "one of a list" : `one of ${[first, ...others].join(", ")}`;
  if (op === "prefix") return `something that begins with ${list}`;
  return op === "suffix" ? `something that ends with ${list}` : `${list}`;
}
