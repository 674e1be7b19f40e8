import { approvalPath } from "./approval-id.ts";
import { ApprovalDenied, ApprovalTimeout, ServerUnreachable, VerdictError } from "./errors.ts";
import type { Platform } from "./platform.ts";
import { Busy, type Transport } from "./transport.ts";
import type { Approval } from "./wire.ts";

/** What one poll lets the service wait; it takes 60 at most, and proxies less. */
const POLL_SECONDS = 30;
const ERRORS_IN_A_ROW_MAX = 3;
/** At least, after an answer that came at once and after a connection error: a client does not ask in a tight loop. */
const PAUSE_MS = 250;

export interface Wait {
  readonly id: string;
  /** Until when, by the platform's clock. */
  readonly deadline: number;
  /** What a poll may take beyond what it lets the service wait. */
  readonly timeoutMs: number;
}

/**
 * Asks until the approval is granted.
 * @throws ApprovalDenied, ApprovalTimeout, ServerUnreachable after three connection errors in a row, VerdictError
 */
export async function waitForApproval(transport: Transport, platform: Platform, wait: Wait): Promise<Approval> {
  let errors = 0;
  for (;;) {
    const startedAt = platform.now();
    // What is no number is no time to wait in.
    if (!(startedAt < wait.deadline)) throw new ApprovalTimeout(wait.id);
    let pauseMs = 0;
    try {
      const approval = readApproval(await poll(transport, wait, wait.deadline - startedAt), wait.id);
      if (isGranted(approval)) return approval;
      errors = 0;
      if (platform.now() - startedAt < 1000) pauseMs = PAUSE_MS;
    } catch (error) {
      errors = error instanceof ServerUnreachable ? errors + 1 : 0;
      if (platform.now() >= wait.deadline) throw new ApprovalTimeout(wait.id);
      pauseMs = pauseAfter(error, errors);
    }
    await pause(platform, wait, pauseMs);
  }
}

function poll(transport: Transport, wait: Wait, leftMs: number): Promise<unknown> {
  const seconds = Math.min(POLL_SECONDS, Math.floor(leftMs / 1000));
  return transport.send({
    method: "GET",
    path: `${approvalPath(wait.id)}?wait_seconds=${seconds}`,
    timeoutMs: Math.min(leftMs, seconds * 1000 + wait.timeoutMs),
    mayRepeatBroken: false,
    mayRepeatBusy: false,
  });
}

/** @throws what ends the wait */
function pauseAfter(error: unknown, errors: number): number {
  if (error instanceof Busy) return Math.max(error.retryAfterMs, PAUSE_MS);
  if (error instanceof ServerUnreachable && errors < ERRORS_IN_A_ROW_MAX) return PAUSE_MS;
  throw error;
}

async function pause(platform: Platform, wait: Wait, pauseMs: number): Promise<void> {
  if (pauseMs === 0) return;
  if (platform.now() + pauseMs >= wait.deadline) throw new ApprovalTimeout(wait.id);
  await platform.sleep(pauseMs);
}

/** @throws VerdictError `malformed_answer` when it is not this approval */
export function readApproval(body: unknown, id: string): Approval {
  const approval = body as Approval | null;
  if (typeof approval !== "object" || approval?.id !== id || !STATUSES.includes(approval.status))
    throw new VerdictError(200, "malformed_answer", "The answer is not the approval that was asked for.");
  return approval;
}

const STATUSES: readonly unknown[] = ["pending", "approved", "denied", "expired", "cancelled"];

/** False while it is pending. @throws ApprovalDenied */
function isGranted(approval: Approval): boolean {
  if (approval.status === "pending") return false;
  if (approval.status === "approved") return true;
  if (approval.status === "expired" && typeof approval.grant === "object" && approval.grant !== null) return true;
  throw new ApprovalDenied(approval);
}
