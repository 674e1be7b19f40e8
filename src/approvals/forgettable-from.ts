import type { Approval } from "./types.ts";

/**
 * The instant (epoch milliseconds) from which on nothing is lost with an approval: it was resolved before, and its grant is
 * worth nothing any more. Undefined while it is pending, however late it is.
 */
export function forgettableFrom({ resolution, grant }: Approval): number | undefined {
  if (resolution === undefined) return undefined;
  return Math.max(resolution.at + 1, grant?.expiresAt ?? 0);
}
