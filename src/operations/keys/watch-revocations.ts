import { isStorageDown } from "../../model/errors.ts";
import type { Service } from "../service.ts";
import { shareReads } from "../share-reads.ts";

/** Notices that keys were revoked, at this replica or at another one. */
export interface RevocationWatch {
  /** Counts up when keys were revoked. INVARIANT: by then this process refuses them. */
  readonly count: number;
  /** Finds what was not heard. What the first look finds is no news, unless that failed before. Never throws. */
  look(): Promise<void>;
}

type WatchedKeys = Pick<Service, "keyStore" | "keyRing" | "keyChanges" | "logger">;

/** @param onRevoked called after `count` has changed */
export function createRevocationWatch(service: WatchedKeys, onRevoked: () => void): RevocationWatch {
  const { keyStore, keyRing, keyChanges, logger } = service;
  let known: ReadonlySet<string> | undefined;
  let count = 0;
  let isHeard = false;

  const readRevoked = shareReads(async () => {
    const keys = await keyStore.list();
    const revoked = keys.filter(({ revokedAt }) => revokedAt !== undefined).map(({ id }) => id);
    const isRingBehind = () => revoked.some((id) => !keyRing.isRevoked(id));
    if (isRingBehind()) await keyRing.refresh();
    // A refresh that a change overtook has no effect.
    if (isRingBehind()) return findLater();
    const before = known;
    known = new Set(revoked);
    if (before === undefined || revoked.every((id) => before.has(id))) return;
    count += 1;
    onRevoked();
  });

  /** Whatever is found then was perhaps revoked after somebody began to follow. */
  function findLater(): void {
    known ??= new Set();
  }

  /** Nobody waits for it; it is tried again when it failed. */
  function hear(): void {
    if (isHeard) return;
    isHeard = true;
    keyChanges
      .subscribe(() => void look())
      .catch((error) => {
        isHeard = false;
        logger.warn({ err: error }, "no news of keys; they are looked at from time to time");
      });
  }

  async function look(): Promise<void> {
    hear();
    try {
      await readRevoked();
    } catch (error) {
      findLater();
      if (!isStorageDown(error)) logger.error({ err: error }, "revoked keys could not be looked for");
    }
  }

  return {
    get count() {
      return count;
    },
    look,
  };
}
