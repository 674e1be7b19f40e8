import type { Decision } from "../model/decision.ts";
import type { Rule, RuleSet } from "../rules/types.ts";
import { type Candidate, toCandidate } from "./candidate.ts";
import type { Goal } from "./goals.ts";
import { satisfy, type Tries } from "./satisfy.ts";
import type { ChangedRule, Found } from "./search-rule.ts";
import { effectOf, type SearchState } from "./search-state.ts";

/**
 * Makes a change show that applies to a request and does not change its decision, step by step: a rule that outranks the
 * change, or says the same without it, must not match; or a rule that the change would override must.
 * @param goal what keeps the change applying
 */
export function* unmask(
  state: SearchState,
  rule: ChangedRule,
  goal: Goal,
  candidate: Candidate,
  share: Tries,
  depth = DEPTH_MAX,
): Generator<void, Found | undefined> {
  if (depth === 0) return undefined;
  let found: Found | undefined;
  for (const step of stepsOf(state, rule, candidate)) {
    for (const addition of state.goals(step.rule, step.isMatching).slice(0, GOALS_MAX)) {
      if (addition.every((atom) => goal.includes(atom))) continue;
      if (share.left <= 0 || state.tries.left <= 0) return found;
      yield;
      share.left -= 1;
      const together = [...goal, ...addition];
      const assignment = satisfy(together, state.tries);
      const next = assignment && toCandidate(assignment);
      if (next === undefined || !applies(state, rule, next)) continue;
      const verdicts = state.decideBoth(next);
      if (verdicts.difference === "decision") return { ...verdicts, candidate: next };
      if (verdicts.difference === "rules") found ??= { ...verdicts, candidate: next };
      const deeper = yield* unmask(state, rule, together, next, share, depth - 1);
      if (deeper?.difference === "decision") return deeper;
      found ??= deeper;
    }
  }
  return found;
}

const DEPTH_MAX = 4;
const GOALS_MAX = 12;
/** Rules that could be made to match, of each set. */
const BACKGROUNDS_MAX = 40;

interface Step {
  readonly rule: Rule;
  /** Whether it shall match from now on. */
  readonly isMatching: boolean;
}

function applies({ before, after }: SearchState, rule: ChangedRule, candidate: Candidate): boolean {
  return effectOf(before, rule.before, candidate) !== effectOf(after, rule.after, candidate);
}

function stepsOf({ before, after, decideBoth }: SearchState, { id }: ChangedRule, candidate: Candidate): Step[] {
  const verdicts = decideBoth(candidate);
  const hiding = [verdicts.before, verdicts.after].flatMap(({ rules }) => rules).filter((other) => other !== id);
  const masks = [...new Set(hiding)].map(
    (other): Step => ({ rule: after.rule(other) ?? before.rule(other)!, isMatching: false }),
  );
  return [...masks, ...backgrounds(after, id, verdicts.after), ...backgrounds(before, id, verdicts.before)];
}

/** Rules with another effect: without the change, the request would be for them to decide. */
function backgrounds(ruleSet: RuleSet, id: string, { decision }: Decision): Step[] {
  return ruleSet.rules
    .filter((rule) => rule.id !== id && rule.decision !== decision)
    .slice(0, BACKGROUNDS_MAX)
    .map((rule) => ({ rule, isMatching: true }));
}
