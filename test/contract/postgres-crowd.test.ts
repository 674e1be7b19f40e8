import { drizzle } from "drizzle-orm/postgres-js";
import postgres from "postgres";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { toApprovalRow } from "../../src/adapters/postgres/approval-rows.ts";
import type { Database } from "../../src/adapters/postgres/database.ts";
import { createPostgresDatabase, type PostgresOptions } from "../../src/adapters/postgres/postgres-database.ts";
import { approvals } from "../../src/adapters/postgres/schema.ts";
import { freshPostgres } from "../shared-servers.ts";
import { actor, newApproval, OPENED_AT, pendingApproval } from "./approval-samples.ts";
import { decisionRecord, idOf, insertRecords } from "./samples.ts";

const url = await freshPostgres();
const UNAVAILABLE = { code: "storage_unavailable" };
const NOW = OPENED_AT + 1000;

let database: Database;
async function open(options: Partial<PostgresOptions> = {}): Promise<void> {
  database = createPostgresDatabase({ url: url!, ...options });
  await database.ping();
}
afterEach(() => database.close());

const times = (count: number) => Array.from({ length: count }, (_, n) => n);
const openAs = (n: number, identity: string) =>
  database.approvalStore.open(newApproval(n, { identity }), OPENED_AT, { pendingMax: 50 });
/** Outcomes, or codes of errors, each once. */
async function outcomesOf(calls: readonly Promise<{ readonly outcome: string }>[]): Promise<string[]> {
  const settled = await Promise.all(
    calls.map((call) =>
      call.then(
        ({ outcome }) => outcome,
        ({ code }) => String(code),
      ),
    ),
  );
  return [...new Set(settled)].toSorted();
}

describe.skipIf(url === undefined)("PostgreSQL with a crowd in front of it", () => {
  const client = postgres(url ?? "postgres://none", { max: 1, onnotice: () => {} });
  const admin = drizzle(client);
  afterAll(() => client.end());
  beforeEach(async () => {
    await open();
    await client`truncate api_keys, approvals, audit_records`;
  });

  /** Of the connections that the database under test has. */
  async function processIds(): Promise<number[]> {
    const rows = await client<{ pid: number }[]>`
      select pid from pg_stat_activity
      where application_name = 'verdict' and datname = current_database() order by pid`;
    return rows.map(({ pid }) => pid);
  }

  async function expectOthersServed(): Promise<void> {
    expect(await database.keyStore.list()).toEqual([]);
    await insertRecords(database.auditStore, [decisionRecord(1)]);
    expect(await database.approvalStore.get(idOf(9999), NOW)).toBeUndefined();
    expect(await database.approvalStore.expireDue(NOW, 10)).toEqual([]);
  }

  it("serves others while a requester's questions wait for one that is held up, and then serves those", async () => {
    let crowd: Promise<string[]> | undefined;
    await admin
      .transaction(async (tx) => {
        // Who opens an approval with the same id has to see first what becomes of this one.
        await tx.insert(approvals).values(toApprovalRow(pendingApproval(0)));
        crowd = outcomesOf(times(100).map((n) => openAs(n, "crowd")));
        expect(await openAs(1000, "other")).toMatchObject({ outcome: "opened" });
        await expectOthersServed();
        tx.rollback();
      })
      .catch(() => {});
    expect(await crowd).toEqual(["opened", "queue_full"]);
  });

  it("serves keys, the log and who decides while every requester's questions are held up, and then serves those", async () => {
    let crowd: Promise<string[]> | undefined;
    await openAs(500, "asked before");
    await client.begin(async (tx) => {
      await tx`lock table approvals in share row exclusive mode`;
      crowd = outcomesOf(times(60).map((n) => openAs(n, `requester ${n}`)));
      await expectOthersServed();
    });
    expect(await crowd).toEqual(["opened"]);
    expect(await database.approvalStore.vote(idOf(500), actor("alice"), undefined, NOW)).toMatchObject({ ok: true });
  });

  it("refuses at once what is more than a line, and breaks no connection", async () => {
    await Promise.all(times(20).map(() => database.ping()));
    const before = await processIds();
    const crowd = outcomesOf(times(5000).map((n) => openAs(n, "crowd")));
    const others = [openAs(9000, "other"), database.keyStore.list(), database.auditStore.list({ limit: 1 })];
    await expect(Promise.all(others)).resolves.toMatchObject([{ outcome: "opened" }, [], []]);
    expect(await crowd).toEqual(["opened", "queue_full", "storage_unavailable"]);
    expect(await processIds()).toEqual(expect.arrayContaining(before));
  });

  it("answers storage_unavailable to who waits too long for a connection, and breaks none", async () => {
    await database.close();
    await open({ connectionsMax: 1, queryTimeoutMs: 200 });
    const before = await processIds();
    await client.begin(async (tx) => {
      await tx`lock table api_keys in access exclusive mode`;
      const calls = times(20).map(() => expect(database.keyStore.list()).rejects.toMatchObject(UNAVAILABLE));
      await Promise.all(calls);
    });
    expect(await database.keyStore.list()).toEqual([]);
    expect(await processIds()).toEqual(before);
  });
});
