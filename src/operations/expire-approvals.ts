import { expirySteps } from "./announce-approvals.ts";
import type { Service } from "./service.ts";

/** Approvals that one look at the store expires. */
const BATCH = 200;

/**
 * Ends the approvals whose time has run out and that nobody looked at, and tries again to record what could not be.
 * @throws UnavailableError `storage_unavailable`, `audit_unavailable`
 */
export async function expireApprovals(
  service: Pick<Service, "approvalStore" | "approvalAnnouncer" | "clock">,
): Promise<void> {
  const { approvalStore, approvalAnnouncer, clock } = service;
  await approvalAnnouncer.retry();
  for (let found = BATCH; found === BATCH; ) {
    const expired = await approvalStore.expireDue(clock.now(), BATCH);
    if (expired.length > 0) await approvalAnnouncer.announce(expirySteps(expired));
    found = expired.length;
  }
}
