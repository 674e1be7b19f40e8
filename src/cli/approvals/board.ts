import type { ApprovalJson } from "./json.ts";

/** What is known of a service's approvals from one or more connections to its stream, one after the other. */
export interface ApprovalBoard {
  /** A new connection begins. */
  startSync(): void;
  /**
   * All that are pending have been given.
   * @returns the ids of those that were pending before the connection and are not any more
   */
  finishSync(): readonly string[];
  /** @returns whether it is anything new: a connection begins with all that are pending, known or not */
  apply(approval: ApprovalJson): boolean;
  /** It is not known what became of it. */
  forget(id: string): void;
  /** Those that run out first come first. */
  readonly pending: readonly ApprovalJson[];
  /** What changed last comes first. */
  readonly resolved: readonly ApprovalJson[];
}

/** @param resolvedMax how many answered ones are kept */
export function createApprovalBoard(resolvedMax: number): ApprovalBoard {
  const pending = new Map<string, ApprovalJson>();
  let resolved: readonly ApprovalJson[] = [];
  let seen = new Set<string>();

  return {
    startSync() {
      seen = new Set();
    },
    finishSync: () => [...pending.keys()].filter((id) => !seen.has(id)),
    apply(approval) {
      const { id, status } = approval;
      const known = resolved.find((other) => other.id === id) ?? pending.get(id);
      if (JSON.stringify(known) === JSON.stringify(approval)) {
        seen.add(id);
        return false;
      }
      if (status === "pending") {
        // INVARIANT: it is left once and for good, so what is pending again was told late.
        if (known !== undefined && known.status !== "pending") return false;
        seen.add(id);
        pending.set(id, approval);
        return true;
      }
      pending.delete(id);
      resolved = [approval, ...resolved.filter((other) => other.id !== id)].slice(0, resolvedMax);
      return true;
    },
    forget(id) {
      pending.delete(id);
    },
    get pending() {
      return [...pending.values()].sort((a, b) => Date.parse(a.expires_at) - Date.parse(b.expires_at));
    },
    get resolved() {
      return resolved;
    },
  };
}
