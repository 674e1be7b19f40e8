import type { Service } from "../service.ts";
import { expirySteps } from "./announce-approvals.ts";

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
