import { beforeEach, describe, expect, it, vi } from "vitest";
import type { AuditFilters, AuditStore } from "../../src/audit/types.ts";
import { chainLines, decisionRecord, eventRecord, idOf, insertRecords, newWriter } from "./samples.ts";

/** What every `AuditStore` promises of `arrivals`. `current` gives the test's own store. */
export function describeArrivals(current: () => AuditStore): void {
  describe("arrivals", () => {
    let store: AuditStore;
    beforeEach(() => {
      store = current();
    });

    it("gives no lines without a cursor, and from that on each line that arrives, byte for byte", async () => {
      const { lines, cursors, cursor } = await store.arrivals(undefined, {}, 10);
      expect([lines, cursors]).toEqual([[], []]);
      const expected = chainLines([eventRecord(1), decisionRecord(2)]);
      await store.insert(Buffer.from(expected.join("\n")));
      const follower = follow(store, cursor);
      await follower.until(2);
      expect(follower.lines).toEqual(expected);
    });

    it("gives what arrives late although newer records were given before", async () => {
      const follower = follow(store, (await store.arrivals(undefined, {}, 1)).cursor);
      for (const n of [3, 1, 2]) {
        await insertRecords(store, [eventRecord(n)]);
        await follower.until(follower.ids.length + 1);
      }
      expect(follower.ids).toEqual([3, 1, 2].map(idOf));
    });

    it("does not give again what was inserted again", async () => {
      const follower = follow(store, (await store.arrivals(undefined, {}, 1)).cursor);
      await insertRecords(store, [eventRecord(1)]);
      await follower.until(1);
      await insertRecords(store, [eventRecord(1), eventRecord(2)]);
      await follower.until(2);
      expect(follower.ids).toEqual([1, 2].map(idOf));
    });

    it("goes on right behind each line with that line's cursor", async () => {
      const follower = follow(store, (await store.arrivals(undefined, {}, 1)).cursor);
      await insertRecords(
        store,
        [1, 2, 3].map((n) => eventRecord(n)),
      );
      await insertRecords(
        store,
        [4, 5].map((n) => eventRecord(n)),
      );
      await follower.until(5);
      for (const [at, cursor] of follower.cursors.entries()) {
        expect(cursor).toMatch(/^[0-9a-z.-]{1,80}$/);
        const page = await store.arrivals(cursor, {}, 100);
        expect(page.lines.map(({ id }) => id)).toEqual(follower.ids.slice(at + 1));
        expect(page.cursor).toBe(follower.cursors.at(-1));
      }
    });

    it("goes on behind records that the filters leave out, however many", async () => {
      const { cursor } = await store.arrivals(undefined, {}, 1);
      const noise = Array.from({ length: 2500 }, (_, n) => eventRecord(n));
      await insertRecords(store, [...noise, decisionRecord(2500)]);
      const follower = follow(store, cursor, { kind: "decision" }, 2);
      await follower.until(1);
      const { lines } = await store.arrivals(follower.cursor, {}, 10);
      expect(lines).toEqual([]);
      expect(follower.ids).toEqual([idOf(2500)]);
    });

    it("gives each record exactly once while many writers insert", async () => {
      const follower = follow(store, (await store.arrivals(undefined, {}, 1)).cursor, {}, 7);
      const writers = Array.from({ length: 6 }, async (_, writer) => {
        for (let batch = 0; batch < 5; batch += 1) {
          const records = [0, 1, 2, 3].map((n) => eventRecord(n + 4 * (batch + 5 * writer)));
          await insertRecords(store, records, newWriter(writer));
        }
      });
      await Promise.all([...writers, follower.until(120)]);
      expect(follower.ids.toSorted()).toEqual(Array.from({ length: 120 }, (_, n) => idOf(n)));
    });

    it.each(["", "1", ".", "x.", "-1.", "1e3.", "1.\u0000", "18446744073709551615.", "99999999999999999999."])(
      "refuses a cursor that it never gave: %j",
      async (cursor) => {
        await expect(store.arrivals(cursor, {}, 1)).rejects.toMatchObject({ code: "invalid_request" });
      },
    );
  });
}

/** Goes on from cursor to cursor and collects what it is given. A store may need a moment until it gives a record. */
export function follow(store: AuditStore, from: string, filters: AuditFilters = {}, limit = 100) {
  const follower = {
    cursor: from,
    ids: [] as string[],
    lines: [] as string[],
    cursors: [] as string[],
    /** Resolves when so many were given in all and the store has no more at the moment. */
    async until(count: number): Promise<void> {
      await vi.waitFor(async () => {
        for (let before: string | undefined; before !== follower.cursor; ) {
          before = follower.cursor;
          await follower.take();
        }
        if (follower.ids.length < count) throw new Error(`given ${follower.ids.length} of ${count}`);
      }, 10_000);
    },
    async take(): Promise<void> {
      const page = await store.arrivals(follower.cursor, filters, limit);
      expect(page.lines.length).toBeLessThanOrEqual(limit);
      follower.cursor = page.cursor;
      follower.ids.push(...page.lines.map(({ id }) => id));
      follower.lines.push(...page.lines.map(({ line }) => line));
      follower.cursors.push(...page.cursors);
    },
  };
  return follower;
}
