import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sql } from "drizzle-orm";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type OpenedPglite, openPglite } from "../../src/adapters/pglite/pglite-client.ts";
import { createPgliteDatabase, type PgliteOptions } from "../../src/adapters/pglite/pglite-database.ts";
import { writeSeedImage } from "../../src/adapters/pglite/seed-image.ts";
import { createDrizzleAuditStore } from "../../src/adapters/postgres/audit-store.ts";
import type { Database } from "../../src/adapters/postgres/database.ts";
import { expectStoreToEqualMachine } from "../property/approval-machine.ts";
import { describeApprovalStore } from "./approval-store.ts";
import { describeAuditPartitions } from "./audit-partitions.ts";
import { describeAuditStore } from "./audit-store.ts";
import { describeKeyStore } from "./key-store.ts";
import { describeRuleSearch } from "./rule-search.ts";
import { describeRuleSetArchive } from "./rule-set-archive.ts";
import { apiKey, decisionRecord, idOf, ids, insertRecords } from "./samples.ts";
import { describeWebhookQueue } from "./webhook-queue.ts";

const root = mkdtempSync(join(tmpdir(), "verdict-pglite-"));
const seedImage = join(root, "seed.tar.gz");
beforeAll(() => writeSeedImage(seedImage));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const opened: Database[] = [];
afterAll(() => Promise.all(opened.map((database) => database.close())));

/** A database, and what PGlite opened for it last. */
function create(name: string, overrides: Partial<PgliteOptions> = {}) {
  const directory = join(root, "nested", "folders", name);
  const folders: string[] = [];
  let last: OpenedPglite | undefined;
  const openFolder = async (folder: string) => {
    folders.push(folder);
    last = await openPglite(folder);
    return last;
  };
  const database = createPgliteDatabase({ directory, seedImage, openFolder, ...overrides });
  opened.push(database);
  return { database, directory, folders, opened: () => last! };
}

/** Emptied row by row: that takes a tenth of what `truncate` does, which makes new files. */
const TABLES = ["api_keys", "approvals", "audit_records", "rule_sets", "webhook_deliveries"];

/** One database for a suite, emptied for each test, since opening it takes most of a second. */
function shared(name: string) {
  let current: ReturnType<typeof create> | undefined;
  return async () => {
    current ??= create(name);
    const { database, opened: raw } = current;
    await database.ping();
    for (const table of TABLES) await raw().db.execute(sql.raw(`delete from ${table}`));
    const close = async () => {
      current = undefined;
      await database.close();
    };
    return { database, db: raw().db, close, release: async () => {} };
  };
}

const audit = shared("audit");
describeAuditStore("PGlite", async () => {
  const { database, ...rest } = await audit();
  return { store: database.auditStore, ...rest };
});
const searched = shared("searched");
describeRuleSearch("PGlite", async () => {
  const { db } = await searched();
  return (rowsExamined) => createDrizzleAuditStore((work) => work(db), rowsExamined);
});
const partitions = shared("partitions");
describeAuditPartitions("PGlite", async () => {
  const { database, ...rest } = await partitions();
  return { store: database.auditStore, partitions: database.auditPartitions, ...rest };
});
const ruleSets = shared("rule-sets");
describeRuleSetArchive("PGlite", async () => {
  const { database, ...rest } = await ruleSets();
  return { archive: database.ruleSetArchive, ...rest };
});
const approvals = shared("approvals");
describeApprovalStore("PGlite", async () => {
  const { database, ...rest } = await approvals();
  return { store: database.approvalStore, ...rest };
});
it("an approval store in PGlite does what the state machine does, whatever is asked of it in whatever order", async () => {
  await expectStoreToEqualMachine(async () => (await approvals()).database.approvalStore, 25);
}, 60_000);
const webhooks = shared("webhooks");
describeWebhookQueue("PGlite", async () => {
  const { database, ...rest } = await webhooks();
  return { queue: database.webhookQueue, ...rest };
});
const keys = shared("keys");
describeKeyStore("PGlite", async () => {
  const { database, ...rest } = await keys();
  return { store: database.keyStore, ...rest };
});

describe("createPgliteDatabase", () => {
  it("unpacks a new database from the image, makes its folders, and keeps them from other users", async () => {
    const { database, directory, folders } = create("from-image");
    await database.keyStore.insert(apiKey(1));
    expect(folders).toEqual([directory]);
    expect(statSync(directory).mode & 0o777).toBe(0o700);
    await database.close();
  });

  it("keeps what it stored when it is opened again", async () => {
    const first = create("again");
    const [record] = await insertRecords(first.database.auditStore, [decisionRecord(1)]);
    await first.database.close();
    const second = create("again");
    expect(await second.database.auditStore.get(idOf(1))).toEqual(record);
    await second.database.close();
  });

  it("makes a database from scratch when the image is broken, and says so", async () => {
    const broken = join(root, "broken.tar.gz");
    writeFileSync(broken, "not an archive");
    const onError = vi.fn();
    const { database, directory } = create("broken-image", { seedImage: broken, onError });
    await database.keyStore.insert(apiKey(1));
    expect(String(onError.mock.calls)).toContain(broken);
    expect(readdirSync(join(directory, ".."))).not.toContain("broken-image.unfinished");
    await database.close();
  }, 60_000);

  it("applies migrations that an older database lacks", async () => {
    const { client } = await openPglite(join(root, "old"));
    await client.close();
    const database = createPgliteDatabase({ directory: join(root, "old"), seedImage });
    await database.keyStore.insert(apiKey(1));
    expect(await database.keyStore.list()).toEqual([apiKey(1)]);
    await database.close();
  }, 60_000);

  it("is not opened before it is asked to, and not after it was closed", async () => {
    const { database, directory } = create("lazy");
    expect(database.state).toEqual({ status: "opening" });
    expect(existsSync(directory)).toBe(false);
    await database.close();
    database.open();
    await expect(database.ping()).rejects.toMatchObject({ code: "storage_unavailable" });
    expect(existsSync(directory)).toBe(false);
  });

  it("answers storage_unavailable when PGlite died, and is opened again", async () => {
    const { database, opened: raw, folders } = create("dying");
    await insertRecords(database.auditStore, [decisionRecord(1)]);
    await raw().client.close();
    await expect(database.ping()).rejects.toMatchObject({ code: "storage_unavailable" });
    await vi.waitFor(() => database.ping(), 10_000);
    expect(folders).toHaveLength(2);
    expect(ids(await database.auditStore.list({ limit: 10 }))).toEqual([idOf(1)]);
    await database.close();
  });

  it("has the partitions of this month and the next when its image is new", async () => {
    const { database } = create("coming-months");
    const [thisMonth, nextMonth] = await database.auditPartitions.list();
    const now = Date.now();
    expect(thisMonth!.from <= now && now < nextMonth!.to).toBe(true);
    expect(nextMonth!.from).toBe(thisMonth!.to);
    await database.close();
  });

  it("inserts all of a large batch or nothing", async () => {
    const { database, opened: raw } = create("atomic");
    await database.ping();
    await raw().db.execute(sql`alter table audit_records add constraint test check (seq <> 251)`);
    const batch = Array.from({ length: 251 }, (_, n) => decisionRecord(n));
    await expect(insertRecords(database.auditStore, batch)).rejects.toThrow();
    expect(await database.auditStore.list({ limit: 10 })).toEqual([]);
    await database.close();
  });
});
