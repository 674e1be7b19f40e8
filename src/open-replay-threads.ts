import { availableParallelism } from "node:os";
import { openWorkerSession, type WorkerSession } from "./adapters/worker/worker-session.ts";
import type { ExportCandidate, JudgedLines, ReplayThreads } from "./operations/replay/replay-export.ts";

/** Beyond it the thread that reads the file is what takes the time. */
const THREADS_MAX = 8;
/** One that is worked at, and those that lie ready while the thread that reads the file decides one itself. */
const BLOCKS_EACH = 3;

const WHAT = { what: "the replay", hint: "Ask for a shorter time.", heapMegabytesMax: 1024 };
/** A command may take as long as it takes; this is as long as a timer can. */
const TIMEOUT_MS = 2 ** 31 - 1;

/**
 * Threads for all processors but that of the thread that asks, ready to decide.
 * @returns undefined when there is only one
 * @throws the signal's reason
 */
export async function openReplayThreads(
  candidate: ExportCandidate,
  signal: AbortSignal,
): Promise<ReplayThreads | undefined> {
  const count = Math.min(availableParallelism(), THREADS_MAX) - 1;
  if (count < 1) return undefined;
  const entry = new URL("./replay-worker.js", import.meta.url);
  const sessions = Array.from({ length: count }, () =>
    openWorkerSession({ ...WHAT, entry, timeoutMs: TIMEOUT_MS, signal }),
  );
  const close = async () => void (await Promise.all(sessions.map((session) => session.close())));
  try {
    await Promise.all(sessions.map((session) => session.call("open", candidate)));
    return shareBlocks(sessions, close);
  } catch (error) {
    await close();
    throw error;
  }
}

/** Each block goes to the thread with the fewest. */
export function shareBlocks(
  sessions: readonly Pick<WorkerSession, "call">[],
  close: ReplayThreads["close"],
): ReplayThreads {
  const threads = sessions.map((session) => ({ session, blocks: 0 }));
  const idlest = () => threads.reduce((least, thread) => (thread.blocks < least.blocks ? thread : least));
  return {
    get hasRoom() {
      return idlest().blocks < BLOCKS_EACH;
    },
    async judge(block) {
      const thread = idlest();
      thread.blocks += 1;
      try {
        return (await thread.session.call("judge", block, [block.buffer])) as JudgedLines;
      } finally {
        thread.blocks -= 1;
      }
    },
    close,
  };
}
