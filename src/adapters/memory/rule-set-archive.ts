import { UnavailableError } from "../../model/errors.ts";
import type { RuleSetArchive, RuleSource } from "../../rules/types.ts";

/** A `RuleSetArchive` that lives as long as the process. */
export interface MemoryRuleSetArchive extends RuleSetArchive {
  /** From then on every method throws `storage_unavailable`, as a database that went away does. */
  close(): Promise<void>;
}

export function createMemoryRuleSetArchive(): MemoryRuleSetArchive {
  const archive = new Map<string, readonly RuleSource[]>();
  let isClosed = false;

  function assertOpen(): void {
    if (isClosed) throw new UnavailableError("storage", "the store is closed");
  }

  return {
    async put(revision, sources) {
      assertOpen();
      if (!archive.has(revision)) archive.set(revision, structuredClone(sources));
    },
    async get(revision) {
      assertOpen();
      return structuredClone(archive.get(revision));
    },
    async close() {
      isClosed = true;
    },
  };
}
