import type { Steps } from "./types.ts";

/** As many items as take a fraction of a millisecond. */
const FEW = 64;

/** Does the same to every item, with a step behind every few. */
export function* everyFew<T>(items: Iterable<T>, act: (item: T) => void): Steps<void> {
  let count = 0;
  for (const item of items) {
    act(item);
    count += 1;
    if (count % FEW === 0) yield;
  }
}

/** Takes all steps at once. */
export function finish<T>(steps: Steps<T>): T {
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
  }
}
