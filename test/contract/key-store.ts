import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type ApiKey, type KeyStore, SCOPES } from "../../src/identity/types.ts";
import { apiKey, idOf } from "./samples.ts";

export interface OpenedKeyStore {
  readonly store: KeyStore;
  /** Closes the store; its methods fail from then on. May be called twice. */
  close(): Promise<void>;
  /** Called instead of `close` after a test that did not close it, where opening again is slow. */
  release?(): Promise<void>;
}

/** What every `KeyStore` promises. `create` gives an empty store each time. */
export function describeKeyStore(name: string, create: () => Promise<OpenedKeyStore>): void {
  describe(`KeyStore contract: ${name}`, () => {
    let opened: OpenedKeyStore;
    let store: KeyStore;
    beforeEach(async () => {
      opened = await create();
      store = opened.store;
    });
    afterEach(() => opened.release?.() ?? opened.close());

    it("starts empty", async () => {
      expect(await store.list()).toEqual([]);
    });

    it("gives back every field, and no field that was not there", async () => {
      const full = apiKey(1, {
        identity: { name: "Ünïcode 💸 \u0000", roles: ["a,b", '{"c"}', "NULL", ""], tenant: "acme" },
        roles: ["admin", "agent"],
        scopes: SCOPES,
        expiresAt: 1_900_000_000_123,
        revokedAt: 1_800_000_000_001,
      });
      await store.insert(full);
      await store.insert(apiKey(2));
      expect(await store.list()).toStrictEqual([full, apiKey(2)]);
    });

    it("lists by id in byte order, expired and revoked keys too", async () => {
      const lower = apiKey(1, { id: "0193abcd-0000-7000-8000-00000000000a", expiresAt: 1 });
      const upper = apiKey(2, { id: lower.id.toUpperCase(), revokedAt: 2 });
      for (const key of [lower, apiKey(3), upper]) await store.insert(key);
      expect(await store.list()).toStrictEqual([apiKey(3), upper, lower]);
    });

    it("refuses an id or a hash that exists, and keeps the first key", async () => {
      await store.insert(apiKey(1));
      await expect(store.insert(apiKey(2, { id: idOf(1) }))).rejects.toMatchObject({ code: "conflict" });
      await expect(store.insert(apiKey(3, { hash: apiKey(1).hash }))).rejects.toMatchObject({ code: "conflict" });
      expect(await store.list()).toStrictEqual([apiKey(1)]);
    });

    it("tells hashes apart that differ only in case", async () => {
      const keys = [apiKey(1, { hash: "ab".repeat(32) }), apiKey(2, { hash: "AB".repeat(32) })];
      for (const key of keys) await store.insert(key);
      expect(await store.list()).toStrictEqual(keys);
    });

    it("revokes once: the first time stays", async () => {
      await store.insert(apiKey(1));
      await store.insert(apiKey(2));
      const revoked: ApiKey = { ...apiKey(1), revokedAt: 1000 };
      expect(await store.revoke(idOf(1), 1000)).toStrictEqual(revoked);
      expect(await store.revoke(idOf(1), 2000)).toStrictEqual(revoked);
      expect(await store.list()).toStrictEqual([revoked, apiKey(2)]);
    });

    it("gives undefined when asked to revoke an unknown id, or one in another case", async () => {
      await store.insert(apiKey(1, { id: "abc" }));
      expect(await store.revoke("ABC", 1)).toBeUndefined();
      expect(await store.revoke("abc\u0000", 1)).toBeUndefined();
      expect(await store.list()).toStrictEqual([apiKey(1, { id: "abc" })]);
    });

    it("lets exactly one of two racing inserts of one id win", async () => {
      const results = await Promise.allSettled([1, 2, 3, 4].map((n) => store.insert(apiKey(n, { id: idOf(9) }))));
      expect(results.filter((result) => result.status === "fulfilled")).toHaveLength(1);
      expect(await store.list()).toHaveLength(1);
    });

    it("takes first keys into an empty store, all of them", async () => {
      expect(await store.insertIfEmpty([apiKey(1), apiKey(2)])).toBe(true);
      expect(await store.list()).toStrictEqual([apiKey(1), apiKey(2)]);
    });

    it("takes no first keys when any key was ever stored, a revoked one too", async () => {
      await store.insert(apiKey(1, { revokedAt: 1 }));
      expect(await store.insertIfEmpty([apiKey(2)])).toBe(false);
      expect(await store.list()).toStrictEqual([apiKey(1, { revokedAt: 1 })]);
    });

    it("lets exactly one of several starting replicas store its first keys", async () => {
      const results = await Promise.all(
        [1, 2, 3, 4].map((n) => store.insertIfEmpty([apiKey(2 * n), apiKey(2 * n + 1)])),
      );
      expect(results.filter(Boolean)).toHaveLength(1);
      expect(await store.list()).toHaveLength(2);
    });

    it("answers storage_unavailable once closed, from every method", async () => {
      await opened.close();
      const unavailable = { code: "storage_unavailable" };
      await expect(store.list()).rejects.toMatchObject(unavailable);
      await expect(store.insert(apiKey(1))).rejects.toMatchObject(unavailable);
      await expect(store.insertIfEmpty([apiKey(1)])).rejects.toMatchObject(unavailable);
      await expect(store.revoke(idOf(1), 1)).rejects.toMatchObject(unavailable);
    });
  });
}
