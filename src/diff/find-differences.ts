import type { Decision } from "../model/decision.ts";
import type { RuleSet } from "../rules/types.ts";
import { compareRules } from "./compare-rules.ts";
import { minimise } from "./minimise.ts";
import { type ChangedRule, type Found, searchRule } from "./search-rule.ts";
import { createSearchState, type SearchState } from "./search-state.ts";
import type { DecisionDifference, DecisionSummary, SearchResult } from "./types.ts";

/**
 * Looks for requests that two rule sets decide differently: one for each rule that is not the same in both. What is
 * found is certain, since both sets decided it; what is not found may be there all the same.
 *
 * Takes no time of its own choosing: it yields, with the tries so far, after a few milliseconds each time.
 * @param triesMax requests to try, of all rules together
 */
export function* findDifferences(before: RuleSet, after: RuleSet, triesMax: number): Generator<number, SearchResult> {
  const state = createSearchState(before, after, { left: triesMax });
  const changes = compareRules(before, after).filter(({ kind }) => kind !== "moved");
  const differences: DecisionDifference[] = [];
  const unshown: string[] = [];
  for (const [at, { id }] of changes.entries()) {
    const rule = { id, before: before.rule(id), after: after.rule(id) };
    const found = yield* searchWithin(state, rule, Math.ceil(state.tries.left / (changes.length - at)), triesMax);
    if (found === undefined) unshown.push(id);
    else differences.push(differenceOf(id, shortened(state, found)));
  }
  return { differences, unshown, tries: triesMax - Math.max(state.tries.left, 0) };
}

function* searchWithin(
  state: SearchState,
  rule: ChangedRule,
  share: number,
  triesMax: number,
): Generator<number, Found | undefined> {
  const search = searchRule(state, rule, { left: share });
  for (;;) {
    const { done, value } = search.next();
    if (done === true) return value;
    yield triesMax - state.tries.left;
  }
}

/** The same difference in as little as possible. */
function shortened(state: SearchState, found: Found): Found {
  const wanted = outcomesOf(found);
  const candidate = minimise(found.candidate, (smaller) => outcomesOf(state.decideBoth(smaller)) === wanted);
  return { ...state.decideBoth(candidate), candidate };
}

const outcomesOf = ({ before, after }: Pick<Found, "before" | "after">) =>
  JSON.stringify([summaryOf(before), summaryOf(after)]);

function differenceOf(id: string, { candidate, before, after, difference }: Found): DecisionDifference {
  return {
    rule_id: id,
    kind: difference === "decision" ? "decision" : "rules",
    request: candidate.request,
    now: candidate.now,
    before: summaryOf(before),
    after: summaryOf(after),
  };
}

const summaryOf = ({ decision, reason_code, rules }: Decision): DecisionSummary => ({ decision, reason_code, rules });
