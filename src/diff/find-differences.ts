import type { JsonObject } from "../model/activation.ts";
import type { Decision } from "../model/decision.ts";
import type { RuleSet } from "../rules/types.ts";
import { candidateOf } from "./candidate.ts";
import { compareRules } from "./compare-rules.ts";
import { minimise } from "./minimise.ts";
import { type ChangedRule, type Found, searchRule } from "./search-rule.ts";
import { createSearchState, type SearchState } from "./search-state.ts";
import type { DecisionDifference, DecisionSummary, RuleChange, SearchResult } from "./types.ts";

export interface SearchOptions {
  readonly before: RuleSet;
  readonly after: RuleSet;
  /** Requests to try, of all rules together. */
  readonly triesMax: number;
  /** Requests to begin with, such as those of fixtures; `now` in epoch milliseconds. */
  readonly known?: readonly { readonly request: JsonObject; readonly now: number }[];
}

/**
 * Looks for requests that two rule sets decide differently: one for each rule that is not the same in both. What is
 * found is certain, since both sets decided it; what is not found may be there all the same.
 *
 * Yields the tries so far between short steps; only the first step of a rule with very large conditions can take some hundred
 * milliseconds.
 */
export function* findDifferences({
  before,
  after,
  triesMax,
  known = [],
}: SearchOptions): Generator<number, SearchResult> {
  const requests = known.flatMap(({ request, now }) => candidateOf(request, now) ?? []);
  const state = createSearchState(before, after, { left: triesMax }, requests);
  const changes = compareRules(before, after).filter(canShow);
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

/** What else differs is said in an answer, or asked of a person, and decides nothing. */
const DECIDING: ReadonlySet<string> = new Set([
  "priority",
  "action.type",
  "action.name",
  "when",
  "decision",
  "obligations",
]);

function canShow(change: RuleChange): boolean {
  return change.kind === "changed" ? change.fields.some((field) => DECIDING.has(field)) : change.kind !== "moved";
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
