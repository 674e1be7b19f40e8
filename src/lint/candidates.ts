import type { Term } from "./terms.ts";
import type { LintRule } from "./types.ts";

/** Rules by the action names that they are about, so that looking for one that covers another does not try all. */
export class CandidateTable {
  readonly #byName = new Map<string, LintRule[]>();
  /** Rules with wildcards in their names, or with none. */
  readonly #others: LintRule[] = [];

  constructor(rules: readonly LintRule[]) {
    for (const entry of rules) {
      const names = entry.rule.actionNames;
      if (names === undefined || names.some((name) => /[*?]/.test(name))) this.#others.push(entry);
      else for (const name of names) this.#add(name, entry);
    }
  }

  #add(name: string, entry: LintRule): void {
    const list = this.#byName.get(name);
    if (list === undefined) this.#byName.set(name, [entry]);
    else list.push(entry);
  }

  /** Every rule whose globs may cover one of the names; a pattern is covered by those with wildcards alone. */
  *of(names: readonly string[]): Generator<LintRule> {
    yield* this.#others;
    for (const name of names) yield* this.#byName.get(name) ?? [];
  }
}

/** How often two rules are compared before a search gives up in silence: a second or so, for thousands of rules. */
export const COMPARISONS_MAX = 1_000_000;

/** The names that an action must have for all terms to hold, as far as they are listed. */
export function namesIn(terms: readonly Term[]): string[] {
  return terms.flatMap(({ test }) => {
    if (test?.place !== "action_name") return [];
    const { constraint } = test;
    return constraint.kind === "values" ? [...constraint.values].map(String) : [];
  });
}
