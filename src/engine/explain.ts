import type { Activation } from "../model/activation.ts";
import type { RULE_OUTCOMES } from "../model/response.ts";
import type { RuleSet } from "../rules/types.ts";

export interface RuleOutcome {
  rule_id: string;
  outcome: (typeof RULE_OUTCOMES)[number];
  message?: string | undefined;
}

/**
 * What every rule of the set gave for an activation, without the index: matched and erring rules first, then by id.
 * For people, not for the hot path: its cost grows with the rule set.
 */
export function explain(ruleSet: RuleSet, activation: Activation): { rules: RuleOutcome[]; candidates: number } {
  const { frame, candidates } = ruleSet.select(activation);
  const count = candidates.length;
  const outcomes = ruleSet.rules.map((rule): RuleOutcome => {
    const outcome = rule.matches(frame);
    if (typeof outcome === "boolean") return { rule_id: rule.id, outcome: outcome ? "matched" : "not_matched" };
    return { rule_id: rule.id, outcome: "error", message: outcome.message };
  });
  const quiet = (outcome: RuleOutcome) => outcome.outcome === "not_matched";
  return { rules: [...outcomes.filter((o) => !quiet(o)), ...outcomes.filter(quiet)], candidates: count };
}
