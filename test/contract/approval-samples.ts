import type { Actor, Approval, NewApproval } from "../../src/approvals/index.ts";
import { openApproval } from "../../src/approvals/index.ts";
import { FIRST_TIME, idOf } from "./samples.ts";

/** When sample approvals are opened: they expire 5 minutes later, and a grant is good for one minute. */
export const OPENED_AT = FIRST_TIME;
export const TIMEOUT_MS = 300_000;
export const GRANT_TTL_MS = 60_000;
export const EXPIRES_AT = OPENED_AT + TIMEOUT_MS;

/** Text that databases and encodings are known to trip over. */
export const AWKWARD = "Ünïcode 💸 \u0000 \ud800 \"\\\n'";

export interface ApprovalParts extends Partial<Omit<NewApproval, "terms" | "requester">> {
  readonly identity?: string;
  readonly tenant?: string | undefined;
  readonly terms?: Partial<NewApproval["terms"]>;
}

/** The n-th approval: id and digest are made of `n`, everything else is the same in all. */
export function newApproval(n: number, parts: ApprovalParts = {}): NewApproval {
  const { identity: name = "billing-agent", tenant = "tenant" in parts ? undefined : "acme", terms, ...rest } = parts;
  const identity = { name, roles: ["agent"], ...(tenant === undefined ? {} : { tenant }) };
  const asked: Omit<NewApproval, "shown"> = {
    id: idOf(n),
    digest: digestOf(n),
    requester: {
      identity,
      keyId: idOf(900),
      keyHolder: "gateway",
    },
    actionType: "tool_call",
    actionName: "stripe.refund",
    sessionId: "run-1",
    requestId: idOf(1000 + n),
    rule: { id: "payments/refund-over-cap", name: "Refunds over the cap", reason: "Refunds above $50 need a person." },
    ruleDigest: digestOf(10_000),
    terms: { timeoutMs: TIMEOUT_MS, onTimeout: "deny", approvers: [], quorum: 1, grantTtlMs: GRANT_TTL_MS, ...terms },
    policyRevision: digestOf(0),
    view: '{"action_name":"stripe.refund","arguments":{"amount":120}}',
    ...rest,
  };
  const { actionType, actionName, sessionId, requester } = asked;
  return {
    ...asked,
    shown: {
      actionType,
      actionName,
      ...(sessionId && { sessionId }),
      identity: requester.identity,
      keyHolder: requester.keyHolder,
    },
  };
}

/** The n-th approval as it is when it was just opened. */
export const pendingApproval = (n: number, parts: ApprovalParts = {}): Approval =>
  openApproval(newApproval(n, parts), OPENED_AT);

export const digestOf = (n: number) => `sha256:${n.toString(16).padStart(64, "0")}`;

/** Somebody of the same tenant with a key of their own. */
export function actor(name: string, parts: { keyId?: string; roles?: readonly string[]; tenant?: string } = {}): Actor {
  const { keyId = `key-of-${name}`, roles = ["oncall"], tenant = "acme" } = parts;
  return { keyId, identity: { name, roles, tenant } };
}

/** The agent that asks, with the key that it asked with. */
export const REQUESTER = actor("billing-agent", { keyId: idOf(900), roles: ["agent"] });
