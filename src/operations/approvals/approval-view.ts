import type { Approval, ApprovalStatus } from "../../approvals/index.ts";
import { instantText } from "../../model/instant.ts";

/** An approval as people, agents and webhooks are shown it. Times are RFC 3339 in UTC. */
export interface ApprovalView {
  readonly id: string;
  readonly status: ApprovalStatus;
  readonly created_at: string;
  readonly expires_at: string;
  readonly action_type: string;
  readonly action_name: string;
  readonly session_id?: string;
  /** What is to be done, redacted: arguments, destination and context. */
  readonly request: unknown;
  readonly requester: {
    readonly name: string;
    readonly roles: readonly string[];
    readonly tenant?: string;
    readonly key_id: string;
    readonly key_holder: string;
  };
  readonly rule: { readonly id: string; readonly name: string; readonly reason: string };
  readonly policy_revision: string;
  readonly terms: {
    readonly approvers: readonly (readonly string[])[];
    readonly quorum: number;
    readonly on_timeout: "allow" | "deny";
    readonly timeout_seconds: number;
    readonly grant_ttl_seconds: number;
  };
  readonly votes: readonly { readonly voter: string; readonly at: string; readonly note?: string }[];
  readonly resolution?: { readonly at: string; readonly by?: string; readonly reason?: string };
  readonly grant?: { readonly expires_at: string; readonly consumed_at?: string };
}

/**
 * The one form in which an approval leaves the service.
 * SECURITY: without what looks like a secret, without `digest`, by which short arguments could be guessed, and without the
 * keys of those who answered.
 */
export function approvalView(approval: Approval): ApprovalView {
  const { shown, requester, terms, votes, resolution, grant } = approval;
  const { name, roles, tenant } = shown.identity;
  return {
    id: approval.id,
    status: approval.status,
    created_at: instantText(approval.createdAt),
    expires_at: instantText(approval.expiresAt),
    action_type: shown.actionType,
    action_name: shown.actionName,
    ...(shown.sessionId !== undefined && { session_id: shown.sessionId }),
    request: JSON.parse(approval.view),
    requester: {
      name,
      roles,
      ...(tenant !== undefined && { tenant }),
      key_id: requester.keyId,
      key_holder: shown.keyHolder,
    },
    rule: approval.rule,
    policy_revision: approval.policyRevision,
    terms: {
      approvers: terms.approvers,
      quorum: terms.quorum,
      on_timeout: terms.onTimeout,
      timeout_seconds: terms.timeoutMs / 1000,
      grant_ttl_seconds: terms.grantTtlMs / 1000,
    },
    votes: votes.map(({ voter, at, note }) => ({ voter, at: instantText(at), ...(note !== undefined && { note }) })),
    ...(resolution && { resolution: resolutionView(resolution) }),
    ...(grant && { grant: grantView(grant) }),
  };
}

const resolutionView = ({ at, by, reason }: NonNullable<Approval["resolution"]>) => ({
  at: instantText(at),
  ...(by !== undefined && { by: by.name }),
  ...(reason !== undefined && { reason }),
});

const grantView = ({ expiresAt, consumedAt }: NonNullable<Approval["grant"]>) => ({
  expires_at: instantText(expiresAt),
  ...(consumedAt !== undefined && { consumed_at: instantText(consumedAt) }),
});
