import { availableParallelism } from "node:os";
import { openWorkerSession, type WorkerSession } from "./adapters/worker/worker-session.ts";
import type { ExportCandidate, JudgedLines, ReplayThreads } from "./operations/replay-export.ts";

/** Beyond it the thread that reads the file is what takes the time. */
const THREADS_MAX = 8;

const WHAT = { what: "the replay", hint: "Ask for a shorter time.", heapMegabytesMax: 1024 };
/** A command may take as long as it takes; this is as long as a timer can. */
const TIMEOUT_MS = 2 ** 31 - 1;

/**
 * As many threads as there are processors, ready to decide.
 * @returns undefined when there is only one
 * @throws the signal's reason
 */
export async function openReplayThreads(
  candidate: ExportCandidate,
  signal: AbortSignal,
): Promise<ReplayThreads | undefined> {
  const count = Math.min(availableParallelism(), THREADS_MAX);
  if (count < 2) return undefined;
  const entry = new URL("./replay-worker.js", import.meta.url);
  const sessions = Array.from({ length: count }, () =>
    openWorkerSession({ ...WHAT, entry, timeoutMs: TIMEOUT_MS, signal }),
  );
  const close = async () => void (await Promise.all(sessions.map((session) => session.close())));
  try {
    await Promise.all(sessions.map((session) => session.call("open", candidate)));
    return { count, judge: inTurn(sessions), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Blocks are of about one size, so each thread gets the next one; a thread takes one call at a time. */
export function inTurn(sessions: readonly Pick<WorkerSession, "call">[]): ReplayThreads["judge"] {
  const lasts: Promise<unknown>[] = sessions.map(() => Promise.resolve());
  let next = 0;
  return (block) => {
    const at = next;
    next = (next + 1) % sessions.length;
    const judged = lasts[at]!.then(() => sessions[at]!.call("judge", block, [block.buffer])) as Promise<JudgedLines>;
    lasts[at] = judged.catch(() => undefined);
    return judged;
  };
}
