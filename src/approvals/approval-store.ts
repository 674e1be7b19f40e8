import type {
  Actor,
  Approval,
  ApprovalStatus,
  CancelRefusal,
  ConsumeRefusal,
  DenyRefusal,
  GrantUse,
  NewApproval,
  Settled,
  Step,
  ToldPart,
  UntoldStep,
  VoteRefusal,
} from "./types.ts";

/** Filters combine with AND. */
export interface ApprovalQuery {
  readonly status?: ApprovalStatus;
  /** Name of the identity that asks. */
  readonly identity?: string;
  /** Of the identity that asks. */
  readonly tenant?: string;
  readonly ruleId?: string;
  /** Only approvals with a smaller id than this one: the last id of the page before. */
  readonly before?: string;
  readonly limit: number;
}

/** `expired`: approvals whose time had run out and that this very call took out of `pending`, ascending by `expiresAt`, then id. */
export interface Expiries {
  readonly expired: readonly Approval[];
}

export interface ApprovalPage extends Expiries {
  readonly approvals: readonly Approval[];
}

export type Opened = Expiries &
  (
    | { readonly outcome: "opened"; readonly approval: Approval }
    /** The same action is pending already: this is its approval, with the terms that it was opened with. */
    | { readonly outcome: "existing"; readonly approval: Approval }
    /** `pending`: how many places are taken, those of cancelled ones included. */
    | { readonly outcome: "queue_full"; readonly pending: number }
  );

/** A step of an approval that was told. */
export interface ToldStep extends ToldPart {
  readonly id: Approval["id"];
}

/** An approval, and those of its steps that the caller has to tell now. */
export interface ClaimedSteps {
  readonly approval: Approval;
  readonly claimed: readonly UntoldStep[];
}

/** How many there are by status. */
export type ApprovalCounts = Readonly<Record<ApprovalStatus, number>>;

/**
 * Where approvals are kept. Each method does what the function of the state machine does that it names, atomically: over
 * all processes, an approval leaves `pending` once and its grant is consumed once.
 * - `now` is epoch milliseconds, and every method first applies expiry to what it looks at (`expireApproval`): what was
 *   shown as resolved is stored as such, so a slower clock elsewhere cannot change it any more.
 * - Each approval that leaves `pending` is told to exactly one call: by `hasResolved`, or in `expired`. Who is told it
 *   records and announces it.
 * - `open` (`openApproval`) gives the approval that is pending for the same digest, and of any number of calls at once
 *   exactly one opens it. It opens none while `pendingMax` or more of the requester's name and tenant together take a place
 *   (`placeUntil`); an existing one is given all the same. It looks at all that are pending for these two, and equal
 *   digests have the same. An id that exists is a `conflict` AppError.
 * - `get`, `vote` (`voteApproval`), `deny` (`denyApproval`), `cancel` (`cancelApproval`) and `consume` (`consumeGrant`)
 *   give undefined for an unknown id.
 * - `list` is newest first (descending id); an empty page means no match. It looks at all approvals.
 * - `expireDue` takes at most `limit` approvals, those first that have been due for longest.
 * - `countOthers` counts all other approvals of the same requester's name and tenant for the same action type and name;
 *   those that are due count as expired, and are left to others to expire.
 * - `forget` removes at most `limit` approvals that were resolved before `resolvedBefore` (epoch milliseconds) and whose
 *   grant, if any, has expired by then (`forgettableFrom`), those first that could have been for longest, and gives how many.
 *   A pending one stays, however late it is.
 * - Each step is stored with the duty to tell it (`Approval.untold`). `markTold` ends the duty, or that
 *   part of it that was done, and passes over steps that are told or of unknown approvals. `claimUntold` takes at most `limit` approvals over from whoever should have told by now,
 *   those first that have been claimable for longest; of any number of calls at once one gets each step.
 * - Texts are compared byte by byte, and a missing tenant is no tenant's name.
 * - What a method confirmed survives the process, unless the adapter says otherwise.
 * @throws UnavailableError `storage_unavailable` from every method when the store does not answer; a change may have been
 * made then or not
 */
export interface ApprovalStore {
  open(approval: NewApproval, now: number, limits: { readonly pendingMax: number }): Promise<Opened>;
  get(id: string, now: number): Promise<Settled | undefined>;
  list(query: ApprovalQuery, now: number): Promise<ApprovalPage>;
  vote(id: string, actor: Actor, note: string | undefined, now: number): Promise<Step<VoteRefusal> | undefined>;
  deny(id: string, actor: Actor, reason: string | undefined, now: number): Promise<Step<DenyRefusal> | undefined>;
  cancel(id: string, actor: Actor, reason: string | undefined, now: number): Promise<Step<CancelRefusal> | undefined>;
  consume(id: string, use: GrantUse, now: number): Promise<Step<ConsumeRefusal> | undefined>;
  expireDue(now: number, limit: number): Promise<readonly Approval[]>;
  countOthers(approval: Approval, now: number): Promise<ApprovalCounts>;
  forget(resolvedBefore: number, limit: number): Promise<number>;
  markTold(steps: readonly ToldStep[]): Promise<void>;
  claimUntold(now: number, limit: number): Promise<readonly ClaimedSteps[]>;
}
