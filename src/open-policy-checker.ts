import { openWorkerSession, type WorkerOptions, type WorkerSession } from "./adapters/worker/worker-session.ts";
import type { CheckJobs } from "./check-jobs.ts";
import { CHECK_LIMITS } from "./model/limits.ts";
import type { PolicyChecker } from "./operations/rule-sets/policy-checker.ts";

/** Each dry run and each replay is a worker of its own: it starts in a few tenths of a second, and leaves nothing behind. */
export function openPolicyChecker(): PolicyChecker {
  const entry = new URL("./check-worker.js", import.meta.url);
  const { heapMegabytesMax } = CHECK_LIMITS;
  return createPolicyChecker((options) => openWorkerSession({ ...options, entry, heapMegabytesMax }));
}

type SessionOptions = Pick<WorkerOptions, "what" | "hint" | "timeoutMs" | "signal">;

/** @param open starts what answers the calls of `CheckJobs` */
export function createPolicyChecker(open: (options: SessionOptions) => WorkerSession): PolicyChecker {
  return {
    async dryRun({ body, format, active }, signal) {
      const session = open({ ...DRY_RUN, signal });
      const call = callsOf(session);
      try {
        const hasRules = await call("readDryRun", body, [body.buffer]);
        return await call("dryRun", { format, active: hasRules ? undefined : active });
      } finally {
        await session.close();
      }
    },
    async openReplay(body, signal) {
      const session = open({ ...REPLAY, signal });
      const call = callsOf(session);
      try {
        const opened = await call("openReplay", body, [body.buffer]);
        return {
          ...opened,
          add: (lines) => call("replayLines", lines),
          report: () => call("replayReport"),
          close: () => session.close(),
          closed: session.closed,
        };
      } catch (error) {
        await session.close();
        throw error;
      }
    },
  };
}

const DRY_RUN = {
  what: "the dry run",
  hint: "Send fewer rules or cases, or run `verdict test`.",
  timeoutMs: CHECK_LIMITS.dryRunMs,
};
const REPLAY = {
  what: "the replay",
  hint: "Ask for a shorter time, or run `verdict replay` on an export.",
  timeoutMs: CHECK_LIMITS.replayMs,
};

type Arguments<Name extends keyof CheckJobs> =
  Parameters<CheckJobs[Name]> extends [infer Argument] ? [argument: Argument, transfer?: readonly ArrayBuffer[]] : [];

/** Typed as what is called at the other end. */
function callsOf(session: WorkerSession) {
  return <Name extends keyof CheckJobs>(name: Name, ...[argument, transfer]: Arguments<Name>) =>
    session.call(name, argument, transfer) as Promise<ReturnType<CheckJobs[Name]>>;
}
