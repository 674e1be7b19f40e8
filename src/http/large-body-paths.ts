/**
 * Paths whose routes read the body themselves, once they know who asks and that it is their turn: nobody else gets memory for
 * megabytes.
 */
export const LARGE_BODY_PATHS: ReadonlySet<string> = new Set(["/v1/policy/dry-run", "/v1/policy/replay"]);
