import postgres from "postgres";
import { afterAll, afterEach, describe, expect, it, vi } from "vitest";
import { createPostgresApprovalNews } from "../../src/adapters/postgres/approval-news.ts";
import { connect, disconnect } from "../../src/adapters/postgres/connection.ts";
import type { Database } from "../../src/adapters/postgres/database.ts";
import { createPostgresDatabase } from "../../src/adapters/postgres/postgres-database.ts";
import { startPgBouncer } from "../servers.ts";
import { freshPostgres, ownServer } from "../shared-servers.ts";
import { describeApprovalNews } from "./approval-news.ts";
import { describeApprovalStore } from "./approval-store.ts";
import { describeAuditStore } from "./audit-store.ts";
import { decisionRecord, idOf, ids, insertRecords } from "./samples.ts";

const direct = await freshPostgres();
const bouncer = direct === undefined ? undefined : await ownServer(() => startPgBouncer(direct));

const opened: Database[] = [];
async function open(): Promise<Database> {
  const database = createPostgresDatabase({ url: bouncer!.url, connectionsMax: 3 });
  opened.push(database);
  // The first one makes the tables, which may take longer than a statement may.
  await vi.waitFor(() => database.ping(), 20_000);
  return database;
}
afterEach(() => Promise.all(opened.splice(0).map((database) => database.close())));

describe.skipIf(bouncer === undefined)("PostgreSQL behind PgBouncer", () => {
  const client = postgres(direct ?? "postgres://none", { max: 1, onnotice: () => {} });
  afterAll(() => client.end());

  async function openEmpty(): Promise<Database> {
    const database = await open();
    await client`truncate audit_records, approvals`;
    return database;
  }

  describeAuditStore("PgBouncer", async () => {
    const database = await openEmpty();
    return { store: database.auditStore, close: () => database.close() };
  });
  describeApprovalStore("PgBouncer", async () => {
    const [database, replica] = [await openEmpty(), await open()];
    return { store: database.approvalStore, replica: replica.approvalStore, close: () => database.close() };
  });
  describeApprovalNews("PgBouncer", async () => createPostgresApprovalNews({ url: bouncer!.url }));

  it("takes large batches by COPY", async () => {
    const { auditStore } = await openEmpty();
    const batch = Array.from({ length: 1000 }, (_, n) => decisionRecord(n));
    await insertRecords(auditStore, batch);
    expect(await client`select count(*)::int as count from audit_records`).toEqual([{ count: 1000 }]);
  });

  it("the server keeps to the settings of a connection, and has forgotten them for the next", async () => {
    const settingsOf = async (url: string, isSettled: boolean) => {
      const connection = connect({ url }, { statement_timeout: 4321, lock_timeout: 1234 });
      if (isSettled) await connection.settle();
      const names = ["statement_timeout", "lock_timeout", "jit", "tcp_keepalives_idle", "tcp_user_timeout"];
      const values = await Promise.all(
        names.map(async (name) => (await connection.client.unsafe(`show ${name}`))[0]![name] as string),
      );
      await disconnect(connection);
      return values;
    };
    expect(await settingsOf(bouncer!.url, true)).toEqual(["4321ms", "1234ms", "off", "30", "60000"]);
    expect(await settingsOf(bouncer!.url, false)).toEqual(await settingsOf(direct!, false));
  });

  it("goes on when the pooler was away", async () => {
    const { auditStore } = await openEmpty();
    await insertRecords(auditStore, [decisionRecord(1)]);
    await bouncer!.stop("SIGKILL");
    await expect(insertRecords(auditStore, [decisionRecord(2)])).rejects.toMatchObject({ code: "storage_unavailable" });
    await bouncer!.start();
    await vi.waitFor(() => insertRecords(auditStore, [decisionRecord(3)]), 20_000);
    expect(ids(await auditStore.list({ limit: 10 }))).toEqual([idOf(3), idOf(1)]);
  });
});
