import type { Activation } from "../../src/model/activation.ts";
import type { Effect } from "../../src/model/decision.ts";
import type { RuleSet } from "../../src/rules/types.ts";

/** What must agree between `decide` and this reading of the rules' semantics. */
export interface Outcome {
  readonly decision: Effect;
  readonly reason_code: "rule_matched" | "rule_error" | "no_matching_rule";
  readonly rule_id: string | undefined;
  readonly rules: readonly string[];
  readonly errors: readonly string[];
}

/** The combining and error semantics, slow and obvious: every rule, no index, one filter after the other. */
export function referenceDecide(ruleSet: RuleSet, activation: Activation): Outcome {
  const { frame } = ruleSet.select(activation);
  const outcomes = ruleSet.rules.map((rule) => ({ rule, outcome: rule.matches(frame) }));
  const errors = outcomes.filter(({ outcome }) => typeof outcome !== "boolean").map(({ rule }) => rule.id);

  const applying = outcomes.filter(
    ({ rule, outcome }) => outcome === true || (typeof outcome !== "boolean" && rule.decision !== "allow"),
  );
  if (applying.length === 0) {
    return { decision: "deny", reason_code: "no_matching_rule", rule_id: undefined, rules: [], errors: errors.sort() };
  }
  const highest = Math.max(...applying.map(({ rule }) => rule.priority));
  const top = applying.filter(({ rule }) => rule.priority === highest);
  const decision =
    (["deny", "approval_required", "allow"] as const).find((effect) =>
      top.some(({ rule }) => rule.decision === effect),
    ) ?? "deny";
  const determining = top.filter(({ rule }) => rule.decision === decision);
  const matched = determining.filter(({ outcome }) => outcome === true).map(({ rule }) => rule.id);
  const all = determining.map(({ rule }) => rule.id).sort();
  return {
    decision,
    reason_code: matched.length > 0 ? "rule_matched" : "rule_error",
    rule_id: matched.length > 0 ? matched.sort()[0] : all[0],
    rules: all,
    errors: errors.sort(),
  };
}
