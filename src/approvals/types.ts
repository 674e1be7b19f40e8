import { APPROVAL_STATUSES, type ApprovalStatus } from "../model/decision.ts";
import type { ApprovalTerms as RuleApprovalTerms } from "../rules/types.ts";

export { APPROVAL_STATUSES, type ApprovalStatus };

/** An identity as approvals know it: attributes say nothing about who somebody is. */
export interface ApprovalIdentity {
  readonly name: string;
  readonly roles: readonly string[];
  readonly tenant?: string;
}

/** Who acts on an approval, as proven by an API key. A `Caller` is one. */
export interface Actor {
  readonly keyId: string;
  readonly identity: ApprovalIdentity;
}

export interface Requester extends Actor {
  /** The name of the key's own identity, which is another one where the key speaks for others (`evaluate:as`). */
  readonly keyHolder: string;
  /** That identity's tenant. */
  readonly keyHolderTenant?: string;
}

/**
 * How an approval is answered: the terms of every rule that asks for it, combined (`combineTerms`). `approvers` has a list
 * for each rule that names some (`role:<name>` or `user:<name>`), and who resolves must be on each of them.
 */
export interface ApprovalTerms extends Omit<RuleApprovalTerms, "approvers"> {
  readonly approvers: readonly (readonly string[])[];
}

/** A request for approval, before the clock and the store have made an `Approval` of it. */
export interface NewApproval {
  /** UUIDv7. */
  readonly id: string;
  /** See `approvalDigest`. */
  readonly digest: string;
  readonly requester: Requester;
  readonly actionType: string;
  readonly actionName: string;
  readonly sessionId?: string;
  /** Tells the evaluation that opened it from others. Not the id of its record, which is made behind it. */
  readonly requestId: string;
  /** The rule that decided, as it was then. */
  readonly rule: { readonly id: string; readonly name: string; readonly reason: string };
  /** Of all rules that asked, as they were then: see `ruleDigest`. */
  readonly ruleDigest: string;
  readonly terms: ApprovalTerms;
  /** Of the rule set that the rule is from. */
  readonly policyRevision: string;
  /** JSON text of the request as an approver sees it. SECURITY: redacted before it gets here. */
  readonly view: string;
  /** What else people and the log are shown of it. SECURITY: redacted, unlike what is matched. */
  readonly shown: ShownQuestion;
}

export interface ShownQuestion {
  readonly actionType: string;
  readonly actionName: string;
  readonly sessionId?: string;
  readonly identity: ApprovalIdentity;
  readonly keyHolder: string;
}

/**
 * The question whether one exact action may be taken, and its answer. Plain JSON; times are epoch milliseconds.
 *
 * INVARIANT: `status` changes once, out of `pending`; then `resolution` is there and never changes. `grant` is there if and
 * only if the action may be taken (once, before `grant.expiresAt`): when approved, or expired with `onTimeout: allow`.
 */
export interface Approval extends NewApproval {
  readonly status: ApprovalStatus;
  readonly createdAt: number;
  /** From this instant on nobody can resolve it any more. */
  readonly expiresAt: number;
  /** In the order in which they were given; at most one of each person. */
  readonly votes: readonly Vote[];
  readonly resolution?: Resolution;
  readonly grant?: Grant;
  /** Steps that it took and that may not be told yet, in their order; absent when all are. */
  readonly untold?: readonly UntoldStep[];
}

/** What can happen to an approval. A vote that completes the quorum is two steps: `voted`, then `approved`. */
export type ApprovalStepKind = "opened" | "voted" | "approved" | "denied" | "cancelled" | "expired" | "consumed";

/** A step of an approval: each kind happens to it once, but for `voted`, which happens once for each person. */
export interface TakenStep {
  readonly kind: ApprovalStepKind;
  /** Whose step it was; absent where it was time. */
  readonly by?: { readonly name: string; readonly keyId: string };
}

/**
 * A step to be told: recorded, and announced to people outside. Kept in the approval itself, so that the step and the duty
 * to tell it are stored together, whatever happens to the process behind that.
 */
export interface UntoldStep extends TakenStep {
  /** Until then whoever took or claimed the step tells it; from then on anybody may claim it (`claimUntold`). */
  readonly claimableFrom: number;
  /** It is in the audit log, and people outside have yet to hear of it. */
  readonly isRecorded?: true;
}

/** A step that was told: recorded, and announced. */
export interface ToldPart extends TakenStep {
  /** It could not be announced. */
  readonly isOnlyRecorded?: true;
}

/** One person's yes. */
export interface Vote {
  readonly voter: string;
  readonly keyId: string;
  readonly at: number;
  readonly note?: string;
}

export interface Resolution {
  readonly at: number;
  /** Who gave the last vote, denied or cancelled; absent where the time ran out. */
  readonly by?: { readonly name: string; readonly keyId: string };
  /** Of a denial or cancellation; the agent is told it. */
  readonly reason?: string;
}

export interface Grant {
  /** From this instant on it is worth nothing. */
  readonly expiresAt: number;
  readonly consumedAt?: number;
  /** `requestId` of the evaluation that used it. */
  readonly consumedBy?: string;
}

/** Which requirement an actor does not meet. */
export type ResolveRefusal =
  /** Works for another tenant. An actor without a tenant works for all of them. */
  | "other_tenant"
  /** Is the identity that asks, or holds the key that was used to ask. */
  | "own_request"
  /** Uses the very key that was used to ask. */
  | "own_key"
  /** Neither has a role nor the name that the rule lists. */
  | "not_an_approver";
export type VoteRefusal = ResolveRefusal | "not_pending" | "already_voted";
export type DenyRefusal = ResolveRefusal | "not_pending";
export type CancelRefusal = "not_requester" | "not_pending";
export type ConsumeRefusal =
  /** Another action, identity or session than the one that was asked about. */
  | "other_action"
  /** Voted for it, and now comes to use it, for an identity that others had asked for. */
  | "own_vote"
  /** `status` says why: pending, denied, cancelled, or expired without `onTimeout: allow`. */
  | "not_granted"
  | "grant_consumed"
  | "grant_expired";

/** The approval as it is now, and whether this very step took it out of `pending`, if only because its time had run out. */
export interface Settled {
  readonly approval: Approval;
  readonly hasResolved: boolean;
}

/** What became of an attempt to change an approval. A refused one may still be the one that found its time run out. */
export type Step<Refusal extends string> =
  | (Settled & { readonly ok: true })
  | (Settled & { readonly ok: false; readonly refusal: Refusal });

/** What a grant is used for. */
export interface GrantUse {
  /** Of the action about to be taken. */
  readonly digest: string;
  /** Tells this evaluation from others, like that of `NewApproval`. */
  readonly requestId: string;
  /** Who holds the key that it is asked with; acts for itself or, with `evaluate:as`, for the requesting identity. */
  readonly caller: Actor;
}
