import { connect, createServer, type Server, type Socket } from "node:net";
import postgres from "postgres";
import { afterAll, afterEach, describe, expect, it, vi } from "vitest";
import type { Database } from "../../src/adapters/postgres/database.ts";
import { createPostgresDatabase, type PostgresOptions } from "../../src/adapters/postgres/postgres-database.ts";
import type { AuditStore } from "../../src/audit/index.ts";
import { freshPostgres } from "../shared-servers.ts";
import { describeAuditStore } from "./audit-store.ts";
import { chainLines, decisionRecord, idAt, idOf, ids, insertRecords } from "./samples.ts";

const url = await freshPostgres();
const UNAVAILABLE = { code: "storage_unavailable" };

/** One of PostgreSQL's, as it stands in "Message Formats" of its documentation. */
function message(type: string, body: string): Buffer {
  const length = Buffer.alloc(4);
  length.writeInt32BE(4 + body.length);
  return Buffer.concat([Buffer.from(type), length, Buffer.from(body, "latin1")]);
}

const opened: Database[] = [];
function open(options: Partial<PostgresOptions> = {}): Database {
  const database = createPostgresDatabase({ url: url!, connectionsMax: 1, ...options });
  opened.push(database);
  return database;
}
afterEach(() => Promise.all(opened.splice(0).map((database) => database.close())));

/** Some 900 KB. */
const LARGE = Array.from({ length: 1000 }, (_, n) => decisionRecord(n));

