import { sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/postgres-js";
import postgres from "postgres";
import { afterAll, describe, expect, it } from "vitest";
import { createPostgresDatabase } from "../../src/adapters/postgres/postgres-database.ts";
import { freshPostgres } from "../shared-servers.ts";
import { describeAuditStore } from "./audit-store.ts";
import { describeKeyStore } from "./key-store.ts";

const url = await freshPostgres();

describe.skipIf(url === undefined)("PostgreSQL", () => {
  const client = postgres(url ?? "", { max: 1, onnotice: () => {} });
  const admin = drizzle(client);
  afterAll(() => client.end());

  async function openEmpty() {
    const database = createPostgresDatabase({ url: url! });
    await database.ping();
    await admin.execute(sql`truncate api_keys, audit_records`);
    return database;
  }
  describeAuditStore("PostgreSQL", async () => {
    const database = await openEmpty();
    return { store: database.auditStore, close: () => database.close() };
  });
  describeKeyStore("PostgreSQL", async () => {
    const database = await openEmpty();
    return { store: database.keyStore, close: () => database.close() };
  });

  it("inserts a batch of more rows than fit one statement all at once", async () => {
    const database = await openEmpty();
    expect(database.state).toEqual({ status: "open" });
    await database.close();
    expect(database.state).toEqual({ status: "closed" });
  });
});
