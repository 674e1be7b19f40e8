import type { Approval } from "./types.ts";

/** What people outside are told of. */
export type ApprovalNotice = "opened" | "resolved" | "expired";

/** Tells people outside of the service. */
export interface ApprovalNotifier {
  /**
   * Queues a notice; delivering it is nothing to wait for.
   * @throws UnavailableError `storage_unavailable` when it could not be queued
   */
  notify(notice: ApprovalNotice, approval: Approval): Promise<void>;
}
