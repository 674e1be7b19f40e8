import type { Groups } from "./types.ts";

/** Counts per key in bounded memory. */
export interface Tally<Group> {
  /** @param make what stands for a key that is new */
  at(key: string, make: () => Group): Group | undefined;
  /** Highest counts first, then by key. */
  groups(max: number): Groups<Group>;
}

/**
 * INVARIANT: the counts of the groups that are kept are exact. Keys that come when `keysMax` are kept already get no group
 * (`at` gives undefined) and are counted together.
 */
export function createTally<Group extends { readonly count: number }>(keysMax: number): Tally<Group> {
  const groups = new Map<string, Group>();
  let turnedAway = 0;
  return {
    at(key, make) {
      const known = groups.get(key);
      if (known !== undefined) return known;
      if (groups.size >= keysMax) {
        turnedAway += 1;
        return undefined;
      }
      const made = make();
      groups.set(key, made);
      return made;
    },
    groups(max) {
      const sorted = [...groups].sort(([a, { count: m }], [b, { count: n }]) => n - m || (a < b ? -1 : 1));
      const rest = sorted.slice(max).reduce((sum, [, { count }]) => sum + count, turnedAway);
      return { groups: sorted.slice(0, max).map(([, group]) => group), others: rest };
    },
  };
}
