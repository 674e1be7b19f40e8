import type { NecessaryCondition } from "../cel/index.ts";
import { everyFew } from "./steps.ts";
import type { Rule, Steps } from "./types.ts";

/** A rule in the index. */
export interface Entry {
  readonly rule: Rule;
  /** The conditions that may file it, best first. */
  readonly conditions: readonly NecessaryCondition[];
  /** The last selection that took it, so that none takes it twice. */
  stamp: number;
}

/** Every activation has these, so a condition on them always says something. */
export const ALWAYS_PRESENT: ReadonlySet<string> = new Set([
  "action_type",
  "action_name",
  "identity.name",
  "identity.roles",
  "request.id",
]);

/** A path that can be absent must be this many rules rarer to be worth it. */
const ABSENCE_PENALTY = 4;

/** Ranks each rule's conditions: the fewer other rules share a condition's values, the better it files the rule. */
export function* rankConditions(rules: readonly Rule[]): Steps<Entry[]> {
  const counts = new ValueCounts();
  yield* everyFew(rules, (rule) => {
    for (const condition of rule.necessary) counts.add(condition);
  });
  const entries: Entry[] = [];
  yield* everyFew(rules, (rule) => {
    entries.push({ rule, conditions: rank(rule.necessary, counts), stamp: 0 });
  });
  return entries;
}

function rank(conditions: readonly NecessaryCondition[], counts: ValueCounts): readonly NecessaryCondition[] {
  if (conditions.length < 2) return conditions;
  return conditions
    .map((condition) => ({ condition, cost: costOf(condition, counts) }))
    .sort((a, b) => a.cost - b.cost)
    .map(({ condition }) => condition);
}

function costOf(condition: NecessaryCondition, counts: ValueCounts): number {
  // Prefix, suffix and membership are a little less selective than equality, and cost a little more to look up.
  const base = (condition.op === "equals" ? 0 : 1) + (ALWAYS_PRESENT.has(condition.path) ? 0 : ABSENCE_PENALTY);
  return base + counts.most(condition);
}

/** How many rules have a value in a condition of one kind on one path. */
class ValueCounts {
  readonly #tables = { equals: [], prefix: [], suffix: [], contains: [] } as Record<
    NecessaryCondition["op"],
    (Map<unknown, number> | undefined)[]
  >;

  add({ op, slot, values }: NecessaryCondition): void {
    let table = this.#tables[op][slot];
    if (table === undefined) {
      table = new Map();
      this.#tables[op][slot] = table;
    }
    for (const value of values) table.set(value, (table.get(value) ?? 0) + 1);
  }

  /** A request has one value, or a few: what it pays is not the sum. */
  most({ op, slot, values }: NecessaryCondition): number {
    let most = 0;
    for (const value of values) most = Math.max(most, this.#tables[op][slot]?.get(value) ?? 0);
    return most;
  }
}
