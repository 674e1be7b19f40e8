import type { ApprovalNotifier } from "../approvals/index.ts";
import { expirySteps } from "./announce-approvals.ts";
import type { Service } from "./service.ts";

/** Approvals that one look at the store expires or forgets. */
const BATCH = 200;

const DAY_MS = 86_400_000;

/**
 * Ends the approvals whose time has run out and that nobody looked at.
 * @throws UnavailableError `storage_unavailable`, `audit_unavailable`
 */
export async function expireApprovals(
  service: Pick<Service, "approvalStore" | "approvalAnnouncer" | "clock">,
): Promise<void> {
  const { approvalStore, approvalAnnouncer, clock } = service;
  for (let found = BATCH; found === BATCH; ) {
    const expired = await approvalStore.expireDue(clock.now(), BATCH);
    if (expired.length > 0) await approvalAnnouncer.announce(expirySteps(expired));
    found = expired.length;
  }
}

/** Forgets what was answered so many days ago. @throws UnavailableError `storage_unavailable` */
export async function forgetApprovals(
  { approvalStore, clock }: Pick<Service, "approvalStore" | "clock">,
  days: number,
): Promise<void> {
  const before = clock.now() - days * DAY_MS;
  for (let count = BATCH; count === BATCH; ) count = await approvalStore.forget(before, BATCH);
}

/** Of the pending ones, the newest: what is older was told before. */
const REMINDED_MAX = 500;

/**
 * Tells people outside again of what is pending; whoever was told already is not told twice. An approval whose opening was
 * announced by a process that died at that moment waits for somebody all the same.
 * @throws UnavailableError `storage_unavailable`
 */
export async function remindOfApprovals(
  { approvalStore, approvalAnnouncer, clock }: Pick<Service, "approvalStore" | "approvalAnnouncer" | "clock">,
  notifier: ApprovalNotifier,
): Promise<void> {
  const query = { status: "pending", limit: REMINDED_MAX } as const;
  const { approvals, expired } = await approvalStore.list(query, clock.now());
  if (expired.length > 0) await approvalAnnouncer.announce(expirySteps(expired));
  for (const approval of approvals) await notifier.notify("opened", approval);
}
