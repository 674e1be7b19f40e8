import {
  APPROVAL_STATUSES,
  type Approval,
  type ApprovalCounts,
  type ApprovalQuery,
  type ApprovalStatus,
} from "../approvals/index.ts";
import type { DecisionRecord } from "../audit/index.ts";
import { assertScope, type Caller } from "../identity/index.ts";
import { AppError } from "../model/errors.ts";
import { isUuid } from "../model/uuid.ts";
import { type ApprovalStep, expiryFound, expirySteps } from "./announce-approvals.ts";
import type { Service } from "./service.ts";

export { APPROVAL_STATUSES, type Approval, type ApprovalCounts, type ApprovalStatus };

type Readers = Pick<Service, "approvalStore" | "approvalAnnouncer" | "clock" | "logger">;

/**
 * Newest first. SECURITY: a caller of a tenant finds that tenant's alone.
 * @throws AppError `insufficient_scope`, `storage_unavailable`
 */
export async function listApprovals(
  service: Readers,
  caller: Caller,
  query: Omit<ApprovalQuery, "tenant">,
): Promise<readonly Approval[]> {
  assertScope(caller, "approvals:read");
  const { tenant } = caller.identity;
  const ofTenant = tenant === undefined ? query : { ...query, tenant };
  const { approvals, expired } = await service.approvalStore.list(ofTenant, service.clock.now());
  await announceFound(service, expirySteps(expired));
  return approvals;
}

/**
 * An approval as it is now. Who asked sees it, and `approvals:read` sees those of its tenant.
 * @throws AppError `not_found` (also for one that the caller may not see, so that ids cannot be probed),
 * `insufficient_scope`, `storage_unavailable`
 */
export async function getApproval(service: Readers, caller: Caller, id: string): Promise<Approval> {
  const { scopes } = caller;
  if (!scopes.has("approvals:read") && !scopes.has("evaluate")) {
    throw new AppError("insufficient_scope", "This needs an API key with the scope `evaluate` or `approvals:read`.");
  }
  const approval = await readApproval(service, id);
  if (approval === undefined || !isVisible(caller, approval)) throw noSuchApproval();
  return approval;
}

/** What an approver may want to know besides the approval itself; null is what could not be read. */
export interface ApprovalContext {
  /** About the same identity in the same session, newest first, but for this very question; absent without a session. */
  readonly sessionDecisions?: readonly DecisionRecord[] | null;
  /** How all others of the same identity for the same action ended. */
  readonly history: ApprovalCounts | null;
}

/** @returns undefined for who may not read it: an agent is shown its own approval alone */
export async function getApprovalContext(
  service: Service,
  caller: Caller,
  approval: Approval,
): Promise<ApprovalContext | undefined> {
  if (!isReader(caller, approval)) return undefined;
  const [sessionDecisions, history] = await Promise.all([
    approval.sessionId === undefined ? undefined : orNull(service, readSession(service, approval, approval.sessionId)),
    orNull(service, service.approvalStore.countOthers(approval, service.clock.now())),
  ]);
  return { ...(sessionDecisions !== undefined && { sessionDecisions }), history };
}

/** @returns undefined for an unknown id @throws AppError `storage_unavailable` */
export async function readApproval(service: Readers, id: string): Promise<Approval | undefined> {
  const found = isUuid(id) ? await service.approvalStore.get(id, service.clock.now()) : undefined;
  if (found === undefined) return undefined;
  await announceFound(service, expiryFound(found));
  return found.approval;
}

export function isVisible(caller: Caller, approval: Approval): boolean {
  return isReader(caller, approval) || isRequester(caller, approval);
}

/** Whether a caller works for a tenant; one without a tenant works for all, and for those who have none. */
export function worksFor({ identity }: Caller, tenant: string | undefined): boolean {
  return identity.tenant === undefined || identity.tenant === tenant;
}

export const noSuchApproval = () => new AppError("not_found", "There is no approval with this id.");

const isReader = (caller: Caller, approval: Approval) =>
  caller.scopes.has("approvals:read") && worksFor(caller, approval.requester.identity.tenant);

function isRequester({ keyId, identity, scopes }: Caller, { requester }: Approval): boolean {
  if (!scopes.has("evaluate")) return false;
  const { name, tenant } = requester.identity;
  return keyId === requester.keyId || (identity.name === name && identity.tenant === tenant);
}

/**
 * Announces what was found on the way to something else, which goes on in any case: what could not be recorded waits in the
 * announcer, and an approver must be able to look.
 */
export async function announceFound(
  { approvalAnnouncer, logger }: Readers,
  steps: readonly ApprovalStep[],
): Promise<void> {
  if (steps.length === 0) return;
  try {
    await approvalAnnouncer.announce(steps);
  } catch (error) {
    logger.warn({ err: error }, "an approval's expiry could not be recorded yet");
  }
}

const SESSION_DECISIONS = 10;

/** A session's name is the agent's choice: others may have used it, and of their records as many again are looked past. */
const SESSION_RECORDS = 50;

async function readSession(
  service: Service,
  { id, requester }: Approval,
  sessionId: string,
): Promise<readonly DecisionRecord[]> {
  const { name, tenant } = requester.identity;
  await service.flushAudit();
  const filters = { kind: "decision", session_id: sessionId, identity: name } as const;
  const records = await service.auditStore.list({ ...filters, limit: SESSION_RECORDS });
  return records
    .filter((record): record is typeof record & DecisionRecord => record.kind === "decision")
    .filter(({ identity, decision }) => identity.tenant === tenant && decision.approval?.id !== id)
    .slice(0, SESSION_DECISIONS);
}

async function orNull<T>({ logger }: Service, reading: Promise<T>): Promise<T | null> {
  try {
    return await reading;
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    logger.warn({ err: error }, "an approval is shown without a part that could not be read");
    return null;
  }
}