describe.skipIf(url === undefined)("records that go to PostgreSQL by COPY", () => {
  const client = postgres(url ?? "postgres://none", { max: 1, onnotice: () => {} });
  afterAll(() => client.end());

  async function openEmpty(options: Partial<PostgresOptions> = {}): Promise<Database> {
    const database = open(options);
    // The first one makes the tables, which may take longer than a statement may.
    await vi.waitFor(() => database.ping(), 20_000);
    await client`truncate audit_records`;
    return database;
  }

  const count = async () => (await client`select count(*)::int as count from audit_records`)[0]!.count;

  /** Of the connections of the service, those that are in the middle of a COPY. */
  const copying = () => client<{ xid: string | null; state: string }[]>`
    select backend_xid::text as xid, wait_event_type as state from pg_stat_activity
    where application_name = 'verdict' and datname = current_database() and query like 'copy %' and state = 'active'`;

  describeAuditStore("PostgreSQL, all by COPY", async () => {
    const database = await openEmpty({ copyBytes: 0, connectionsMax: 3 });
    return { store: database.auditStore, close: () => database.close() };
  });

  it("are all of a batch or none", async () => {
    const { auditStore } = await openEmpty();
    await client.unsafe(`alter table audit_records add constraint test check (id <> '${idOf(999)}')`);
    await expect(insertRecords(auditStore, LARGE)).rejects.toMatchObject(UNAVAILABLE);
    await client.unsafe("alter table audit_records drop constraint test");
    expect(await auditStore.list({ limit: 1 })).toEqual([]);
    await insertRecords(auditStore, LARGE.slice(1));
    expect(await count()).toBe(999);
  });

  it.each([
    ["one of them", { action_name: "\u0000" }],
    ["their month", { id: idAt(Date.UTC(2057, 3)) }],
  ])("are stored although %s is not as the table has it", async (_, parts) => {
    const { auditStore } = await openEmpty();
    const lines = chainLines([...LARGE, decisionRecord(2000, parts)]);
    await auditStore.insert(Buffer.from(lines.join("\n")));
    const stored = [
      ...(await auditStore.scan({ limit: 500 })),
      ...(await auditStore.scan({ limit: 501, after: idOf(499) })),
    ];
    expect(stored.map(({ line }) => line)).toEqual(lines);
  });

  it.each([
    ["what would end a COPY of text", Buffer.from("\n\\.\n")],
    ["bytes that are no text", Buffer.from([0xff])],
    ["a NUL", Buffer.from([0])],
  ])("are none when there is %s among them, which nobody wrote", async (_, rot) => {
    const { auditStore } = await openEmpty();
    const lines = Buffer.from(chainLines(LARGE).join("\n"));
    rot.copy(lines, 500_000);
    await expect(auditStore.insert(lines)).rejects.toMatchObject(UNAVAILABLE);
    expect(await count()).toBe(0);
  });

  it.each([
    ["the statement is canceled", "pg_cancel_backend", /57014/],
    ["the connection ends", "pg_terminate_backend", /57P01|CONNECTION|ECONN/],
  ])("are none when %s before the server has put them into the table, and that is told", async (_, how, told) => {
    const { auditStore } = await openEmpty();
    await client.begin(async (tx) => {
      await tx`lock table audit_records in access exclusive mode`;
      const refused = expect(insertRecords(auditStore, LARGE)).rejects.toMatchObject({
        ...UNAVAILABLE,
        cause: expect.objectContaining({ message: expect.stringMatching(told) }),
      });
      await vi.waitFor(async () => {
        const ended = await tx.unsafe(`
          select ${how}(pid) from pg_stat_activity
          where application_name = 'verdict' and datname = current_database() and wait_event_type = 'Lock'`);
        expect(ended).toHaveLength(1);
      }, 10_000);
      await refused;
    });
    expect(await count()).toBe(0);
    await insertRecords(auditStore, LARGE);
    expect(await count()).toBe(1000);
  });

  describe("through a gate", () => {
    const sockets = new Set<Socket>();
    let gate: Server | undefined;
    /** Everything that went through to the server. */
    let sent: string;
    let sentMax: number;
    /** What happens to the connection that would send more. */
    let onMore: (socket: Socket) => void;
    afterEach(() => {
      for (const socket of sockets) socket.destroy();
      gate?.close();
    });

    async function openThroughGate(options: Partial<PostgresOptions> = {}): Promise<AuditStore> {
      const { hostname, port } = new URL(url!);
      [sent, sentMax] = ["", Number.POSITIVE_INFINITY];
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
          const passed = bytes.subarray(0, Math.max(0, sentMax - sent.length));
          upstream.write(passed);
          sent += passed.toString("latin1");
          if (passed.length < bytes.length) onMore(socket);
        });
      });
      await new Promise<void>((resolve) => gate!.listen(0, "127.0.0.1", resolve));
      const through = new URL(url!);
      through.host = `127.0.0.1:${(gate.address() as { port: number }).port}`;
      const { auditStore } = await openEmpty({ url: through.href, ...options });
      sent = "";
      return auditStore;
    }

    it("are those of large batches alone", async () => {
      const store = await openThroughGate();
      await insertRecords(store, [decisionRecord(2000)]);
      expect([sent.includes("copy "), sent.includes("insert into")]).toEqual([false, true]);
      sent = "";
      await insertRecords(store, LARGE);
      expect([sent.includes("copy "), sent.includes("insert into")]).toEqual([true, false]);
      expect(await count()).toBe(1001);
    });

    it("leave their connection as it was", async () => {
      const store = await openThroughGate();
      await insertRecords(store, LARGE);
      const connections = sockets.size;
      // One that is refused for what is in it, and one that is not.
      await insertRecords(store, [...LARGE.slice(0, 900), decisionRecord(2000, { action_name: "\u0000" })]);
      await insertRecords(store, LARGE);
      expect(sockets.size).toBe(connections);
      // A pooler would take a COPY that is said to have failed, although it is over, for one that is to come.
      expect(sent).not.toMatch(/f\0\0\0.null/s);
    });

    it.each([
      ["their middle", 400_000],
      ["the mark that no row follows", "c....\xff\xff".length],
      ["the end of the message", "c....".length],
    ])("keep nobody waiting who wait for %s", async (_, missing) => {
      const store = await openThroughGate();
      const some = LARGE.slice(0, 500);
      await insertRecords(store, some);
      const wholeLength = sent.length;
      await client`truncate audit_records`;
      let isHeld = false;
      [sent, sentMax] = ["", wholeLength - missing];
      onMore = (socket) => {
        isHeld = true;
        socket.pause();
      };
      const refused = insertRecords(store, some).catch(() => {});
      await vi.waitFor(() => expect(isHeld).toBe(true), 10_000);
      await vi.waitFor(async () => expect(await copying()).toEqual([{ xid: null, state: "Client" }]), 10_000);
      for (const socket of sockets) socket.destroy();
      await refused;
      expect(await count()).toBe(0);
    });

    it("are refused without harm by who says yes and no at once", async () => {
      const store = await openThroughGate();
      await insertRecords(store, [decisionRecord(2000)]);
      sentMax = 0;
      const error = message("E", "SERROR\0C57014\0Mcanceled\0\0");
      onMore = (socket) => socket.write(Buffer.concat([message("G", "\x01\0\x01\0\x01"), error, message("Z", "I")]));
      await expect(insertRecords(store, LARGE)).rejects.toMatchObject({
        ...UNAVAILABLE,
        cause: expect.objectContaining({ message: expect.stringContaining("57014") }),
      });
    });

    it.each([
      ["closed", (socket: Socket) => void socket.destroy()],
      ["reset", (socket: Socket) => void socket.resetAndDestroy()],
      ["silent", (socket: Socket) => void socket.pause()],
    ])("are none when the connection is %s in their middle, and can be sent again", async (_, breakOff) => {
      const store = await openThroughGate({ queryTimeoutMs: 500 });
      onMore = breakOff;
      await vi.waitFor(() => insertRecords(store, [decisionRecord(2000)]), 10_000);
      for (const max of [0, 10, 100, 300_000, 600_000]) {
        [sent, sentMax] = ["", max];
        await expect(insertRecords(store, LARGE)).rejects.toMatchObject(UNAVAILABLE);
        expect(await count()).toBe(1);
      }
      sentMax = Number.POSITIVE_INFINITY;
      await vi.waitFor(() => insertRecords(store, LARGE), 10_000);
      expect(await count()).toBe(1001);
      expect(ids(await store.list({ limit: 1 }))).toEqual([idOf(2000)]);
    });
  });
});
