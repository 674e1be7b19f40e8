import { z } from "zod";
import { EFFECTS, REASON_CODES } from "../model/decision.ts";
import type { ApprovalView } from "../operations/approvals/approval-view.ts";
import { APPROVAL_STATUSES } from "../operations/approvals/read-approvals.ts";
import { SAID_CHARACTERS_MAX, said } from "./approval-said.ts";

const instant = (description: string) => z.iso.datetime().meta({ description: `${description} (RFC 3339).` });
const word = (description: string) => z.string().meta({ description });

const requesterSchema = z
  .object({
    name: word("The identity that wants to act."),
    roles: z.array(z.string()).meta({ description: "Its roles." }),
    tenant: word("Its tenant.").optional(),
    key_id: word("The API key that it asked with."),
    key_holder: word("Whose key that is: another one's where the key speaks for others (`evaluate:as`)."),
  })
  .meta({ id: "ApprovalRequester", description: "Who asks." });

const ruleSchema = z
  .object({
    id: word("The rule that decided."),
    name: word("Its name."),
    reason: word("Why it wants a person."),
  })
  .meta({ id: "ApprovalRule", description: "The rule that asks for the approval, as it was then." });

const termsSchema = z
  .object({
    approvers: z.array(z.array(z.string())).meta({
      description:
        "Who may answer: `role:<name>` or `user:<name>`, one of each list. Empty: anybody with the scopes of an approver.",
    }),
    quorum: z.int().meta({ description: "How many persons have to approve." }),
    on_timeout: z.enum(["allow", "deny"]).meta({ description: "What becomes of it when nobody answers." }),
    timeout_seconds: z.number().meta({ description: "How long people have to answer." }),
    grant_ttl_seconds: z.number().meta({ description: "How long the agent has, once approved." }),
  })
  .meta({ id: "ApprovalTerms", description: "How it is answered." });

const voteSchema = z
  .object({
    voter: word("Who approves."),
    at: instant("When"),
    note: word("What they said.").optional(),
  })
  .meta({ id: "ApprovalVote", description: "One person's yes." });

const resolutionSchema = z
  .object({
    at: instant("When"),
    by: word("Who gave the last vote, denied or cancelled; absent where the time ran out.").optional(),
    reason: word("Why it was denied or cancelled.").optional(),
  })
  .meta({ id: "ApprovalResolution", description: "How it ended; absent while it is pending." });

const grantSchema = z
  .object({
    expires_at: instant("Until when the action may be taken"),
    consumed_at: instant("When it was; it may be taken once").optional(),
  })
  .meta({ id: "ApprovalGrant", description: "There when the action may, or might, be taken." });

const approvalShape = {
  id: z.uuid().meta({ description: "UUIDv7; what evaluate takes as `approval_id`." }),
  status: z.enum(APPROVAL_STATUSES).meta({ description: "It leaves `pending` once, for good." }),
  created_at: instant("When it was asked for"),
  expires_at: instant("Until when people can answer"),
  action_type: word("The action's type."),
  action_name: word("The action's name."),
  session_id: word("The agent's session, where it named one.").optional(),
  request: z.unknown().meta({
    description: "What is to be done: `arguments`, `destination` and `context`, without what looks like a secret.",
  }),
  requester: requesterSchema,
  rule: ruleSchema,
  policy_revision: word("Digest of the rule set that the rule is from."),
  terms: termsSchema,
  votes: z.array(voteSchema).meta({ description: "In the order in which they were given." }),
  resolution: resolutionSchema.optional(),
  grant: grantSchema.optional(),
};

export const approvalSchema = z
  .object(approvalShape)
  .meta({ id: "Approval", description: "A question to people whether one exact action may be taken, and its answer." });

const sessionDecisionSchema = z
  .object({
    request_id: z.uuid().meta({ description: "Its request id." }),
    time: instant("When"),
    action_type: word("The action's type."),
    action_name: word("The action's name."),
    decision: z.enum(EFFECTS).meta({ description: "What was answered." }),
    reason: word("Why."),
    reason_code: z.enum(REASON_CODES).meta({ description: "Why, from a closed list." }),
    rule_id: word("The rule that decided.").optional(),
  })
  .meta({ id: "SessionDecision", description: "An earlier decision of the session." });

const historySchema = z
  .object({
    pending: z.int().meta({ description: "Not answered yet." }),
    approved: z.int().meta({ description: "Approved." }),
    denied: z.int().meta({ description: "Denied." }),
    expired: z.int().meta({ description: "Not answered in time." }),
    cancelled: z.int().meta({ description: "Taken back." }),
  })
  .meta({ id: "ApprovalHistory", description: "How many there are, by how they ended." });

