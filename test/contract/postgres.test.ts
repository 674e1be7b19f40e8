import { sql } from "drizzle-orm";
import { readMigrationFiles } from "drizzle-orm/migrator";
import { drizzle } from "drizzle-orm/postgres-js";
import postgres from "postgres";
import { afterAll, afterEach, describe, expect, it, vi } from "vitest";
import { toApprovalRow } from "../../src/adapters/postgres/approval-rows.ts";
import { createDrizzleAuditStore } from "../../src/adapters/postgres/audit-store.ts";
import type { Database, Drizzle } from "../../src/adapters/postgres/database.ts";
import { createPostgresDatabase, type PostgresOptions } from "../../src/adapters/postgres/postgres-database.ts";
import { createTestDatabase, freePort, startPostgres } from "../servers.ts";
import { freshPostgres, ownServer } from "../shared-servers.ts";
import { actor, EXPIRES_AT, OPENED_AT, pendingApproval } from "./approval-samples.ts";
import { describeApprovalStore } from "./approval-store.ts";
import { follow } from "./audit-arrivals.ts";
import { describeAuditPartitions } from "./audit-partitions.ts";
import { describeAuditStore } from "./audit-store.ts";
import { describeKeyStore } from "./key-store.ts";
import { describeRuleSearch } from "./rule-search.ts";
import { describeRuleSetArchive } from "./rule-set-archive.ts";
import { apiKey, chainLines, decisionRecord, eventRecord, idAt, idOf, ids, insertRecords } from "./samples.ts";
import { describeWebhookQueue } from "./webhook-queue.ts";

const url = await freshPostgres();
const own = await ownServer(startPostgres);

const opened: Database[] = [];
function open(options: Partial<PostgresOptions> = {}): Database {
  const database = createPostgresDatabase({ url: url!, connectionsMax: 3, ...options });
  opened.push(database);
  return database;
}
afterEach(() => Promise.all(opened.splice(0).map((database) => database.close())));

const UNAVAILABLE = { code: "storage_unavailable" };

/** Everything of an error that a logger could print. */
function allTextOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const own = Object.getOwnPropertyNames(error).map((name) => String(Reflect.get(error, name)));
  return [String(error), JSON.stringify(error), ...own, allTextOf(error.cause)].join("\n");
}

