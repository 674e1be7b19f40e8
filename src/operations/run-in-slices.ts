import type { Steps } from "../rules/index.ts";
import type { Clock } from "./service.ts";

/** Requests wait for so long at most, and for the longest step. */
const SLICE_US = 2000;

export interface Turns {
  readonly clock: Pick<Clock, "microseconds">;
  /** Resolves behind what the event loop has to do. */
  readonly nextTurn: () => Promise<unknown>;
}

/** Does long work between requests. @throws what a step throws */
export async function runInSlices<T>(steps: Steps<T>, { clock, nextTurn }: Turns): Promise<T> {
  let until = clock.microseconds() + SLICE_US;
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
    if (clock.microseconds() < until) continue;
    await nextTurn();
    until = clock.microseconds() + SLICE_US;
  }
}
