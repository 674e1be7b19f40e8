import type { Obligation } from "./obligation.ts";

/** What an agent may do with an action. Order is precedence at equal priority: the first wins (deny overrides). */
export const EFFECTS = ["deny", "approval_required", "allow"] as const;
export type Effect = (typeof EFFECTS)[number];

/**
 * Why a decision came out as it did. A closed list: clients switch on it.
 * - `rule_matched`: a rule's condition was true.
 * - `rule_error`: a deny or approval rule whose condition could not be evaluated applied (fail closed).
 * - `no_matching_rule`: default deny.
 * - `approval_granted`: a person approved this very action, and the grant was used up for it.
 * - `approval_unknown`: there is no such approval.
 * - `approval_pending`, `approval_denied`, `approval_cancelled`, `approval_expired`: the approval does not grant (yet).
 * - `approval_grant_expired`, `approval_consumed`: it granted once, and no more.
 * - `approval_other_action`, `approval_other_identity`, `approval_other_session`: it was given for something else.
 * - `approval_rule_changed`: the rules ask for something else by now, or ask no more.
 * - `approval_own_vote`: who asks with it voted for it.
 * - `approval_vote_revoked`: a key that voted for it was revoked since.
 * - `approval_queue_full`: too many actions of this identity wait for people already.
 * - `approvals_unavailable`: the store of approvals did not answer.
 * - `policy_not_ready`: no valid rule set is active.
 * - `audit_unavailable`: the decision could not be recorded, so it was turned into a deny.
 * - `internal_error`: a bug; logged whole, answered as a deny.
 */
export const REASON_CODES = [
  "rule_matched",
  "rule_error",
  "no_matching_rule",
  "approval_granted",
  "approval_unknown",
  "approval_pending",
  "approval_denied",
  "approval_cancelled",
  "approval_expired",
  "approval_grant_expired",
  "approval_consumed",
  "approval_other_action",
  "approval_other_identity",
  "approval_other_session",
  "approval_rule_changed",
  "approval_own_vote",
  "approval_vote_revoked",
  "approval_queue_full",
  "approvals_unavailable",
  "policy_not_ready",
  "audit_unavailable",
  "internal_error",
] as const;
export type ReasonCode = (typeof REASON_CODES)[number];

/** A rule whose condition could not be evaluated for this request. */
export interface RuleError {
  readonly rule_id: string;
  readonly message: string;
}

export const APPROVAL_STATUSES = ["pending", "approved", "denied", "expired", "cancelled"] as const;
export type ApprovalStatus = (typeof APPROVAL_STATUSES)[number];

/** The approval that a decision is about, as it was then. */
export interface ApprovalReference {
  /** UUIDv7. */
  readonly id: string;
  readonly status: ApprovalStatus;
  /** Until when people can answer; RFC 3339. */
  readonly expires_at: string;
  /** A path of this service. */
  readonly status_url: string;
}

/** What `decide` answers: pure data, no clock and no ids in it, so that it can be compared field by field. */
export interface Decision {
  readonly decision: Effect;
  /** A sentence that a model or a person can act on. */
  readonly reason: string;
  readonly reason_code: ReasonCode;
  /** The full id of the first determining rule in id order; absent when no rule decided. */
  readonly rule_id?: string;
  readonly rule_name?: string;
  /** Full ids of all rules that determined the outcome, sorted. */
  readonly rules: readonly string[];
  readonly obligations: readonly Obligation[];
  /** Candidate rules that could not be evaluated, sorted by rule id; at most `LIMITS.errorsMax`. */
  readonly errors: readonly RuleError[];
  /** How many more there were. */
  readonly errors_omitted?: number;
  /** `sha256:<hex>` of the rule set; the empty string when none is active. */
  readonly policy_revision: string;
  /** How long a client may reuse this decision for the same request, in seconds; 0 forbids it. */
  readonly cache_ttl_seconds: number;
  readonly help_text?: string;
  readonly help_url?: string;
  /** Never from `decide`: the rules know of no approval. */
  readonly approval?: ApprovalReference;
}
