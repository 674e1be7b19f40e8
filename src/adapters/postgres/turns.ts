import { createWaitingLine, type WaitingLine, type WaitingLineOptions } from "./waiting-line.ts";

/** Runs `work` when no other work of the same key runs. @throws UnavailableError `storage_unavailable` instead of running it */
export type InTurn = <T>(key: string, work: () => Promise<T>) => Promise<T>;

/** Work of one key one at a time, that of different keys side by side. @param options of each key's own line */
export function createTurns(options: WaitingLineOptions): InTurn {
  /** Of the keys whose work runs. */
  const lines = new Map<string, WaitingLine>();
  return async (key, work) => {
    const line = lines.get(key);
    if (line === undefined) lines.set(key, createWaitingLine(options));
    else await line.wait();
    try {
      return await work();
    } finally {
      // Who is called has the key from that moment on, so nobody comes in between.
      if (!lines.get(key)!.callNext()) lines.delete(key);
    }
  };
}
