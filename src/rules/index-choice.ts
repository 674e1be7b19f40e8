import type { NecessaryCondition } from "../cel/index.ts";
import type { Entry } from "./rule-index.ts";

/** What is filed under one path. Keys of `equals` keep their type: the number 1 and the string "1" differ. */
export interface FiledPath {
  readonly equals: Map<unknown, Entry[]>;
  readonly prefix: Map<string, Entry[]>;
  readonly suffix: Map<string, Entry[]>;
  readonly contains: Map<unknown, Entry[]>;
  /** The entries of all four whose condition says nothing when the path has no value. */
  readonly unresolved: Entry[];
  readonly isAlwaysPresent: boolean;
}

export interface Choice {
  readonly unfiled: Entry[];
  readonly bySlot: ReadonlyMap<number, FiledPath>;
}

/** Every activation has these, so a condition on them always says something. */
const ALWAYS_PRESENT: ReadonlySet<string> = new Set([
  "action_type",
  "action_name",
  "identity.name",
  "identity.roles",
  "request.id",
]);

/** A path that can be absent must be this many rules rarer to be worth it. */
const ABSENCE_PENALTY = 4;

/**
 * Files each entry under the condition whose values the fewest other entries share.
 * @param usedSlots paths already known to say nothing
 */
export function chooseConditions(entries: readonly Entry[], usedSlots: ReadonlySet<number>): Choice {
  const usable = (condition: NecessaryCondition) => !usedSlots.has(condition.slot) && isSelective(condition);
  const counts = countValues(entries, usable);
  const unfiled: Entry[] = [];
  const bySlot = new Map<number, FiledPath>();
  for (const entry of entries) {
    let best: NecessaryCondition | undefined;
    let bestCost = Number.POSITIVE_INFINITY;
    for (const condition of entry.rule.necessary) {
      if (!usable(condition)) continue;
      const cost = costOf(condition, counts);
      if (cost >= bestCost) continue;
      best = condition;
      bestCost = cost;
    }
    if (best === undefined) unfiled.push(entry);
    else file(bySlot, best, entry);
  }
  return { unfiled, bySlot };
}

/** Every text begins and ends with the empty string: such a condition selects nothing. */
function isSelective({ op, values }: NecessaryCondition): boolean {
  return op === "equals" || op === "contains" || !values.includes("");
}

type Counts = Map<string, Map<unknown, number>>;

function countsOf(counts: Counts, condition: NecessaryCondition): Map<unknown, number> {
  const key = `${condition.op} ${condition.slot}`;
  let values = counts.get(key);
  if (values === undefined) {
    values = new Map();
    counts.set(key, values);
  }
  return values;
}

function countValues(entries: readonly Entry[], usable: (condition: NecessaryCondition) => boolean): Counts {
  const counts: Counts = new Map();
  for (const { rule } of entries)
    for (const condition of rule.necessary) {
      if (!usable(condition)) continue;
      const values = countsOf(counts, condition);
      for (const value of condition.values) values.set(value, (values.get(value) ?? 0) + 1);
    }
  return counts;
}

function costOf(condition: NecessaryCondition, counts: Counts): number {
  const values = countsOf(counts, condition);
  // Prefix, suffix and membership are a little less selective than equality, and cost a little more to look up.
  let cost = (condition.op === "equals" ? 0 : 1) + (ALWAYS_PRESENT.has(condition.path) ? 0 : ABSENCE_PENALTY);
  for (const value of condition.values) cost += values.get(value) ?? 0;
  return cost;
}

function file(bySlot: Map<number, FiledPath>, condition: NecessaryCondition, entry: Entry): void {
  const { slot, path, op, values, absent } = condition;
  let filed = bySlot.get(slot);
  if (filed === undefined) {
    filed = {
      equals: new Map(),
      prefix: new Map(),
      suffix: new Map(),
      contains: new Map(),
      unresolved: [],
      isAlwaysPresent: ALWAYS_PRESENT.has(path),
    };
    bySlot.set(slot, filed);
  }
  const table: Map<unknown, Entry[]> = filed[op];
  for (const value of new Set<unknown>(values)) {
    const list = table.get(value);
    if (list === undefined) table.set(value, [entry]);
    else list.push(entry);
  }
  if (absent === "unknown") filed.unresolved.push(entry);
}
