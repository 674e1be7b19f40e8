import { existsSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { sql } from "drizzle-orm";
import { createDrizzleApprovalStore } from "../postgres/approval-store.ts";
import { createDrizzleAuditPartitions } from "../postgres/audit-partitions.ts";
import { createDrizzleAuditStore } from "../postgres/audit-store.ts";
import type { Database, RunOnDatabase } from "../postgres/database.ts";
import { createDrizzleKeyStore } from "../postgres/key-store.ts";
import { applyMigrations } from "../postgres/migrate.ts";
import { createOpener, databaseBackoffMs } from "../postgres/opener.ts";
import { createDrizzleRuleSetArchive } from "../postgres/rule-set-archive.ts";
import { faultCode, toStorageFault } from "../postgres/storage-fault.ts";
import { createDrizzleWebhookQueue } from "../postgres/webhook-queue.ts";
import { type OpenedPglite, openPglite } from "./pglite-client.ts";
import { unpackSeedImage } from "./seed-image.ts";

export interface PgliteOptions {
  /**
   * The database's own folder, made when it is missing. INVARIANT: one process at a time, or the database is destroyed
   * without an error; hold the data directory's lock.
   */
  readonly directory: string;
  /** Where a new database is unpacked from. Without the file it is made from scratch, which takes seconds. */
  readonly seedImage?: string;
  /** Told of every failed attempt to open the database. */
  readonly onError?: (error: Error) => void;
  /** Opens a folder; the default is PGlite itself. */
  readonly openFolder?: typeof openPglite;
}

/** The build puts it beside the compiled code. */
const SEED_IMAGE = fileURLToPath(new URL("./seed.tar.gz", import.meta.url));

/** Making a database from scratch on a slow machine. */
const OPEN_WAIT_MS = 30_000;

/** PostgreSQL in this process, for a service without a database server. */
export function createPgliteDatabase(options: PgliteOptions): Database {
  const { onError = () => {} } = options;
  const opener = createOpener<OpenedPglite>({
    open: () => openDatabase(options),
    dispose: ({ client }) => client.close(),
    backoffMs: databaseBackoffMs,
    waitMs: OPEN_WAIT_MS,
    onError,
  });

  const run: RunOnDatabase = async (work) => {
    const opened = await opener.get();
    try {
      return await work(opened.db);
    } catch (error) {
      const fault = toStorageFault(error);
      // Not PostgreSQL's answer but PGlite's end: its memory is gone, so nothing but opening it again helps.
      if (fault !== error && !isSqlState(faultCode(error))) opener.reopen(opened);
      throw fault;
    }
  };

  return {
    auditStore: createDrizzleAuditStore(run),
    auditPartitions: createDrizzleAuditPartitions(run),
    keyStore: createDrizzleKeyStore(run),
    ruleSetArchive: createDrizzleRuleSetArchive(run),
    approvalStore: createDrizzleApprovalStore(run),
    webhookQueue: createDrizzleWebhookQueue(run),
    get state() {
      return opener.state;
    },
    open: () => opener.start(),
    async ping() {
      await run((db) => db.execute(sql`select 1`));
    },
    close: () => opener.close(),
  };
}

async function openDatabase(options: PgliteOptions): Promise<OpenedPglite> {
  const { directory, openFolder = openPglite } = options;
  if (!existsSync(join(directory, "PG_VERSION"))) await createDatabase(options);
  const opened = await openFolder(directory);
  try {
    await applyMigrations(opened.db);
    return opened;
  } catch (error) {
    await opened.client.close();
    throw toStorageFault(error);
  }
}

/** Made aside and renamed, so that a process that dies halfway leaves no half database to be opened. */
async function createDatabase(options: PgliteOptions): Promise<void> {
  const { directory, seedImage = SEED_IMAGE, onError = () => {}, openFolder = openPglite } = options;
  const unfinished = `${directory}.unfinished`;
  await mkdir(dirname(directory), { recursive: true, mode: 0o700 });
  await rm(unfinished, { recursive: true, force: true });
  if (!existsSync(seedImage) || !(await tryUnpacking(seedImage, unfinished, onError))) {
    const { client } = await openFolder(unfinished);
    await client.close();
  }
  await rename(unfinished, directory);
}

async function tryUnpacking(seedImage: string, folder: string, onError: (error: Error) => void): Promise<boolean> {
  try {
    await unpackSeedImage(seedImage, folder);
    return true;
  } catch (error) {
    onError(new Error(`the seed image ${seedImage} cannot be used: ${(error as Error).message}`));
    await rm(folder, { recursive: true, force: true });
    return false;
  }
}

function isSqlState(code: string | undefined): boolean {
  return code !== undefined && /^[0-9A-Z]{5}$/.test(code);
}
