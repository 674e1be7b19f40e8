import type { Composition } from "./compose.ts";
import type { Config } from "./config/index.ts";
import { expireApprovals, forgetApprovals } from "./operations/approvals/expire-approvals.ts";
import { expireAudit } from "./operations/audit/expire-audit.ts";
import type { Logger } from "./telemetry/index.ts";

/** What is due is also found by whoever looks at it: this is for what nobody looks at. */
const APPROVALS_MS = 1000;

const FORGET_MS = 3_600_000;

const RETENTION_CHECK_MS = 6 * 3_600_000;

/** How long records get to reach the database before older ones may be dropped. */
const FLUSH_MS = 10_000;

/** Ends approvals on time, signs the audit log, and lets go of what is past its retention. @param signal ends all of it */
export function startRecurringWork(composition: Composition, config: Config, signal: AbortSignal): void {
  const { service, spool, shipper, ruleArchiver } = composition;
  const every = createTimers(service.logger, signal);

  const { approvalsRetentionDays } = config;
  every(FORGET_MS, () => forgetApprovals(service, approvalsRetentionDays), "old approvals were not forgotten");
  every(
    APPROVALS_MS,
    () => service.approvalAnnouncer.catchUp(signal),
    "what waits to be told of approvals still waits",
  );
  every(APPROVALS_MS, () => expireApprovals(service), "approvals were not looked through");
  // What an earlier process could not sign any more is signed at once.
  every(config.auditCheckpointSeconds * 1000, () => spool.checkpoint(), "the audit log was not signed");
  void ruleArchiver.move();
  const { auditRetentionDays: days } = config;
  if (days === undefined) return;
  const deps = { ...service, spool, flushAudit: () => shipper.flush(FLUSH_MS) };
  every(RETENTION_CHECK_MS, () => expireAudit(deps, days), "old audit records were not dropped");
}

/** Runs something now and then again and again, never twice at once. What goes on going wrong is logged once. */
function createTimers(logger: Logger, signal: AbortSignal) {
  return (ms: number, work: () => Promise<void>, failed: string): void => {
    let isRunning = false;
    let isFailing = false;
    const run = async () => {
      if (isRunning) return;
      isRunning = true;
      try {
        await work();
        isFailing = false;
      } catch (error) {
        if (!isFailing) logger.error({ err: error }, failed);
        isFailing = true;
      }
      isRunning = false;
    };
    const timer = setInterval(run, ms).unref();
    signal.addEventListener("abort", () => clearInterval(timer));
    void run();
  };
}