describe.skipIf(url === undefined)("PostgreSQL", () => {
  const client = postgres(url ?? "postgres://none", { max: 1, onnotice: () => {} });
  const admin = drizzle(client);
  afterAll(() => client.end());

  async function openEmpty(): Promise<Database> {
    const database = open();
    await database.ping();
    await admin.execute(sql`truncate api_keys, approvals, audit_records, rule_sets, webhook_deliveries`);
    return database;
  }
  describeAuditStore("PostgreSQL", async () => {
    const database = await openEmpty();
    return { store: database.auditStore, close: () => database.close() };
  });
  // With a few hundred rows the planner has one answer to everything, so it is told each.
  const plans = {
    "along the ids": { enable_bitmapscan: "off", enable_seqscan: "off", enable_sort: "off" },
    "by the index of rules": { enable_indexscan: "off", enable_seqscan: "off" },
  };
  for (const [plan, settings] of Object.entries(plans)) {
    const connection = { jit: "off", ...settings };
    const planned = postgres(url ?? "postgres://none", { max: 1, fetch_types: false, connection });
    afterAll(() => planned.end());
    describeRuleSearch(`PostgreSQL, ${plan}`, async () => {
      await openEmpty();
      return (rowsExamined) =>
        createDrizzleAuditStore((work) => work(drizzle(planned) as unknown as Drizzle), rowsExamined);
    });
  }
  describeAuditPartitions("PostgreSQL", async () => {
    const database = await openEmpty();
    const { auditStore: store, auditPartitions: partitions } = database;
    return { store, partitions, close: () => database.close() };
  });
  describeRuleSetArchive("PostgreSQL", async () => {
    const database = await openEmpty();
    return { archive: database.ruleSetArchive, close: () => database.close() };
  });
  describeApprovalStore("PostgreSQL", async () => {
    const [database, replica] = [await openEmpty(), open()];
    return { store: database.approvalStore, replica: replica.approvalStore, close: () => database.close() };
  });
  describeWebhookQueue("PostgreSQL", async () => {
    const [database, replica] = [await openEmpty(), open()];
    return { queue: database.webhookQueue, replica: replica.webhookQueue, close: () => database.close() };
  });
  describeKeyStore("PostgreSQL", async () => {
    const database = await openEmpty();
    return { store: database.keyStore, close: () => database.close() };
  });

  it("inserts all of a large batch or nothing", async () => {
    const { auditStore } = await openEmpty();
    const batch = Array.from({ length: 2500 }, (_, n) => decisionRecord(n));
    const records = await insertRecords(auditStore, batch);
    expect(await auditStore.list({ limit: 500, before: idOf(1) })).toEqual([records[0]]);
    await admin.execute(sql`truncate audit_records`);
    // The last row of the batch fails.
    await admin.execute(sql`alter table audit_records add constraint test check (id <> ${sql.raw(`'${idOf(2499)}'`)})`);
    await expect(insertRecords(auditStore, batch)).rejects.toMatchObject(UNAVAILABLE);
    await admin.execute(sql`alter table audit_records drop constraint test`);
    expect(await auditStore.list({ limit: 1 })).toEqual([]);
  });

  it("does not show records or hashes in its errors", async () => {
    const { auditStore, keyStore } = await openEmpty();
    await admin.execute(sql`alter table audit_records add constraint test check (kind = '') not valid`);
    await admin.execute(sql`alter table api_keys add constraint test check (false) not valid`);
    const secret = decisionRecord(1, { arguments: { token: "t0p-s3cret" } });
    const failures = await Promise.allSettled([insertRecords(auditStore, [secret]), keyStore.insert(apiKey(0xabc))]);
    await admin.execute(sql`alter table audit_records drop constraint test`);
    await admin.execute(sql`alter table api_keys drop constraint test`);
    for (const failure of failures) {
      expect(failure).toMatchObject({ status: "rejected", reason: UNAVAILABLE });
      const text = allTextOf((failure as PromiseRejectedResult).reason);
      expect(text).not.toContain("t0p-s3cret");
      expect(text).not.toContain(apiKey(0xabc).hash);
    }
  });

  it("finds the records of a rule far behind all others, in either direction", async () => {
    const { auditStore } = await openEmpty();
    await insertRecords(auditStore, [decisionRecord(0, { rules: ["a/first", "a/seldom"] })]);
    await admin.execute(sql`
      insert into audit_records (id, kind, rules, writer, seq, record)
      select ${idOf(1).slice(0, -12)} || lpad(to_hex(n), 12, '0'), 'decision', array['a/often'], 'w', n, '{}'
      from generate_series(1, 30000) as n`);
    await insertRecords(auditStore, [decisionRecord(2, { rules: ["a/last", "a/seldom"] })]);
    for (const [rule_id, expected] of [
      ["a/first", [0]],
      ["a/last", [2]],
      ["a/seldom", [2, 0]],
    ] as const) {
      const query = { rule_id, limit: 10 };
      expect(ids(await auditStore.list(query))).toEqual(expected.map(idOf));
      expect((await auditStore.scan(query)).map(({ id }) => id)).toEqual(expected.map(idOf).toReversed());
    }
    expect(ids(await auditStore.list({ rule_id: "a/seldom", limit: 1 }))).toEqual([idOf(2)]);
  });

  it("gives what an earlier transaction adds although a later one was first to commit", async () => {
    const { auditStore } = await openEmpty();
    const follower = follow(auditStore, (await auditStore.arrivals(undefined, {}, 1)).cursor);
    const [early] = chainLines([eventRecord(1)]);
    await insertRecords(auditStore, [eventRecord(0)]);
    await follower.until(1);
    await client.begin(async (earlier) => {
      await earlier`select pg_current_xact_id()`;
      await insertRecords(auditStore, [eventRecord(2)]);
      for (let turn = 0; turn < 5; turn += 1) await follower.take();
      expect(follower.ids).toEqual([idOf(0)]);
      await earlier`
        insert into audit_records (id, kind, rules, writer, seq, record)
        values (${idOf(1)}, 'rules.activated', '{}', 'w', 1, ${early!}::text::json)`;
    });
    await follower.until(3);
    expect(follower.ids).toEqual([0, 1, 2].map(idOf));
    expect(follower.lines[1]).toBe(early);
  });

  it("shows a scan nothing that was not there at its snapshot, of transactions that were under way then either", async () => {
    const { auditStore } = await openEmpty();
    const early = chainLines([eventRecord(1)])[0]!;
    await insertRecords(auditStore, [eventRecord(0)]);
    const snapshot = await client.begin(async (earlier) => {
      await earlier`
        insert into audit_records (id, kind, rules, writer, seq, record)
        values (${idOf(1)}, 'rules.activated', '{}', 'w', 1, ${early}::text::json)`;
      return auditStore.snapshot();
    });
    await insertRecords(auditStore, [eventRecord(2)]);
    const seen = await auditStore.scan({ snapshot, limit: 10 });
    expect(seen.map(({ id }) => id)).toEqual([idOf(0)]);
    expect(await auditStore.scan({ limit: 10 })).toHaveLength(3);
  });

  it("shows a scan what came with a dump from a server that was further on", async () => {
    const { auditStore } = await openEmpty();
    await insertRecords(auditStore, [eventRecord(0)]);
    await client`update audit_records set arrived_in = '9999999999'`;
    expect(await auditStore.scan({ snapshot: await auditStore.snapshot(), limit: 10 })).toHaveLength(1);
  });

  it("has the partitions of this month and the next when it is open", async () => {
    const { auditPartitions } = await openEmpty();
    const months = (await auditPartitions.list()).filter(({ to }) => to > Date.now());
    expect(months[0]!.from).toBeLessThanOrEqual(Date.now());
    expect(months[1]!.from).toBe(months[0]!.to);
  });

  it("adds a month's partition while others read, and gives up a drop that readers hold up", async () => {
    const { auditStore, auditPartitions } = await openEmpty();
    await insertRecords(auditStore, [decisionRecord(1)]);
    await client.begin(async (reader) => {
      await reader`select id from audit_records`;
      await insertRecords(auditStore, [decisionRecord(2, { id: idAt(Date.UTC(2051, 0)) })]);
      const [first] = await auditPartitions.list();
      const snapshot = await auditStore.snapshot();
      await expect(auditPartitions.drop([first!], snapshot)).rejects.toMatchObject(UNAVAILABLE);
    });
    expect(await auditStore.scan({ limit: 10 })).toHaveLength(2);
  });

  it("keeps the records of before the chain aside, where there are any", async () => {
    const tables = () => admin.execute(sql`select to_regclass('audit_records_unchained') is not null as kept`);
    await open().ping();
    expect(await tables()).toMatchObject([{ kept: false }]);
    const database = await createTestDatabase(url!);
    const old = postgres(database.url, { max: 1, onnotice: () => {} });
    try {
      const [first] = readMigrationFiles({ migrationsFolder: "src/adapters/postgres/migrations" });
      await old.unsafe(`create schema drizzle; ${first!.sql.join("")};
        create table drizzle.__drizzle_migrations (id serial primary key, hash text not null, created_at bigint);
        insert into drizzle.__drizzle_migrations (hash, created_at) values ('', ${first!.folderMillis});
        insert into audit_records (id, time, kind, rules, record) values ('old', now(), 'decision', '{}', '{"old":1}');`);
      const { auditStore } = open({ url: database.url });
      expect(await auditStore.list({ limit: 1 })).toEqual([]);
      await insertRecords(auditStore, [decisionRecord(1)]);
      expect(await old`select id, record from audit_records_unchained`).toEqual([{ id: "old", record: { old: 1 } }]);
    } finally {
      await Promise.all(opened.splice(0).map((each) => each.close()));
      await old.end();
      await database.drop();
    }
  });

  it("goes on with the approvals of a version that told no steps later, also while that one still runs", async () => {
    const database = await createTestDatabase(url!);
    const old = postgres(database.url, { max: 1, onnotice: () => {} });
    const insert = (n: number) => {
      const { untold: _, ...approval } = pendingApproval(n);
      const { claimableFrom: __, tenant, expiresAt, ...row } = toApprovalRow(approval);
      return old`
        insert into approvals (id, digest, status, requester, same_action, identity, tenant, rule_id, expires_at, approval)
        values (${row.id}, ${row.digest}, 'pending', ${row.requester}, ${row.sameAction}, ${row.identity},
          ${tenant ?? null}, ${row.ruleId}, ${expiresAt}, ${JSON.stringify(approval)}::text::json)`;
    };
    try {
      const files = readMigrationFiles({ migrationsFolder: "src/adapters/postgres/migrations" });
      const before = files.findIndex(({ sql: statements }) => statements.join().includes("claimable_from"));
      await old.unsafe(`create schema drizzle;
        create table drizzle.__drizzle_migrations (id serial primary key, hash text not null, created_at bigint);`);
      for (const { sql: statements, hash, folderMillis } of files.slice(0, before)) {
        await old.unsafe(statements.join(";"));
        await old`insert into drizzle.__drizzle_migrations (hash, created_at) values (${hash}, ${folderMillis})`;
      }
      await insert(1);
      const { approvalStore } = open({ url: database.url });
      expect(await approvalStore.claimUntold(EXPIRES_AT, 10)).toEqual([]);
      await insert(2);
      for (const n of [1, 2]) {
        expect(await approvalStore.vote(idOf(n), actor("alice"), undefined, OPENED_AT)).toMatchObject({ ok: true });
      }
      const claims = await approvalStore.claimUntold(OPENED_AT + 10_000, 10);
      expect(claims.map(({ approval, claimed }) => [approval.id, claimed.map(({ kind }) => kind)])).toEqual(
        [1, 2].map((n) => [idOf(n), ["voted", "approved"]]),
      );
    } finally {
      await Promise.all(opened.splice(0).map((each) => each.close()));
      await old.end();
      await database.drop();
    }
  });

  it("is migrated once when several replicas start at the same time", async () => {
    const database = await createTestDatabase(url!);
    try {
      const replicas = [1, 2, 3, 4].map(() => open({ url: database.url }));
      await Promise.all(replicas.map((replica, n) => replica.keyStore.insert(apiKey(n))));
      expect(await replicas[0]!.keyStore.list()).toHaveLength(4);
      await Promise.all(replicas.map((replica) => replica.close()));
    } finally {
      await database.drop();
    }
  });

  it("answers storage_unavailable when a statement takes too long", async () => {
    const database = open({ queryTimeoutMs: 200 });
    await database.ping();
    await client.begin(async (tx) => {
      await tx`lock table api_keys in access exclusive mode`;
      await expect(database.keyStore.list()).rejects.toMatchObject(UNAVAILABLE);
    });
    expect(await database.keyStore.list()).toEqual([]);
  });
});

