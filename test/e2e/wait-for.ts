import { setTimeout as pause } from "node:timers/promises";

const PAUSE_MS = 10;

/** Thrown by an attempt when there is nothing more to wait for. */
export class InVain extends Error {
  override readonly name = "InVain";
}

/**
 * Asks again and again until the answer is neither undefined nor false. An attempt that throws counts as "not yet".
 * @param what completes the sentence "waited in vain: ..."
 * @throws Error with the last attempt's error as its cause, after `timeoutMs`; InVain at once
 */
export async function waitFor<T>(
  what: string,
  attempt: () => T | undefined | false | Promise<T | undefined | false>,
  timeoutMs = 20_000,
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  let cause: unknown;
  for (;;) {
    try {
      const answer = await attempt();
      if (answer !== undefined && answer !== false) return answer;
      cause = undefined;
    } catch (error) {
      if (error instanceof InVain) throw error;
      cause = error;
    }
    if (Date.now() > deadline) throw new Error(`waited in vain: ${what}`, { cause });
    await pause(PAUSE_MS);
  }
}
