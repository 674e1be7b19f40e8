import { sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/postgres-js";
import postgres from "postgres";
import { addPartitions } from "./add-partitions.ts";
import { createDrizzleApprovalStore } from "./approval-store.ts";
import { idsOfComingMonths } from "./audit-months.ts";
import { createDrizzleAuditPartitions } from "./audit-partitions.ts";
import { createDrizzleAuditStore } from "./audit-store.ts";
import type { Database, Drizzle, RunOnDatabase } from "./database.ts";
import { createDrizzleKeyStore } from "./key-store.ts";
import { applyMigrationsInTurn } from "./migrate.ts";
import { createOpener, databaseBackoffMs } from "./opener.ts";
import { createDrizzleRuleSetArchive } from "./rule-set-archive.ts";
import { toStorageFault } from "./storage-fault.ts";
import { createDrizzleWebhookQueue } from "./webhook-queue.ts";

export interface PostgresOptions {
  /** `postgres://user:password@host:port/database`. SECURITY: holds a password; never logged or put into an error. */
  readonly url: string;
  readonly connectionsMax?: number;
  readonly connectTimeoutMs?: number;
  /** For one piece of work. The server cancels it then; a second later so do we, if the server did not. */
  readonly queryTimeoutMs?: number;
  readonly migrateTimeoutMs?: number;
  /** Told of every failed attempt to open the database. */
  readonly onError?: (error: Error) => void;
}

interface Pool {
  readonly client: postgres.Sql;
  readonly db: Drizzle;
}

/**
 * PostgreSQL through Drizzle and postgres.js.
 * @throws TypeError when `url` is not a connection string
 */
export function createPostgresDatabase(options: PostgresOptions): Database {
  const { queryTimeoutMs = 5000, migrateTimeoutMs = 300_000 } = options;
  let pool = connect(options, options.connectionsMax ?? 10, { statement_timeout: queryTimeoutMs });
  const opener = createOpener<true>({
    async open() {
      await prepare(options, migrateTimeoutMs);
      return true;
    },
    async dispose() {},
    backoffMs: databaseBackoffMs,
    waitMs: queryTimeoutMs,
    onError: options.onError ?? (() => {}),
  });

  const run: RunOnDatabase = async (work) => {
    await opener.get();
    const { client, db } = pool;
    try {
      return await withDeadline(work(db), queryTimeoutMs + 1000, () => replacePool(client));
    } catch (error) {
      throw toStorageFault(error);
    }
  };

  /** A server that hangs or vanished from the network leaves connections that never answer: get rid of all of them. */
  function replacePool(hanging: postgres.Sql): void {
    if (pool.client !== hanging || opener.state.status === "closed") return;
    pool = connect(options, options.connectionsMax ?? 10, { statement_timeout: queryTimeoutMs });
    void hanging.end({ timeout: 0 });
  }

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
    async close() {
      await opener.close();
      await pool.client.end({ timeout: 0 });
    },
  };
}

async function prepare(options: PostgresOptions, timeoutMs: number): Promise<void> {
  const single = connect(options, 1, { lock_timeout: timeoutMs });
  const work = async () => {
    await applyMigrationsInTurn(single.db);
    await addPartitions(single.db, idsOfComingMonths(Date.now()));
  };
  try {
    await withDeadline(work(), timeoutMs, () => void single.client.end({ timeout: 0 }));
  } catch (error) {
    throw toStorageFault(error);
  } finally {
    await single.client.end({ timeout: 0 });
  }
}

function connect(options: PostgresOptions, max: number, settings: Record<string, number>): Pool {
  const client = parseAndConnect(options.url, {
    max,
    connect_timeout: (options.connectTimeoutMs ?? 3000) / 1000,
    // A query that finds no connection tries at once; pausing between attempts is the callers' business.
    backoff: () => 0.05,
    // Drizzle reads arrays itself.
    fetch_types: false,
    onnotice: () => {},
    connection: { application_name: "verdict", ...settings },
  });
  return { client, db: drizzle(client) as unknown as Drizzle };
}

function parseAndConnect(url: string, settings: postgres.Options<Record<string, never>>): postgres.Sql {
  try {
    return postgres(url, settings);
  } catch {
    // SECURITY: the parser's error carries the whole string, password included, so it is not passed on.
    throw new TypeError("the PostgreSQL connection string cannot be parsed");
  }
}

/** Settles as `promise`, or rejects after `ms`; then `onTimeout` must make sure that `promise` settles as well. */
async function withDeadline<T>(promise: Promise<T>, ms: number, onTimeout: () => void): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`no answer within ${ms} ms`));
      onTimeout();
    }, ms);
  });
  try {
    return await Promise.race([promise, deadline]);
  } finally {
    clearTimeout(timer);
  }
}
