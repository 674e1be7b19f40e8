import { EFFECTS } from "../model/decision.ts";
import { CandidateTable, COMPARISONS_MAX, namesIn } from "./candidates.ts";
import { impliesTerms } from "./implication.ts";
import { type ActionGlobs, actionsOf, conditionTerms, globTerms, type Term } from "./terms.ts";
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
  readonly #table: CandidateTable;
  readonly #terms = new Map<LintRule, { readonly globs: readonly Term[]; readonly condition: readonly Term[] }>();
  #comparisons = 0;

  constructor(rules: readonly LintRule[]) {
    this.#table = new CandidateTable(rules);
    for (const entry of rules) {
      const { actionTypes, actionNames } = entry.rule;
      this.#terms.set(entry, {
        globs: globTerms(actionTypes, actionNames),
        condition: conditionTerms(entry.condition),
      });
    }
  }

  /** The rules that together go before a rule wherever it applies. */
  coversOf(weak: LintRule): LintRule[] | undefined {
    const actions = actionsOf(weak);
    if (actions.length > ACTIONS_MAX) return undefined;
    const covers = new Set<LintRule>();
    for (const action of actions) {
      const cover = this.#coverOf(weak, action);
      if (cover === undefined) return undefined;
      covers.add(cover);
    }
    return [...covers];
  }

  #coverOf(weak: LintRule, { type, name }: ActionGlobs): LintRule | undefined {
    const given = [...globTerms(type === undefined ? undefined : [type], name === undefined ? undefined : [name])];
    given.push(...this.#terms.get(weak)!.condition);
    const givenMayErr = weak.rule.decision !== "allow";
    for (const strong of this.#table.of(namesIn(given))) {
      if (!goesFirst(strong, weak)) continue;
      this.#comparisons += 1;
      if (this.#comparisons > COMPARISONS_MAX) return undefined;
      const { globs, condition } = this.#terms.get(strong)!;
      const question = { givenMayErr, mustBeTrue: strong.rule.decision === "allow" };
      if (impliesTerms(given, globs, question) && impliesTerms(given, condition, question)) return strong;
    }
    return undefined;
  }
}

function goesFirst({ rule: a }: LintRule, { rule: b }: LintRule): boolean {
  return a.priority !== b.priority
    ? a.priority > b.priority
    : EFFECTS.indexOf(a.decision) < EFFECTS.indexOf(b.decision);
}
