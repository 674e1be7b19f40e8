import {
  type Approval,
  type CancelRefusal,
  type DenyRefusal,
  personOf,
  type Step,
  type VoteRefusal,
} from "../../approvals/index.ts";
import { assertScope, type Caller } from "../../identity/index.ts";
import { AppError, UnavailableError } from "../../model/errors.ts";
import { instantText } from "../../model/instant.ts";
import { isUuid } from "../../model/uuid.ts";
import type { Service } from "../service.ts";
import { type ApprovalStep, expiryFound } from "./announce-approvals.ts";
import { announceFound, isVisible, noSuchApproval } from "./read-approvals.ts";

type Resolvers = Pick<Service, "approvalStore" | "approvalAnnouncer" | "clock" | "logger" | "redactor">;

/** SECURITY: what looks like a secret is gone before anything keeps it: an answer is shown to agents and sent to webhooks. */
const clean = <Text extends string | undefined>({ redactor }: Resolvers, said: Text) =>
  (said === undefined ? undefined : redactor.redactText(said)) as Text;

/**
 * One person's yes. It is `approved` when it completes the quorum, and `pending` with a vote more otherwise.
 * @param note for the agent and everybody else who sees the approval
 * @throws AppError `insufficient_scope`, `not_found`, `approver_required`, `conflict` (not pending any more, or the same
 * person's second vote), `storage_unavailable`, `audit_unavailable`; with the last two the vote may count
 */
export async function approve(
  service: Resolvers,
  caller: Caller,
  id: string,
  note: string | undefined,
): Promise<Approval> {
  assertApprover(caller);
  const step = await attempt(id, () =>
    service.approvalStore.vote(id, caller, clean(service, note), service.clock.now()),
  );
  const kinds = step.hasResolved ? (["voted", "approved"] as const) : (["voted"] as const);
  return conclude(service, caller, step, kinds);
}

/**
 * One approver's no, which is final.
 * @param reason handed to the agent
 * @throws AppError as `approve`
 */
export async function deny(service: Resolvers, caller: Caller, id: string, reason: string): Promise<Approval> {
  assertApprover(caller);
  const step = await attempt(id, () =>
    service.approvalStore.deny(id, caller, clean(service, reason), service.clock.now()),
  );
  return conclude(service, caller, step, ["denied"]);
}

/**
 * Who asked takes the question back.
 * @throws AppError as `approve`; `approver_required` when the caller sees it and is not who asked
 */
export async function cancel(
  service: Resolvers,
  caller: Caller,
  id: string,
  reason: string | undefined,
): Promise<Approval> {
  assertScope(caller, "evaluate");
  const step = await attempt(id, () =>
    service.approvalStore.cancel(id, caller, clean(service, reason), service.clock.now()),
  );
  return conclude(service, caller, step, ["cancelled"]);
}

/** SECURITY: nobody answers what they may not look at, and an answer shows no approval to who may not. */
function assertApprover(caller: Caller): void {
  assertScope(caller, "approvals:resolve");
  assertScope(caller, "approvals:read");
}

type Refusal = VoteRefusal | DenyRefusal | CancelRefusal;

async function attempt<R extends Refusal>(id: string, change: () => Promise<Step<R> | undefined>): Promise<Step<R>> {
  const step = isUuid(id) ? await change() : undefined;
  if (step === undefined) throw noSuchApproval();
  return step;
}

/** Announces what happened, also on the way to a refusal, and gives the approval or says why not. */
async function conclude(
  service: Resolvers,
  caller: Caller,
  step: Step<Refusal>,
  kinds: readonly ApprovalStep["kind"][],
): Promise<Approval> {
  const { approval } = step;
  if (!step.ok) {
    await announceFound(service, expiryFound(step));
    throw refusalError(caller, step.refusal, approval);
  }
  const steps = kinds.map((kind) => ({ kind, by: personOf(caller), approval }));
  await announceChange(service, steps);
  return approval;
}

async function announceChange({ approvalAnnouncer }: Resolvers, steps: readonly ApprovalStep[]): Promise<void> {
  try {
    await approvalAnnouncer.announce(steps);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const detail = "It was done, and could not be recorded yet. Look at the approval before you try again.";
    throw error.code === "audit_unavailable" ? new UnavailableError("audit", detail, error) : error;
  }
}

/** SECURITY: what the caller may not see, it is told nothing of. */
function refusalError(caller: Caller, refusal: Refusal, approval: Approval): AppError {
  const { shown, terms } = approval;
  switch (refusal) {
    case "other_tenant":
      return noSuchApproval();
    case "own_request":
      return approverRequired("Nobody answers what they asked for: this takes a person other than the one who asked.");
    case "own_key":
      return approverRequired("It was asked for with this very API key: this takes a person with a key of their own.");
    case "not_an_approver":
      return approverRequired(`This takes a person who is ${requirementText(terms.approvers)}.`);
    case "not_requester":
      if (!isVisible(caller, approval)) return noSuchApproval();
      return approverRequired(`Only who asked can take it back: \`${shown.identity.name}\`. You can deny it.`);
    case "not_pending":
      return conflict(approval, stateText(approval));
    case "already_voted": {
      const { length } = approval.votes;
      return conflict(approval, `You voted already; this approval has ${length} of ${terms.quorum} votes.`);
    }
  }
}

const approverRequired = (detail: string) => new AppError("approver_required", detail);

const conflict = ({ status }: Approval, detail: string) =>
  new AppError("conflict", detail, { extensions: { current_status: status } });

/** "`role:a` or `user:b`, and `role:c`": one of each list. */
const requirementText = (approvers: Approval["terms"]["approvers"]) =>
  approvers.map((list) => list.map((approver) => `\`${approver}\``).join(" or ")).join(", and ");

/** "This approval was denied at <time> by `alice`." */
function stateText({ status, resolution }: Approval): string {
  const was = status === "expired" ? "expired" : `was ${status}`;
  const at = resolution === undefined ? "" : ` at ${instantText(resolution.at)}`;
  const by = resolution?.by === undefined ? "" : ` by \`${resolution.by.name}\``;
  return `This approval ${was}${at}${by}.`;
}
