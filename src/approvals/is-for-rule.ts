import { canonicalJson } from "../model/canonical-json.ts";
import type { Approval, ApprovalTerms } from "./types.ts";

/**
 * Whether an approval answers what a rule asks for today: the same rule, under the same terms. What was approved under an
 * edited rule's old terms (fewer votes, other approvers) is no answer to the new ones.
 */
export function isForRule(
  approval: Approval,
  rule: { readonly id: string; readonly approval?: ApprovalTerms },
): boolean {
  return (
    rule.approval !== undefined &&
    approval.rule.id === rule.id &&
    canonicalJson(approval.terms) === canonicalJson(rule.approval)
  );
}
