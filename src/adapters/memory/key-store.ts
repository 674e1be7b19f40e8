import type { ApiKey, KeyStore } from "../../identity/types.ts";
import { AppError, UnavailableError } from "../../model/errors.ts";
import { compareBytes } from "./compare-bytes.ts";

/** A `KeyStore` that lives as long as the process. */
export interface MemoryKeyStore extends KeyStore {
  /** From then on every method throws `storage_unavailable`, as a database that went away does. */
  close(): Promise<void>;
}

export function createMemoryKeyStore(): MemoryKeyStore {
  const keys = new Map<string, ApiKey>();
  let isClosed = false;

  function assertOpen(): void {
    if (isClosed) throw new UnavailableError("storage", "the store is closed");
  }

  return {
    async list() {
      assertOpen();
      return structuredClone([...keys.values()].sort((a, b) => compareBytes(a.id, b.id)));
    },
    async insert(key) {
      assertOpen();
      const isTaken = keys.has(key.id) || [...keys.values()].some((other) => other.hash === key.hash);
      if (isTaken) throw new AppError("conflict", "a key with this id or hash already exists");
      keys.set(key.id, structuredClone(key));
    },
    async insertIfEmpty(batch) {
      assertOpen();
      if (keys.size > 0) return false;
      for (const key of batch) keys.set(key.id, structuredClone(key));
      return true;
    },
    async revoke(id, at) {
      assertOpen();
      const key = keys.get(id);
      if (key === undefined) return undefined;
      const revoked: ApiKey = { ...key, revokedAt: key.revokedAt ?? at };
      keys.set(id, revoked);
      return structuredClone(revoked);
    },
    async close() {
      isClosed = true;
    },
  };
}
