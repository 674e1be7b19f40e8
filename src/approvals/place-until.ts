import type { Approval } from "./types.ts";

/** How long a question that was taken back keeps its place. */
export const CANCELLED_PLACE_MS = 300_000;

/**
 * Until when (epoch milliseconds) an approval takes one of the places that its requester has (`pendingMax`); undefined where
 * it takes none.
 *
 * SECURITY: who asks and takes back in a loop would otherwise fill the store, and people's inboxes, as fast as it can ask.
 */
export function placeUntil({ status, expiresAt, resolution }: Approval): number | undefined {
  if (status === "pending") return expiresAt;
  if (status !== "cancelled" || resolution === undefined) return undefined;
  return Math.min(expiresAt, resolution.at + CANCELLED_PLACE_MS);
}
