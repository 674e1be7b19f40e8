import postgres from "postgres";
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { connect, disconnect } from "../../src/adapters/postgres/connection.ts";
import type { Database } from "../../src/adapters/postgres/database.ts";
import { createPostgresDatabase } from "../../src/adapters/postgres/postgres-database.ts";
import { freshPostgres } from "../shared-servers.ts";
import { actor, newApproval, OPENED_AT } from "./approval-samples.ts";
import { idOf } from "./samples.ts";

const url = await freshPostgres();
const UNAVAILABLE = { code: "storage_unavailable" };
const NOW = OPENED_AT + 1000;

// An exception that nobody catches ends the service; the runner fails a run that has one.
describe.skipIf(url === undefined)("a connection to PostgreSQL that breaks", () => {
  const client = postgres(url ?? "postgres://none", { max: 2, onnotice: () => {} });
  afterAll(() => client.end());
  let database: Database;
  beforeEach(async () => {
    database = createPostgresDatabase({ url: url!, connectionsMax: 1 });
    await database.ping();
    await client`truncate approvals`;
    await database.approvalStore.open(newApproval(1), OPENED_AT, { pendingMax: 10 });
  });
  afterEach(() => database.close());

  const vote = () => database.approvalStore.vote(idOf(1), actor("alice"), undefined, NOW);

  /** @returns how many connections it ended */
  async function endConnections(state: "active" | "idle"): Promise<number> {
    const ended = await client`
      select pg_terminate_backend(pid) from pg_stat_activity
      where application_name = 'verdict' and datname = current_database() and state = ${state}`;
    return ended.length;
  }

  it("in the middle of a transaction fails that alone, changes nothing, and is replaced", async () => {
    for (let round = 0; round < 5; round += 1) {
      await client.begin(async (tx) => {
        await tx`select id from approvals for update`;
        const refused = expect(vote()).rejects.toMatchObject(UNAVAILABLE);
        await vi.waitFor(async () => expect(await endConnections("active")).toBe(1), 10_000);
        await refused;
      });
      expect(await database.keyStore.list()).toEqual([]);
    }
    expect(await vote()).toMatchObject({ ok: true, approval: { votes: [{ voter: "alice" }] } });
  });

  it("is not made again in the middle of some work, where it would have no settings", async () => {
    const connection = connect({ url: url! }, { statement_timeout: 500 });
    await connection.settle();
    const [mine] = await connection.client<{ pid: number }[]>`select pg_backend_pid() as pid`;
    await client`select pg_terminate_backend(${mine!.pid})`;
    await vi.waitFor(() => expect(connection.isBroken).toBe(true), 10_000);
    await expect(connection.client`select 1`).rejects.toThrow("the connection has broken");
    await expect(connection.client`select 1`).rejects.toThrow("the connection has broken");
    await disconnect(connection);
  });

  it("while nobody uses it is replaced", async () => {
    expect(await endConnections("idle")).toBe(1);
    // Who comes before we have heard of it finds out.
    await vi.waitFor(() => database.ping(), 10_000);
    expect(await vote()).toMatchObject({ ok: true });
  });

  it("or whose time has come is not used again, and others are", async () => {
    const pids = async () => {
      const rows = await client<{ pid: number }[]>`
        select pid from pg_stat_activity where application_name = 'verdict' and datname = current_database()`;
      return rows.map(({ pid }) => pid);
    };
    await database.ping();
    const [first] = await pids();
    await database.ping();
    expect(await pids()).toEqual([first]);
    await database.close();
    database = createPostgresDatabase({ url: url!, connectionsMax: 1, renewAfterMs: 0 });
    await database.ping();
    await vi.waitFor(async () => expect(await pids()).toEqual([]), 10_000);
    await database.ping();
  });
});
