import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { AuditQuery, AuditStore } from "../../src/audit/types.ts";
import { AWKWARD_ARGUMENTS, decisionRecord, eventRecord, FIRST_TIME, idOf, ids, insertRecords } from "./samples.ts";

export interface OpenedAuditStore {
  readonly store: AuditStore;
  /** Closes the store; its methods fail from then on. May be called twice. */
  close(): Promise<void>;
  /** Called instead of `close` after a test that did not close it, where opening again is slow. */
  release?(): Promise<void>;
}

/** What every `AuditStore` promises. `create` gives an empty store each time. */
export function describeAuditStore(name: string, create: () => Promise<OpenedAuditStore>): void {
  describe(`AuditStore contract: ${name}`, () => {
    let opened: OpenedAuditStore;
    let store: AuditStore;
    beforeEach(async () => {
      opened = await create();
      store = opened.store;
    });
    afterEach(() => opened.release?.() ?? opened.close());

    describe("insert and get", () => {
      it.each(Object.entries(AWKWARD_ARGUMENTS))("gives back exactly what was inserted: %s", async (_, args) => {
        const record = decisionRecord(1, { arguments: args });
        await insertRecords(store, [record]);
        const found = await store.get(record.id);
        expect(found).toEqual(record);
        expect(JSON.stringify(found)).toBe(JSON.stringify(record));
      });

      it("gives back events", async () => {
        await insertRecords(store, [eventRecord(1)]);
        expect(await store.get(idOf(1))).toEqual(eventRecord(1));
      });

      it("gives undefined for an unknown id", async () => {
        expect(await store.get(idOf(1))).toBeUndefined();
        expect(await store.get("")).toBeUndefined();
        expect(await store.get("\u0000'; drop table audit_records")).toBeUndefined();
      });

      it("tells ids apart that differ only in case", async () => {
        const lower = decisionRecord(1, { id: "0193abcd-0000-7000-8000-00000000000a" });
        const upper = decisionRecord(2, { id: lower.id.toUpperCase() });
        await insertRecords(store, [lower, upper]);
        expect(await store.get(lower.id)).toEqual(lower);
        expect(await store.get(upper.id)).toEqual(upper);
        expect(ids(await store.list({ limit: 10 }))).toEqual([lower.id, upper.id]);
      });

      it("leaves a record alone that is already there", async () => {
        const first = decisionRecord(1, { arguments: { attempt: 1 } });
        await insertRecords(store, [first]);
        await insertRecords(store, [decisionRecord(1, { arguments: { attempt: 2 } }), decisionRecord(2)]);
        expect(await store.get(idOf(1))).toEqual(first);
        expect(ids(await store.list({ limit: 10 }))).toEqual([idOf(2), idOf(1)]);
      });

      it("keeps the first of two records with one id in the same batch", async () => {
        const first = decisionRecord(1, { arguments: { attempt: 1 } });
        await insertRecords(store, [first, decisionRecord(1, { arguments: { attempt: 2 } })]);
        expect(await store.get(idOf(1))).toEqual(first);
      });

      it("takes an empty batch", async () => {
        await insertRecords(store, []);
        expect(await store.list({ limit: 10 })).toEqual([]);
      });

      it("takes a batch of 1,000, again too", async () => {
        const batch = Array.from({ length: 1000 }, (_, n) => decisionRecord(n));
        await insertRecords(store, batch);
        await insertRecords(store, batch);
        const newest = await store.list({ limit: 500 });
        const older = await store.list({ limit: 500, before: newest.at(-1)!.id });
        expect([...newest, ...older]).toEqual(batch.toReversed());
        expect(await store.list({ limit: 500, before: older.at(-1)!.id })).toEqual([]);
      });

      it("does not share memory with the caller", async () => {
        const args = { amount: 1 };
        await insertRecords(store, [decisionRecord(1, { arguments: args })]);
        args.amount = 2;
        expect(await store.get(idOf(1))).toEqual(decisionRecord(1, { arguments: { amount: 1 } }));
      });
    });

    describe("list", () => {
      it("is newest first by id, whatever the order of arrival", async () => {
        await insertRecords(store, [decisionRecord(2), decisionRecord(3)]);
        await insertRecords(store, [decisionRecord(1)]);
        expect(ids(await store.list({ limit: 10 }))).toEqual([3, 2, 1].map(idOf));
        expect(ids(await store.list({ limit: 2 }))).toEqual([3, 2].map(idOf));
      });

      it("pages through records of one millisecond without losing or repeating any", async () => {
        await insertRecords(
          store,
          Array.from({ length: 25 }, (_, n) => decisionRecord(n, { time: FIRST_TIME })),
        );
        const seen: string[] = [];
        for (;;) {
          const before = seen.at(-1);
          const page = await store.list({ limit: 10, ...(before === undefined ? {} : { before }) });
          if (page.length === 0) break;
          seen.push(...ids(page));
        }
        expect(seen).toEqual(Array.from({ length: 25 }, (_, n) => idOf(24 - n)));
      });

      const records = [
        decisionRecord(1, { identity: "alice", session_id: "s1", decision: "allow", rules: ["a/one"] }),
        decisionRecord(2, { identity: "Alice", session_id: "S1", decision: "deny", rules: ["a/one", "b/two"] }),
        decisionRecord(3, { action_type: "sql_query", action_name: "psql", decision: "deny", rules: [] }),
        decisionRecord(4, { action_name: "stripe.*", decision: "approval_required", rules: ["b/two"] }),
        eventRecord(5),
        eventRecord(6, "key.created"),
        decisionRecord(7, { identity: "ali%", session_id: "x".repeat(5000), action_name: "n\u0000ul" }),
        decisionRecord(8, { identity: "\ud800", session_id: `${"x".repeat(4999)}y`, action_name: "n\uFFFDul" }),
      ];
      const cases: readonly [string, Partial<AuditQuery>, readonly number[]][] = [
        ["nothing", {}, [8, 7, 6, 5, 4, 3, 2, 1]],
        ["from, inclusive", { from: FIRST_TIME + 6 }, [8, 7, 6]],
        ["to, exclusive", { to: FIRST_TIME + 3 }, [2, 1]],
        ["an interval", { from: FIRST_TIME + 2, to: FIRST_TIME + 4 }, [3, 2]],
        ["an empty interval", { from: FIRST_TIME + 4, to: FIRST_TIME + 4 }, []],
        ["an interval far outside", { from: -1e18, to: 1e18 }, [8, 7, 6, 5, 4, 3, 2, 1]],
        ["a kind of event", { kind: "key.created" }, [6]],
        ["decisions", { kind: "decision" }, [8, 7, 4, 3, 2, 1]],
        ["an identity, with its case", { identity: "alice" }, [1]],
        ["an identity without wildcards", { identity: "ali%" }, [7]],
        ["an identity that is not well-formed text", { identity: "\ud800" }, [8]],
        ["an action type", { action_type: "sql_query" }, [3]],
        ["an action name, literally", { action_name: "stripe.*" }, [4]],
        ["an action name with a NUL", { action_name: "n\u0000ul" }, [7]],
        ["a decision", { decision: "deny" }, [8, 7, 3, 2]],
        ["any determining rule", { rule_id: "b/two" }, [4, 2]],
        ["a rule that never decided", { rule_id: "a/on" }, []],
        ["a session, with its case", { session_id: "s1" }, [1]],
        ["a session of 5,000 characters", { session_id: "x".repeat(5000) }, [7]],
        ["the end of the page before", { before: idOf(3) }, [2, 1]],
        ["several filters at once", { decision: "deny", rule_id: "a/one", to: FIRST_TIME + 5 }, [2]],
        ["filters that contradict each other", { kind: "rules.activated", decision: "deny" }, []],
      ];
      it.each(cases)("filters by %s", async (_, query, expected) => {
        await insertRecords(store, records);
        expect(ids(await store.list({ limit: 100, ...query }))).toEqual(expected.map(idOf));
      });
    });

    it("answers storage_unavailable once closed, from every method", async () => {
      await opened.close();
      const unavailable = { code: "storage_unavailable" };
      await expect(insertRecords(store, [decisionRecord(1)])).rejects.toMatchObject(unavailable);
      await expect(store.get(idOf(1))).rejects.toMatchObject(unavailable);
      await expect(store.list({ limit: 1 })).rejects.toMatchObject(unavailable);
    });
  });
}
