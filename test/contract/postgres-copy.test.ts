import { connect, createServer, type Server, type Socket } from "node:net";
import postgres from "postgres";
import { afterAll, afterEach, describe, expect, it, vi } from "vitest";
import type { Database } from "../../src/adapters/postgres/database.ts";
import { createPostgresDatabase, type PostgresOptions } from "../../src/adapters/postgres/postgres-database.ts";
import { createTestDatabase } from "../servers.ts";
import { freshPostgres } from "../shared-servers.ts";
import { describeAuditStore } from "./audit-store.ts";
import { chainLines, decisionRecord, idAt, idOf, ids, insertRecords } from "./samples.ts";

const url = await freshPostgres();
const UNAVAILABLE = { code: "storage_unavailable" };

const opened: Database[] = [];
function open(options: Partial<PostgresOptions> = {}): Database {
  const database = createPostgresDatabase({ url: url!, connectionsMax: 1, ...options });
  opened.push(database);
  return database;
}
afterEach(() => Promise.all(opened.splice(0).map((database) => database.close())));

/** Some 700 KB. */
const LARGE = Array.from({ length: 1000 }, (_, n) => decisionRecord(n));

describe.skipIf(url === undefined)("records that go to PostgreSQL by COPY", () => {
  const client = postgres(url ?? "postgres://none", { max: 1, onnotice: () => {} });
  afterAll(() => client.end());

  async function openEmpty(options: Partial<PostgresOptions> = {}): Promise<Database> {
    const database = open(options);
    await database.ping();
    await client`truncate audit_records`;
    return database;
  }
  const arrivals = async (at: postgres.Sql = client) =>
    (await at`select 1 from pg_class where relname = 'verdict_arrivals'`).length;

  describeAuditStore("PostgreSQL, all by COPY", async () => {
    const database = await openEmpty({ copyBytes: 0, connectionsMax: 3 });
    return { store: database.auditStore, close: () => database.close() };
  });

  it("are those of large batches alone", async () => {
    const { auditStore } = await openEmpty();
    await insertRecords(auditStore, [decisionRecord(2000)]);
    expect(await arrivals()).toBe(0);
    await insertRecords(auditStore, LARGE);
    expect(await arrivals()).toBe(1);
    expect((await client`select count(*)::int as count from audit_records`)[0]).toEqual({ count: 1001 });
  });

  it("are all of a batch or none, and leave nothing behind for the next one", async () => {
    const { auditStore } = await openEmpty();
    await client.unsafe(`alter table audit_records add constraint test check (id <> '${idOf(999)}')`);
    await expect(insertRecords(auditStore, LARGE)).rejects.toMatchObject(UNAVAILABLE);
    await client.unsafe("alter table audit_records drop constraint test");
    expect(await auditStore.list({ limit: 1 })).toEqual([]);
    const next = LARGE.map((_, n) => decisionRecord(n + 2000));
    await insertRecords(auditStore, next);
    expect((await client`select min(id), count(*)::int from audit_records`)[0]).toEqual({
      min: idOf(2000),
      count: 1000,
    });
  });

  it("are stored although one of them, or their month, is not as the table has it", async () => {
    const { auditStore } = await openEmpty();
    const odd = [
      decisionRecord(2000, { action_name: "\u0000" }),
      decisionRecord(2001, { id: idAt(Date.UTC(2057, 3)) }),
    ];
    const lines = chainLines([...LARGE, ...odd]);
    await auditStore.insert(Buffer.from(lines.join("\n")));
    const stored = [
      ...(await auditStore.scan({ limit: 1001 })),
      ...(await auditStore.scan({ after: idOf(2000), limit: 9 })),
    ];
    expect(stored.map(({ line }) => line)).toEqual(lines);
  });

  it("are stored without it where the role may not make temporary tables", async () => {
    const other = await createTestDatabase(url!);
    const superuser = postgres(other.url, { max: 1, onnotice: () => {} });
    const name = `copy_${process.pid}_${Date.now()}`;
    try {
      const database = new URL(other.url).pathname.slice(1);
      await superuser.unsafe(`create role ${name} login; grant all on schema public to ${name};
        grant create on database ${database} to ${name}; revoke temporary on database ${database} from public`);
      const asRole = new URL(other.url);
      asRole.username = name;
      const { auditStore } = open({ url: asRole.href });
      await insertRecords(auditStore, LARGE);
      await insertRecords(auditStore, [decisionRecord(2000), ...LARGE]);
      expect((await superuser`select count(*)::int as count from audit_records`)[0]).toEqual({ count: 1001 });
      expect(await arrivals(superuser)).toBe(0);
    } finally {
      await Promise.all(opened.splice(0).map((each) => each.close()));
      await superuser.unsafe(`drop owned by ${name}; drop role ${name}`);
      await superuser.end();
      await other.drop();
    }
  });

  describe("over a connection that breaks", () => {
    const sockets = new Set<Socket>();
    let passed = 0;
    let passMax = Number.POSITIVE_INFINITY;
    let onPassed: (socket: Socket) => void = () => {};
    let gate: Server | undefined;
    afterEach(() => {
      for (const socket of sockets) socket.destroy();
      gate?.close();
      passMax = Number.POSITIVE_INFINITY;
    });

    /** PostgreSQL behind a gate that does something once more than `passMax` bytes went to it. */
    async function openThroughGate(options: Partial<PostgresOptions> = {}): Promise<Database> {
      const { hostname, port } = new URL(url!);
      gate = createServer((socket) => {
        const upstream = connect(Number(port), hostname);
        for (const [one, other] of [
          [socket, upstream],
          [upstream, socket],
        ] as const) {
          sockets.add(one);
          one.on("error", () => other.destroy()).on("close", () => other.destroy());
        }
        upstream.pipe(socket);
        socket.on("data", (bytes) => {
          passed += bytes.length;
          if (passed > passMax) onPassed(socket);
          else upstream.write(bytes);
        });
      });
      await new Promise<void>((resolve) => gate!.listen(0, "127.0.0.1", resolve));
      const through = new URL(url!);
      through.host = `127.0.0.1:${(gate.address() as { port: number }).port}`;
      return openEmpty({ url: through.href, ...options });
    }

    it.each([
      ["closed", (socket: Socket) => void socket.destroy()],
      ["reset", (socket: Socket) => void socket.resetAndDestroy()],
      ["silent", (socket: Socket) => void socket.pause()],
    ])("in their middle (%s), are none, and can be sent again", async (_, breakOff) => {
      const { auditStore } = await openThroughGate({ queryTimeoutMs: 500 });
      await insertRecords(auditStore, [decisionRecord(2000)]);
      for (const after of [0, 100, 300_000, 600_000]) {
        passed = 0;
        passMax = after;
        onPassed = breakOff;
        await expect(insertRecords(auditStore, LARGE)).rejects.toMatchObject(UNAVAILABLE);
        expect((await client`select count(*)::int as count from audit_records`)[0]).toEqual({ count: 1 });
      }
      passMax = Number.POSITIVE_INFINITY;
      await vi.waitFor(() => insertRecords(auditStore, LARGE), 10_000);
      expect((await client`select count(*)::int as count from audit_records`)[0]).toEqual({ count: 1001 });
      expect(ids(await auditStore.list({ limit: 1 }))).toEqual([idOf(2000)]);
    });

    it("behind them, before they are in the table, are none, and can be sent again", async () => {
      const { auditStore } = await openThroughGate();
      await client.begin(async (tx) => {
        await tx`lock table audit_records in access exclusive mode`;
        const refused = expect(insertRecords(auditStore, LARGE)).rejects.toMatchObject(UNAVAILABLE);
        await vi.waitFor(async () => {
          const ended = await tx`
            select pg_terminate_backend(pid) from pg_stat_activity
            where application_name = 'verdict' and datname = current_database() and wait_event_type = 'Lock'`;
          expect(ended).toHaveLength(1);
        }, 10_000);
        await refused;
      });
      expect(await auditStore.list({ limit: 1 })).toEqual([]);
      await insertRecords(auditStore, LARGE);
      expect(await auditStore.list({ limit: 500 })).toHaveLength(500);
    });
  });
});
