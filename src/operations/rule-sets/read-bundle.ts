import { AppError } from "../../model/errors.ts";
import type { PolicyChecker } from "./policy-checker.ts";

export type ReadBody = () => Promise<Uint8Array<ArrayBuffer>>;

/** Bodies of 4 MiB each, which may take as long to arrive as the server waits for any. */
const READING_MAX = 4;

const reading = new WeakMap<PolicyChecker, number>();

/**
 * Takes in what a dry run or a replay is sent. That is before its turn comes: whoever sends slowly holds nobody up, and the
 * memory for those that do is bounded.
 * @throws AppError `too_many_requests`, and what `readBody` throws
 */
export async function readBundle(policyChecker: PolicyChecker, readBody: ReadBody): Promise<Uint8Array<ArrayBuffer>> {
  const others = reading.get(policyChecker) ?? 0;
  if (others >= READING_MAX) {
    throw new AppError(
      "too_many_requests",
      `${READING_MAX} bodies are on their way, and there are no more at a time; try again in a moment.`,
    );
  }
  reading.set(policyChecker, others + 1);
  try {
    return await readBody();
  } finally {
    reading.set(policyChecker, reading.get(policyChecker)! - 1);
  }
}
