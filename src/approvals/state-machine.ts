import { isRequester } from "./is-requester.ts";
import { keptView } from "./kept-view.ts";
import { mayResolve } from "./may-resolve.ts";
import { personOf } from "./person-of.ts";
import type {
  Actor,
  Approval,
  CancelRefusal,
  ConsumeRefusal,
  DenyRefusal,
  Grant,
  GrantUse,
  NewApproval,
  Resolution,
  Settled,
  Step,
  Vote,
  VoteRefusal,
} from "./types.ts";
import { untoldStep, withStep } from "./untold.ts";

/*
 * The life of an approval. Every function is total, takes the time as `now` (epoch milliseconds) and gives the approval
 * itself when nothing changed, a new one otherwise.
 *
 * INVARIANT: only `resolve` changes a status, and it is only reached from `pending`.
 */

export function openApproval(asked: NewApproval, now: number): Approval {
  const { keyHolder: name, keyId } = asked.requester;
  const untold = [untoldStep("opened", now, { name, keyId })];
  return { ...asked, status: "pending", createdAt: now, expiresAt: now + asked.terms.timeoutMs, votes: [], untold };
}

/** Every other transition begins with this one. The outcome does not depend on who looks first, or how late. */
export function expireApproval(approval: Approval, now: number): Settled {
  if (approval.status !== "pending" || now < approval.expiresAt) return { approval, hasResolved: false };
  return resolve(approval, "expired", { at: approval.expiresAt }, now, approval.terms.onTimeout === "allow");
}

/** One person's yes; the one that completes the quorum approves. */
export function voteApproval(
  approval: Approval,
  actor: Actor,
  note: string | undefined,
  now: number,
): Step<VoteRefusal> {
  const current = expireApproval(approval, now);
  const permission = mayResolve(current.approval, actor);
  if (!permission.ok) return refuse(current, permission.refusal);
  if (current.approval.status !== "pending") return refuse(current, "not_pending");
  if (approval.votes.some((vote) => isSamePerson(vote, actor))) return refuse(current, "already_voted");

  const vote: Vote = {
    voter: actor.identity.name,
    keyId: actor.keyId,
    at: now,
    ...(note === undefined ? {} : { note }),
  };
  const votes = [...approval.votes, vote];
  const voted: Approval = { ...approval, votes, untold: withStep(approval, "voted", now, personOf(actor)) };
  if (votes.length < voted.terms.quorum) return { ok: true, approval: voted, hasResolved: false };
  return { ok: true, ...resolve(voted, "approved", resolutionBy(actor, undefined, now), now, true) };
}

/** One approver's no is enough, whatever the quorum, also from somebody who voted for it before. */
export function denyApproval(
  approval: Approval,
  actor: Actor,
  reason: string | undefined,
  now: number,
): Step<DenyRefusal> {
  const current = expireApproval(approval, now);
  const permission = mayResolve(current.approval, actor);
  if (!permission.ok) return refuse(current, permission.refusal);
  if (current.approval.status !== "pending") return refuse(current, "not_pending");
  return { ok: true, ...resolve(approval, "denied", resolutionBy(actor, reason, now), now, false) };
}

/** The requester takes the question back. */
export function cancelApproval(
  approval: Approval,
  actor: Actor,
  reason: string | undefined,
  now: number,
): Step<CancelRefusal> {
  const current = expireApproval(approval, now);
  if (!isRequester(approval, actor)) return refuse(current, "not_requester");
  if (current.approval.status !== "pending") return refuse(current, "not_pending");
  return { ok: true, ...resolve(approval, "cancelled", resolutionBy(actor, reason, now), now, false) };
}

/**
 * Uses the grant up. `hasResolved` says no more than that the approval expired just now.
 *
 * SECURITY: several keys may ask for one identity, and share its pending approval. None of their holders is a second
 * person for the others: who voted does not use the grant.
 */
export function consumeGrant(approval: Approval, use: GrantUse, now: number): Step<ConsumeRefusal> {
  const current = expireApproval(approval, now);
  const { digest, grant, votes } = current.approval;
  if (digest !== use.digest) return refuse(current, "other_action");
  if (grant === undefined) return refuse(current, "not_granted");
  if (votes.some((vote) => isSamePerson(vote, use.caller))) return refuse(current, "own_vote");
  if (grant.consumedAt !== undefined) return refuse(current, "grant_consumed");
  if (now >= grant.expiresAt) return refuse(current, "grant_expired");
  const consumed: Grant = { ...grant, consumedAt: now, consumedBy: use.requestId };
  const untold = withStep(current.approval, "consumed", now, personOf(use.caller));
  return { ok: true, approval: { ...current.approval, grant: consumed, untold }, hasResolved: current.hasResolved };
}

function resolve(
  approval: Approval,
  status: Exclude<Approval["status"], "pending">,
  resolution: Resolution,
  now: number,
  isGranted: boolean,
): Settled {
  const grant = isGranted ? { grant: { expiresAt: resolution.at + approval.terms.grantTtlMs } } : {};
  const view = keptView(approval, status);
  const untold = withStep(approval, status, now, resolution.by);
  return { approval: { ...approval, view, status, resolution, ...grant, untold }, hasResolved: true };
}

function refuse<Refusal extends string>(current: Settled, refusal: Refusal): Step<Refusal> {
  return { ok: false, refusal, ...current };
}

function resolutionBy(actor: Actor, reason: string | undefined, at: number): Resolution {
  return { at, by: personOf(actor), ...(reason === undefined ? {} : { reason }) };
}

function isSamePerson(vote: Vote, { identity, keyId }: Actor): boolean {
  return vote.voter === identity.name || vote.keyId === keyId;
}
