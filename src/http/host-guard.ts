import { AppError } from "../model/errors.ts";

/** Distinct Host values that are remembered; an attacker can send any number of them. */
const REMEMBERED_MAX = 256;

/**
 * Refuses requests that a page in a victim's browser could send by DNS rebinding: its `Host` is the page's own name.
 *
 * @param allowed lower-case host names, IPv6 in brackets; an entry with a port allows only that port
 * @returns a check that throws AppError `host_forbidden`
 */
export function createHostGuard(allowed: readonly string[]): (host: string | undefined) => void {
  const entries = new Set(allowed);
  const remembered = new Map<string, boolean>();

  return (host) => {
    let isAllowed = host === undefined ? false : remembered.get(host);
    if (isAllowed === undefined) {
      const name = host!.toLowerCase();
      isAllowed = entries.has(name) || entries.has(name.replace(/:\d+$/, ""));
      if (remembered.size < REMEMBERED_MAX) remembered.set(host!, isAllowed);
    }
    if (!isAllowed) {
      throw new AppError(
        "host_forbidden",
        "This Host is not served here; the operator can add it to VERDICT_ALLOWED_HOSTS.",
      );
    }
  };
}
