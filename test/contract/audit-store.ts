import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { AuditFilters, AuditStore } from "../../src/audit/types.ts";
import { describeArrivals, follow } from "./audit-arrivals.ts";
import {
  AWKWARD_ARGUMENTS,
  chainLines,
  decisionRecord,
  eventRecord,
  FIRST_TIME,
  idAt,
  idOf,
  ids,
  insertRecords,
  newWriter,
} from "./samples.ts";

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
        const [record] = await insertRecords(store, [decisionRecord(1, { arguments: args })]);
        const found = await store.get(idOf(1));
        expect(found).toEqual(record);
        expect(JSON.stringify(found)).toBe(JSON.stringify(record));
      });

      it("gives back events", async () => {
        const [record] = await insertRecords(store, [eventRecord(1)]);
        expect(await store.get(idOf(1))).toEqual(record);
      });

      it("takes a record of which whole parts were redacted, beside one that no column can hold", async () => {
        const whole = { ...decisionRecord(1), request: "[redacted:dense:0]", identity: "[redacted:dense:1]" };
        const lines = chainLines([
          whole as never,
          decisionRecord(2, { arguments: { a: "b\u0000" }, action_name: "\u0000" }),
        ]);
        await store.insert(Buffer.from(lines.join("\n")));
        expect((await store.scan({ limit: 9 })).map(({ line }) => line)).toEqual(lines);
        expect(await store.list({ identity: "x", limit: 9 })).toEqual([]);
      });

      it("gives undefined for an unknown id", async () => {
        expect(await store.get(idOf(1))).toBeUndefined();
        expect(await store.get("")).toBeUndefined();
        expect(await store.get("\u0000'; drop table audit_records")).toBeUndefined();
      });

      it("tells ids apart that differ only in case", async () => {
        const lower = "0193abcd-0000-7000-8000-00000000000a";
        const upper = lower.toUpperCase();
        const both = await insertRecords(store, [decisionRecord(1, { id: lower }), decisionRecord(2, { id: upper })]);
        expect(await store.get(lower)).toEqual(both[0]);
        expect(await store.get(upper)).toEqual(both[1]);
        expect(ids(await store.list({ limit: 10 }))).toEqual([lower, upper]);
      });

      it("leaves a record alone that is already there", async () => {
        const [first] = await insertRecords(store, [decisionRecord(1, { arguments: { attempt: 1 } })]);
        await insertRecords(store, [decisionRecord(1, { arguments: { attempt: 2 } }), decisionRecord(2)]);
        expect(await store.get(idOf(1))).toEqual(first);
        expect(ids(await store.list({ limit: 10 }))).toEqual([idOf(2), idOf(1)]);
      });

      it("keeps the first of two records with one id in the same batch", async () => {
        const attempts = [1, 2].map((attempt) => decisionRecord(1, { arguments: { attempt } }));
        const [first] = await insertRecords(store, attempts);
        expect(await store.get(idOf(1))).toEqual(first);
      });

      it("takes an empty batch, and empty lines", async () => {
        await store.insert(Buffer.alloc(0));
        expect(await store.list({ limit: 10 })).toEqual([]);
        await store.insert(Buffer.from(`\n${chainLines([eventRecord(1), eventRecord(2)]).join("\n\n\n")}\n`));
        expect(ids(await store.list({ limit: 10 }))).toEqual([idOf(2), idOf(1)]);
      });

      it("takes a batch of 1,000, again too", async () => {
        const batch = Array.from({ length: 1000 }, (_, n) => decisionRecord(n));
        const records = await insertRecords(store, batch);
        await insertRecords(store, batch);
        const newest = await store.list({ limit: 500 });
        const older = await store.list({ limit: 500, before: newest.at(-1)!.id });
        expect([...newest, ...older]).toEqual(records.toReversed());
        expect(await store.list({ limit: 500, before: older.at(-1)!.id })).toEqual([]);
      });

      it("takes records of many months at once, oldest and newest included", async () => {
        const times = [0, 1, FIRST_TIME, Date.UTC(2030, 1, 28), Date.UTC(2030, 2, 1), Date.UTC(9999, 11, 31)];
        const expected = times.map((time) => idAt(time));
        await insertRecords(
          store,
          expected.toReversed().map((id, n) => decisionRecord(n, { id })),
        );
        expect((await store.scan({ limit: 10 })).map(({ id }) => id)).toEqual(expected);
        expect(ids(await store.list({ limit: 10 }))).toEqual(expected.toReversed());
      });

      it("is not held up by a record whose id is absurd, and gives that back as well", async () => {
        const absurd = [
          "",
          "/",
          "~",
          "zzz",
          "ffffffff-ffff-7fff-bfff-ffffffffffff",
          "Größe 💸",
          "n\u0000ul",
          "x".repeat(5000),
        ];
        const records = [decisionRecord(1), ...absurd.map((id) => ({ ...eventRecord(1), id }))];
        const chained = await insertRecords(store, records);
        await insertRecords(store, records);
        for (const record of chained) expect(await store.get(record.id)).toEqual(record);
        expect(await store.list({ limit: 100 })).toHaveLength(records.length);
      });

      it("does not lose a record to the first ones of a month, however many writers insert them at once", async () => {
        const at = Date.UTC(2031, 4, 1);
        const writers = Array.from({ length: 8 }, (_, n) => [decisionRecord(n, { id: idAt(at, n) })]);
        await Promise.all(writers.map((batch, n) => insertRecords(store, batch, newWriter(n))));
        expect(await store.scan({ limit: 100, from: at })).toHaveLength(8);
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
          Array.from({ length: 25 }, (_, n) => decisionRecord(n, { id: idAt(FIRST_TIME, n) })),
        );
        const seen: string[] = [];
        for (;;) {
          const before = seen.at(-1);
          const page = await store.list({ limit: 10, ...(before === undefined ? {} : { before }) });
          if (page.length === 0) break;
          seen.push(...ids(page));
        }
        expect(seen).toEqual(Array.from({ length: 25 }, (_, n) => idAt(FIRST_TIME, 24 - n)));
      });

      it("pages through the records of a rule among others, as scan does", async () => {
        const rules = (n: number) => (n % 4 === 0 ? ["a/one", "b/two"] : ["a/one"]);
        await insertRecords(
          store,
          Array.from({ length: 20 }, (_, n) => decisionRecord(n, { rules: rules(n) })),
        );
        const expected = [16, 12, 8, 4, 0].map(idOf);
        const query = { rule_id: "b/two", limit: 3 };
        const newest = await store.list(query);
        const older = await store.list({ ...query, before: newest.at(-1)!.id });
        expect([ids(newest), ids(older)]).toEqual([expected.slice(0, 3), expected.slice(3)]);
        const oldest = await store.scan(query);
        const newer = await store.scan({ ...query, after: oldest.at(-1)!.id });
        expect([...oldest, ...newer].map(({ id }) => id)).toEqual(expected.toReversed());
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
      const cases: readonly [string, AuditFilters & { before?: string }, readonly number[]][] = [
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

      it.each(cases.filter(([, query]) => query.before === undefined))(
        "as do scan and arrivals: %s",
        async (_, query, expected) => {
          const { cursor } = await store.arrivals(undefined, {}, 1);
          await insertRecords(store, records);
          const ascending = expected.map(idOf).toReversed();
          expect((await store.scan({ limit: 100, ...query })).map(({ id }) => id)).toEqual(ascending);
          const follower = follow(store, cursor, query);
          await follower.until(ascending.length);
          expect(follower.ids).toEqual(ascending);
        },
      );
    });

    describe("scan", () => {
      it("gives lines byte for byte as they were written", async () => {
        const request =
          '{ "action_type":"tool_call", "action_name" :"n", "a":1.0, "a":-0, "b":1e99999, "c":"\\u0041\\/" }';
        const line = chainLines([decisionRecord(1)])[0]!.replace(
          /"request":.*?,"identity"/,
          `"request":${request},"identity"`,
        );
        const lines = [
          line,
          ...chainLines(Object.values(AWKWARD_ARGUMENTS).map((args, n) => decisionRecord(n + 2, { arguments: args }))),
        ];
        await store.insert(Buffer.from(lines.join("\n")));
        expect((await store.scan({ limit: 100 })).map((stored) => stored.line)).toEqual(lines);
      });

      it("is oldest first, and pages without losing or repeating any", async () => {
        await insertRecords(
          store,
          [5, 3, 4, 1, 2].map((n) => eventRecord(n)),
        );
        const first = await store.scan({ limit: 2 });
        expect(first.map(({ id }) => id)).toEqual([1, 2].map(idOf));
        const rest = await store.scan({ limit: 10, after: first.at(-1)!.id });
        expect(rest.map(({ id }) => id)).toEqual([3, 4, 5].map(idOf));
        expect(await store.scan({ limit: 10, after: rest.at(-1)!.id })).toEqual([]);
      });

      it("sees exactly what was there at its snapshot, whatever is inserted behind it or before it", async () => {
        expect(await store.scan({ snapshot: await store.snapshot(), limit: 10 })).toEqual([]);
        await insertRecords(store, [eventRecord(3), eventRecord(5)]);
        const snapshot = await store.snapshot();
        await insertRecords(store, [eventRecord(1), eventRecord(4), eventRecord(9)]);
        const seen = await store.scan({ snapshot, limit: 10 });
        expect(seen.map(({ id }) => id)).toEqual([idOf(3), idOf(5)]);
        expect((await store.scan({ snapshot, after: idOf(3), limit: 10 })).map(({ id }) => id)).toEqual([idOf(5)]);
        expect(await store.scan({ snapshot: await store.snapshot(), limit: 10 })).toHaveLength(5);
      });
    });

    describeArrivals(() => store);

    it("answers storage_unavailable once closed, from every method", async () => {
      await opened.close();
      const unavailable = { code: "storage_unavailable" };
      await expect(insertRecords(store, [decisionRecord(1)])).rejects.toMatchObject(unavailable);
      await expect(store.get(idOf(1))).rejects.toMatchObject(unavailable);
      await expect(store.list({ limit: 1 })).rejects.toMatchObject(unavailable);
      await expect(store.scan({ limit: 1 })).rejects.toMatchObject(unavailable);
      await expect(store.arrivals(undefined, {}, 1)).rejects.toMatchObject(unavailable);
    });
  });
}
