import type { Approval, ApprovalStepKind, TakenStep, ToldPart, UntoldStep } from "./types.ts";

/**
 * How long whoever took a step has to tell it before anybody may, in milliseconds. Telling takes a few of them; a process
 * that has not told by then is dead, or kept from it by an outage.
 */
const TELL_WITHIN_MS = 10_000;

export const untoldStep = (kind: ApprovalStepKind, now: number, by: TakenStep["by"]): UntoldStep => ({
  kind,
  ...(by && { by }),
  claimableFrom: now + TELL_WITHIN_MS,
});

export function withStep(
  { untold = [] }: Approval,
  kind: ApprovalStepKind,
  now: number,
  by: TakenStep["by"],
): readonly UntoldStep[] {
  return [...untold, untoldStep(kind, now, by)];
}

/** Since these steps are told, nobody has to tell them any more. The approval itself when none of them was untold. */
export function markTold(approval: Approval, told: readonly ToldPart[]): Approval {
  const { untold = [], ...rest } = approval;
  const left = untold.flatMap((step) => leftOf(step, told));
  if (left.length === untold.length && left.every((step) => untold.includes(step))) return approval;
  return left.length === 0 ? rest : { ...rest, untold: left };
}

function leftOf(step: UntoldStep, told: readonly ToldPart[]): readonly UntoldStep[] {
  const parts = told.filter((part) => isSameStep(step, part));
  if (parts.some(({ isOnlyRecorded }) => isOnlyRecorded !== true)) return [];
  return [parts.length === 0 || step.isRecorded === true ? step : { ...step, isRecorded: true }];
}

/** The approval when its claimable steps are claimed, and those steps in their order: the caller has to tell them. */
export function claimUntold(
  approval: Approval,
  now: number,
): { readonly approval: Approval; readonly claimed: readonly UntoldStep[] } {
  const { untold = [] } = approval;
  const claimed = untold.filter(({ claimableFrom }) => claimableFrom <= now);
  if (claimed.length === 0) return { approval, claimed };
  const claimableFrom = now + TELL_WITHIN_MS;
  const kept = untold.map((step) => (claimed.includes(step) ? { ...step, claimableFrom } : step));
  return { approval: { ...approval, untold: kept }, claimed };
}

/** From when on one of its steps may be claimed, in epoch milliseconds; undefined when all are told. */
export function claimableFrom({ untold = [] }: Approval): number | undefined {
  return untold.length === 0 ? undefined : Math.min(...untold.map((step) => step.claimableFrom));
}

/** The approval as it was right behind one of its steps; of a vote that completed the quorum, approved already. */
export function behindStep(approval: Approval, { kind, by }: TakenStep): Approval {
  const { votes, resolution, grant, untold, ...asked } = approval;
  const pending: Approval = { ...asked, status: "pending", votes: [] };
  if (kind === "opened") return pending;
  const given = kind === "voted" ? votes.slice(0, votes.findIndex(({ voter }) => voter === by?.name) + 1) : votes;
  if (kind === "voted" && given.length < asked.terms.quorum) return { ...pending, votes: given };
  if (kind === "consumed" || grant === undefined) return { ...approval };
  return { ...approval, grant: { expiresAt: grant.expiresAt } };
}

const isSameStep = (a: TakenStep, b: TakenStep) => a.kind === b.kind && a.by?.name === b.by?.name;
