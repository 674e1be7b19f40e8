import { canonicalJson } from "../model/canonical-json.ts";
import { CandidateTable } from "./candidates.ts";
import { impliesTerms } from "./implication.ts";
import { conditionTerms, globTerms, type Term } from "./terms.ts";
import type { LintRule } from "./types.ts";

/** How many neighbours a message names. */
const NAMED_MAX = 3;

/**
 * Allow rules that cover all that another allow rule of the same priority is careful about: the limits of that one have no
 * effect. A neighbour with a duty of its own is left out, since the duties of both apply together.
 * @returns what to say, by rule
 */
export function findBroadAllows(rules: readonly LintRule[]): Map<LintRule, string> {
  const allows = rules.filter(({ rule }) => rule.decision === "allow");
  const terms = new Map(allows.map((entry) => [entry, termsOf(entry)]));
  const table = new CandidateTable(terms);
  const neighbours = new Map<LintRule, LintRule[]>();
  for (const [narrow, given] of terms) {
    const covers = new Set(
      table.following(
        given,
        (broad) => isNeighbour(broad, narrow),
        // A rule that covers it and is covered by it says the same.
        (wanted) => impliesTerms(given, wanted.terms, ALLOWS) && !impliesTerms(wanted.terms, given, ALLOWS),
      ),
    );
    for (const broad of covers) neighbours.set(broad, [...(neighbours.get(broad) ?? []), narrow]);
  }
  return new Map([...neighbours].map(([broad, narrow]) => [broad, messageFor(narrow)]));
}

/** An allow rule applies when its condition is true. */
const ALLOWS = { givenMayErr: false, mustBeTrue: false };

function termsOf({ rule, condition }: LintRule): Term[] {
  return [...globTerms(rule.actionTypes, rule.actionNames), ...conditionTerms(condition)];
}

function isNeighbour(broad: LintRule, narrow: LintRule): boolean {
  return broad !== narrow && broad.rule.priority === narrow.rule.priority && hasDutiesOf(broad, narrow);
}

function hasDutiesOf(broad: LintRule, narrow: LintRule): boolean {
  const duties = new Set(broad.rule.obligations.map((duty) => canonicalJson(duty)));
  return narrow.rule.obligations.every((duty) => duties.has(canonicalJson(duty)));
}

function messageFor(narrow: readonly LintRule[]): string {
  const ids = narrow.map(({ rule }) => `\`${rule.id}\``);
  const shown = ids.slice(0, NAMED_MAX).join(", ");
  const names = ids.length > NAMED_MAX ? `${shown} and ${ids.length - NAMED_MAX} more` : shown;
  return `this rule allows all that ${names} ${ids.length === 1 ? "allows" : "allow"}, so what is asked for there has no effect; narrow this one, or remove the other`;
}
