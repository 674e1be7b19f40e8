import {
  APPROVAL_STATUSES,
  type Approval,
  type ApprovalCounts,
  type ApprovalQuery,
  type ApprovalStatus,
  isRequester,
} from "../../approvals/index.ts";
import { assertScope, type Caller } from "../../identity/index.ts";
import { AppError } from "../../model/errors.ts";
import { isUuid } from "../../model/uuid.ts";
import { nextTurn } from "../audit/read-audit.ts";
import { readSessionDecisions, type SessionDecisions } from "../decisions/read-session-decisions.ts";
import type { Service } from "../service.ts";
import { type ApprovalStep, expiryFound, expirySteps } from "./announce-approvals.ts";

export { APPROVAL_STATUSES, type Approval, type ApprovalCounts, type ApprovalStatus };

type Readers = Pick<Service, "approvalStore" | "approvalAnnouncer" | "clock" | "logger">;

/** Some approvals of a list, and whether there are others behind them. */
export interface ApprovalsPage {
  readonly approvals: readonly Approval[];
  readonly isMore: boolean;
}

/** Approvals in one read, since they are parsed in one turn. */
const READ_APPROVALS = 20;

/** Of the requests in a page: each may have a quarter of a megabyte. */
const PAGE_BYTES_MAX = 1024 * 1024;

/**
 * Newest first: as many as were asked for, or fewer where they are large; one in any case, if there is one. SECURITY: a
 * caller of a tenant finds that tenant's alone.
 * @throws AppError `insufficient_scope`, `storage_unavailable`
 */
export async function listApprovals(
  service: Readers,
  caller: Caller,
  query: Omit<ApprovalQuery, "tenant">,
): Promise<ApprovalsPage> {
  assertScope(caller, "approvals:read");
  const { tenant } = caller.identity;
  const ofTenant = tenant === undefined ? query : { ...query, tenant };
  const approvals: Approval[] = [];
  let bytes = 0;
  for (;;) {
    // One more than asked for tells whether there are others.
    const limit = Math.min(query.limit + 1 - approvals.length, READ_APPROVALS);
    const before = approvals.at(-1)?.id ?? query.before;
    const page = { ...ofTenant, ...(before !== undefined && { before }), limit };
    const found = await service.approvalStore.list(page, service.clock.now());
    await announceFound(service, expirySteps(found.expired));
    for (const approval of found.approvals) {
      bytes += Buffer.byteLength(approval.view);
      const isFull = approvals.length === query.limit || (approvals.length > 0 && bytes > PAGE_BYTES_MAX);
      if (isFull) return { approvals, isMore: true };
      approvals.push(approval);
    }
    if (found.approvals.length < limit) return { approvals, isMore: false };
    await nextTurn();
  }
}

/**
 * An approval as it is now. Who asked sees it, and `approvals:read` sees those of its tenant.
 * @param read as `readApproval`; callers may share it
 * @throws AppError `not_found` (also for one that the caller may not see, so that ids cannot be probed),
 * `insufficient_scope`, `storage_unavailable`
 */
export async function getApproval(
  read: (id: string) => Promise<Approval | undefined>,
  caller: Caller,
  id: string,
): Promise<Approval> {
  const { scopes } = caller;
  if (!scopes.has("approvals:read") && !scopes.has("evaluate")) {
    throw new AppError("insufficient_scope", "This needs an API key with the scope `evaluate` or `approvals:read`.");
  }
  const approval = await read(id);
  if (approval === undefined || !isVisible(caller, approval)) throw noSuchApproval();
  return approval;
}

/** What an approver may want to know besides the approval itself; null is what could not be read. */
export interface ApprovalContext {
  /** Absent without a session. */
  readonly session?: SessionDecisions | null;
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
  const [session, history] = await Promise.all([
    approval.sessionId === undefined ? undefined : orNull(service, readSessionDecisions(service, approval)),
    orNull(service, service.approvalStore.countOthers(approval, service.clock.now())),
  ]);
  return { ...(session !== undefined && { session }), history };
}

/** @returns undefined for an unknown id @throws AppError `storage_unavailable` */
export async function readApproval(service: Readers, id: string): Promise<Approval | undefined> {
  const found = isUuid(id) ? await service.approvalStore.get(id, service.clock.now()) : undefined;
  if (found === undefined) return undefined;
  await announceFound(service, expiryFound(found));
  return found.approval;
}

export function isVisible(caller: Caller, approval: Approval): boolean {
  return isReader(caller, approval) || (caller.scopes.has("evaluate") && isRequester(approval, caller));
}

/** Whether a caller is shown approvals for being an approver of their tenant; who asked for one is shown less of it. */
export const isReader = (caller: Caller, approval: Approval) =>
  caller.scopes.has("approvals:read") && worksFor(caller, approval.requester.identity.tenant);

/** Whether a caller works for a tenant; one without a tenant works for all, and for those who have none. */
export function worksFor({ identity }: Caller, tenant: string | undefined): boolean {
  return identity.tenant === undefined || identity.tenant === tenant;
}

export const noSuchApproval = () => new AppError("not_found", "There is no approval with this id.");

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

async function orNull<T>({ logger }: Service, reading: Promise<T>): Promise<T | null> {
  try {
    return await reading;
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    logger.warn({ err: error }, "an approval is shown without a part that could not be read");
    return null;
  }
}