describe("PostgreSQL that is away", () => {
  it("answers storage_unavailable while there is no server, says why, and never shows the password", async () => {
    const onError = vi.fn();
    const database = open({ url: `postgres://verdict:s3cret@127.0.0.1:${await freePort()}/verdict`, onError });
    const refused = await database.keyStore.list().catch((error: unknown) => error);
    expect(refused).toMatchObject(UNAVAILABLE);
    expect(database.state).toMatchObject({ status: "opening", lastError: expect.any(Error) });
    await expect(database.ping()).rejects.toMatchObject(UNAVAILABLE);
    expect(onError).toHaveBeenCalled();
    for (const error of [refused, ...onError.mock.calls.flat()]) {
      expect(allTextOf(error)).toContain("ECONNREFUSED");
      expect(allTextOf(error)).not.toContain("s3cret");
    }
  });

  it.each(["postgres://verdict:s3cret@[bad/verdict", "postgres://verdict:s3cret%zz@localhost/verdict"])(
    "refuses a connection string that cannot be parsed, without showing it: %s",
    (bad) => {
      let refused: unknown;
      try {
        open({ url: bad });
      } catch (error) {
        refused = error;
      }
      expect(refused).toBeInstanceOf(TypeError);
      expect(allTextOf(refused)).not.toContain("s3cret");
    },
  );

  describe.skipIf(own === undefined)("and comes back", () => {
    it("never shows a password that the server refused", async () => {
      const onError = vi.fn();
      const wrong = new URL(own!.url);
      wrong.password = "s3cret";
      const refused = await open({ url: wrong.href, onError })
        .ping()
        .catch((error: unknown) => error);
      expect(allTextOf(refused)).toContain("28P01");
      expect(allTextOf(refused) + onError.mock.calls.flat().map(allTextOf)).not.toContain("s3cret");
    });

    it("is used again after it was killed and started, without a restart of ours", async () => {
      const database = open({ url: own!.url });
      await insertRecords(database.auditStore, [decisionRecord(1)]);
      await own!.stop("SIGKILL");
      await expect(database.auditStore.list({ limit: 1 })).rejects.toMatchObject(UNAVAILABLE);
      await expect(database.keyStore.list()).rejects.toMatchObject(UNAVAILABLE);
      await own!.start();
      await vi.waitFor(() => database.ping(), 10_000);
      await insertRecords(database.auditStore, [decisionRecord(1), decisionRecord(2)]);
      expect(ids(await database.auditStore.list({ limit: 10 }))).toEqual([idOf(2), idOf(1)]);
    });

    it("is opened and migrated in the background when it was down at start", async () => {
      await own!.stop();
      const database = open({ url: own!.url });
      database.open();
      await expect(database.keyStore.list()).rejects.toMatchObject(UNAVAILABLE);
      await own!.start();
      await vi.waitFor(() => expect(database.state).toEqual({ status: "open" }), 20_000);
      await database.keyStore.insertIfEmpty([apiKey(1)]);
      expect(await database.keyStore.list()).toEqual([apiKey(1)]);
    });

    it("answers in bounded time when it hangs, and again after it goes on", async () => {
      const database = open({ url: own!.url, queryTimeoutMs: 200, connectTimeoutMs: 300 });
      await database.ping();
      await own!.stop("SIGSTOP");
      try {
        await expect(database.ping()).rejects.toMatchObject(UNAVAILABLE);
        await expect(database.ping()).rejects.toMatchObject(UNAVAILABLE);
      } finally {
        own!.resume();
      }
      await vi.waitFor(() => database.ping(), 10_000);
    });

    it("closes in bounded time while it hangs", async () => {
      const database = open({ url: own!.url });
      await database.ping();
      await own!.stop("SIGSTOP");
      try {
        const answer = database.ping().catch((error: unknown) => error);
        await database.close();
        expect(await answer).toMatchObject(UNAVAILABLE);
      } finally {
        own!.resume();
      }
    });
  });
});