export const approvalDetailSchema = z
  .object({
    ...approvalShape,
    session_decisions: z
      .array(sessionDecisionSchema)
      .nullable()
      .optional()
      .meta({
        description:
          "The last 10 decisions about the same identity in the same session but for those about this very question, newest " +
          "first; null when they could not be read, or none was found before the search ended. With the scope " +
          "`approvals:read`, and where there is a session.",
      }),
    session_decisions_truncated: z.literal(true).optional().meta({
      description: "The search ended after 1,000 decisions, and there may be others. Absent otherwise.",
    }),
    history: historySchema
      .nullable()
      .optional()
      .meta({
        description:
          "All other approvals of the same identity for the same action; null when they could not be read. With the scope " +
          "`approvals:read`.",
      }),
  })
  .meta({ id: "ApprovalDetail", description: "An approval with what an approver needs to judge it." });

export const approvalListSchema = z
  .object({
    items: z.array(approvalSchema).meta({ description: "Newest first." }),
    next_cursor: z.string().nullable().meta({ description: "For the next page; null on the last one." }),
  })
  .meta({ id: "ApprovalList", description: "A page of approvals." });

export const approveSchema = z
  .strictObject({
    note: said.optional().meta({
      description: `For all who see the approval, the agent too; up to ${SAID_CHARACTERS_MAX} characters.`,
      examples: ["Checked with the customer."],
    }),
  })
  .meta({ id: "ApproveRequest", description: "A yes." });

export const denySchema = z
  .strictObject({
    reason: said.meta({
      description: `Handed to the agent, which may act on it; up to ${SAID_CHARACTERS_MAX} characters.`,
      examples: ["The refund was paid already; tell the customer."],
    }),
  })
  .meta({ id: "DenyRequest", description: "A no." });

export const cancelSchema = z
  .strictObject({
    reason: said.optional().meta({
      description: `Why it is not needed any more; up to ${SAID_CHARACTERS_MAX} characters.`,
      examples: ["The user changed their mind."],
    }),
  })
  .meta({ id: "CancelRequest", description: "The question is taken back." });

export const PENDING = {
  id: "01890b6e-7c00-7000-8000-000000000001",
  status: "pending",
  created_at: "2026-01-31T09:00:00.000Z",
  expires_at: "2026-01-31T09:05:00.000Z",
  action_type: "tool_call",
  action_name: "stripe.refund",
  session_id: "run-42",
  request: {
    action_type: "tool_call",
    action_name: "stripe.refund",
    arguments: { charge: "ch_1", amount: 120 },
    destination: { url: "https://api.stripe.com/v1/refunds" },
  },
  requester: {
    name: "support-agent",
    roles: ["support"],
    key_id: "01890b6e-7c00-7000-8000-000000000002",
    key_holder: "support-agent",
  },
  rule: {
    id: "payments/refund-over-cap",
    name: "Refunds over the cap",
    reason: "Refunds above $50 need a person.",
  },
  policy_revision: `sha256:${"0".repeat(64)}`,
  terms: { approvers: [["role:oncall"]], quorum: 1, on_timeout: "deny", timeout_seconds: 300, grant_ttl_seconds: 300 },
  votes: [],
} as const satisfies ApprovalView;

const AT = "2026-01-31T09:01:00.000Z";

export const APPROVED = {
  ...PENDING,
  status: "approved",
  votes: [{ voter: "alice", at: AT, note: "Checked with the customer." }],
  resolution: { at: AT, by: "alice" },
  grant: { expires_at: "2026-01-31T09:06:00.000Z" },
} as const satisfies ApprovalView;

export const DENIED = {
  ...PENDING,
  status: "denied",
  resolution: { at: AT, by: "alice", reason: "The refund was paid already; tell the customer." },
} as const satisfies ApprovalView;

export const CANCELLED = {
  ...PENDING,
  status: "cancelled",
  resolution: { at: AT, by: "support-agent", reason: "The user changed their mind." },
} as const satisfies ApprovalView;

export const DETAIL = {
  ...PENDING,
  session_decisions: [
    {
      request_id: "01890b6e-7b00-7000-8000-000000000000",
      time: "2026-01-31T08:59:59.000Z",
      action_type: "tool_call",
      action_name: "crm.get",
      decision: "allow",
      reason: "Reading is allowed.",
      reason_code: "rule_matched",
      rule_id: "crm/read",
    },
  ],
  history: { pending: 0, approved: 7, denied: 1, expired: 0, cancelled: 0 },
} as const;
