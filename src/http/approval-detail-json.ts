import type { Caller } from "../identity/index.ts";
import { approvalView } from "../operations/approvals/approval-view.ts";
import {
  type Approval,
  type ApprovalContext,
  getApprovalContext,
  isReader,
} from "../operations/approvals/read-approvals.ts";
import type { Service } from "../operations/service.ts";
import { approvalJson } from "./approval-json.ts";

/**
 * What makes the JSON of an approval as a caller is shown it: who asked the approval alone, an approver also what else there is
 * to know. For all approvers who are shown the same object it is looked up, and made, once.
 */
export function createApprovalDetails(service: Service): (caller: Caller, approval: Approval) => Promise<string> {
  const details = new WeakMap<Approval, Promise<string>>();

  async function makeDetail(caller: Caller, approval: Approval): Promise<string> {
    const context = await getApprovalContext(service, caller, approval);
    if (context === undefined) return approvalJson(approval);
    return JSON.stringify({ ...approvalView(approval), ...contextView(context) });
  }

  return async (caller, approval) => {
    if (!isReader(caller, approval)) return approvalJson(approval);
    const detail = details.get(approval) ?? makeDetail(caller, approval);
    details.set(approval, detail);
    return detail;
  };
}

function contextView({ session, history }: ApprovalContext) {
  return { ...(session !== undefined && sessionView(session)), history };
}

/** SECURITY: nothing found is null where not all was looked at: an empty list would say that there is nothing. */
function sessionView(session: NonNullable<ApprovalContext["session"]> | null) {
  if (session === null) return { session_decisions: null };
  const { decisions, isTruncated } = session;
  const session_decisions = decisions.map(({ id, time, request, decision }) => ({
    request_id: id,
    time,
    action_type: request.action_type,
    action_name: request.action_name,
    decision: decision.decision,
    reason: decision.reason,
    reason_code: decision.reason_code,
    rule_id: decision.rule_id,
  }));
  if (!isTruncated) return { session_decisions };
  return { session_decisions: decisions.length === 0 ? null : session_decisions, session_decisions_truncated: true };
}
