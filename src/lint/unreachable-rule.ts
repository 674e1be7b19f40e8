import { EFFECTS } from "../model/decision.ts";
import { CandidateTable } from "./candidates.ts";
import { impliesTerms } from "./implication.ts";
import { actionsOf, conditionTerms, globTerms, type Term } from "./terms.ts";
import type { LintRule } from "./types.ts";

/** Beyond this many pairs of type and name a rule is not looked at. */
const ACTIONS_MAX = 256;

/**
 * Rules that never decide: for each action that they name, another rule that goes first applies whenever they do. Only what
 * is certain: each term of the other rule follows from one of theirs, errors included.
 * @returns what to say, by rule
 */
export function findUnreachableRules(rules: readonly LintRule[]): Map<LintRule, string> {
  const search = new Search(rules);
  const found = new Map<LintRule, string>();
  for (const entry of rules) {
    const by = search.coversOf(entry);
    if (by === undefined) continue;
    const names = by.map(({ rule }) => `\`${rule.id}\``).join(", ");
    const [verb, go] = by.length === 1 ? ["applies", "goes"] : ["apply", "go"];
    found.set(
      entry,
      `this rule never decides: ${names} ${verb} whenever it does, and ${go} first ${whyFirst(by, entry)}`,
    );
  }
  return found;
}

function whyFirst(by: readonly LintRule[], { rule }: LintRule): string {
  const [first] = by;
  if (by.every((other) => other.rule.priority > rule.priority)) return "with a higher priority";
  return by.length === 1 ? `because ${first!.rule.decision} wins` : "by priority or decision";
}

class Search {
  readonly #table: CandidateTable<LintRule>;

  constructor(rules: readonly LintRule[]) {
    this.#table = new CandidateTable(
      rules.map((entry) => {
        const { actionTypes, actionNames } = entry.rule;
        return [entry, [...globTerms(actionTypes, actionNames), ...conditionTerms(entry.condition)]] as const;
      }),
    );
  }

  /** The rules that together go before a rule wherever it applies. */
  coversOf(weak: LintRule): LintRule[] | undefined {
    const actions = actionsOf(weak);
    if (actions.length > ACTIONS_MAX) return undefined;
    const condition = conditionTerms(weak.condition);
    const covers = new Set<LintRule>();
    for (const { type, name } of actions) {
      const globs = globTerms(type === undefined ? undefined : [type], name === undefined ? undefined : [name]);
      const cover = this.#coverOf(weak, [...globs, ...condition]);
      if (cover === undefined) return undefined;
      covers.add(cover);
    }
    return [...covers];
  }

  #coverOf(weak: LintRule, given: readonly Term[]): LintRule | undefined {
    const givenMayErr = weak.rule.decision !== "allow";
    const [cover] = this.#table.following(
      given,
      (strong) => goesFirst(strong, weak),
      ({ item, terms }) => impliesTerms(given, terms, { givenMayErr, mustBeTrue: item.rule.decision === "allow" }),
    );
    return cover;
  }
}

function goesFirst({ rule: a }: LintRule, { rule: b }: LintRule): boolean {
  return a.priority !== b.priority
    ? a.priority > b.priority
    : EFFECTS.indexOf(a.decision) < EFFECTS.indexOf(b.decision);
}
