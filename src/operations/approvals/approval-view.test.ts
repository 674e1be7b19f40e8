import { describe, expect, test } from "vitest";
import { actor, newApproval, OPENED_AT, pendingApproval } from "../../../test/contract/approval-samples.ts";
import { idOf } from "../../../test/contract/samples.ts";
import { consumeGrant, denyApproval, openApproval, voteApproval } from "../../approvals/index.ts";
import { approvalView } from "./approval-view.ts";

const alice = actor("alice");

describe("an approval as it is shown", () => {
  test("has every part under the name that clients know, and no more", () => {
    expect(approvalView(pendingApproval(1, { terms: { approvers: [["role:oncall"]], quorum: 2 } }))).toStrictEqual({
      id: idOf(1),
      status: "pending",
      created_at: new Date(OPENED_AT).toISOString(),
      expires_at: new Date(OPENED_AT + 300_000).toISOString(),
      action_type: "tool_call",
      action_name: "stripe.refund",
      session_id: "run-1",
      request: { action_name: "stripe.refund", arguments: { amount: 120 } },
      requester: { name: "billing-agent", roles: ["agent"], tenant: "acme", key_id: idOf(900), key_holder: "gateway" },
      rule: newApproval(1).rule,
      policy_revision: newApproval(1).policyRevision,
      terms: {
        approvers: [["role:oncall"]],
        quorum: 2,
        on_timeout: "deny",
        timeout_seconds: 300,
        grant_ttl_seconds: 60,
      },
      votes: [],
    });
  });

  test("leaves out what is not there, rather than to say null", () => {
    const { shown, ...asked } = newApproval(1, { tenant: undefined });
    const { sessionId: _, ...rest } = shown;
    const view = approvalView(openApproval({ ...asked, shown: rest }, OPENED_AT));
    expect(view).not.toHaveProperty("session_id");
    expect(view.requester).not.toHaveProperty("tenant");
  });

  test("shows who answered and what they said, and not with which key", () => {
    const voted = voteApproval(pendingApproval(1), alice, "Checked.", OPENED_AT + 1000).approval;
    const denied = denyApproval(pendingApproval(1), alice, "Too much.", OPENED_AT + 1000).approval;
    const at = new Date(OPENED_AT + 1000).toISOString();
    expect(approvalView(voted)).toMatchObject({
      votes: [{ voter: "alice", at, note: "Checked." }],
      resolution: { at, by: "alice" },
      grant: { expires_at: new Date(OPENED_AT + 61_000).toISOString() },
    });
    expect(approvalView(denied).resolution).toStrictEqual({ at, by: "alice", reason: "Too much." });
    expect(JSON.stringify([approvalView(voted), approvalView(denied)])).not.toContain(alice.keyId);
  });

  test("shows when a grant was used, and never the digest that short arguments could be guessed by", () => {
    const voted = voteApproval(pendingApproval(1), alice, undefined, OPENED_AT).approval;
    const use = { digest: voted.digest, requestId: idOf(7), caller: actor("billing-agent") };
    const view = approvalView(consumeGrant(voted, use, OPENED_AT + 1000).approval);
    expect(view.grant).toMatchObject({ consumed_at: new Date(OPENED_AT + 1000).toISOString() });
    expect(JSON.stringify(view)).not.toContain(voted.digest);
  });
});
