import { sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/postgres-js";
import postgres from "postgres";
import type { AuditStore } from "../../audit/index.ts";
import { addPartitions } from "./add-partitions.ts";
import { createDrizzleApprovalStore } from "./approval-store.ts";
import { idsOfComingMonths } from "./audit-months.ts";
import { createDrizzleAuditPartitions } from "./audit-partitions.ts";
import { createDrizzleAuditStore } from "./audit-store.ts";
import { createConnectionPool, type Lend } from "./connection-pool.ts";
import type { Database, Drizzle, RunOnDatabase } from "./database.ts";
import { withDeadline } from "./deadline.ts";
import { keepFreedMemory } from "./keep-freed-memory.ts";
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
  /**
   * For one statement, and for the wait for a connection. The server cancels the statement then; a second later we drop the
   * connection of work that has not settled.
   */
  readonly queryTimeoutMs?: number;
  readonly migrateTimeoutMs?: number;
  /** Told of every failed attempt to open the database. */
  readonly onError?: (error: Error) => void;
}

/** Calls that wait for a connection, of each kind. */
const WAITERS_MAX = 1000;

/**
 * How much of the connections what agents open may hold, and as much again for all else about approvals: what is left is
 * always there for keys and the log. (Of fewer than three connections nothing is left.)
 */
const APPROVALS_SHARE = 0.4;

interface Connection {
  readonly client: postgres.Sql;
  readonly db: Drizzle;
  isBroken: boolean;
}

/** Characters of a batch of records from which on its copies are worth keeping; one of them goes beyond what glibc keeps anyway. */
const LARGE_BATCH = 128 * 1024;

/** Not before there is a large batch: a service with little to do takes less memory without. */
function reusingMemory(store: AuditStore): AuditStore {
  let isReusing = false;
  return {
    ...store,
    insert(lines) {
      if (!isReusing && lines.length > LARGE_BATCH) {
        isReusing = true;
        keepFreedMemory();
      }
      return store.insert(lines);
    },
  };
}

/**
 * PostgreSQL through Drizzle and postgres.js.
 * @throws TypeError when `url` is not a connection string
 */
export function createPostgresDatabase(options: PostgresOptions): Database {
  const { connectionsMax = 10, queryTimeoutMs = 5000, migrateTimeoutMs = 300_000 } = options;
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
  const pool = createConnectionPool<Connection>({
    connect: () => connect(options, { statement_timeout: queryTimeoutMs }),
    isBroken: (connection) => connection.isBroken,
    disconnect,
    connectionsMax,
    waitersMax: WAITERS_MAX,
    waitMs: queryTimeoutMs,
    workMs: queryTimeoutMs + 1000,
  });

  function runIn(lend: Lend<Connection>): RunOnDatabase {
    return async (work) => {
      await opener.get();
      try {
        return await lend(({ db }) => work(db));
      } catch (error) {
        throw toStorageFault(error);
      }
    };
  }
  const run = runIn(pool.share(connectionsMax));
  const ofApprovals = Math.max(1, Math.floor(connectionsMax * APPROVALS_SHARE));
  const [runApprovals, runOpen] = [runIn(pool.share(ofApprovals)), runIn(pool.share(ofApprovals))];

  return {
    auditStore: reusingMemory(createDrizzleAuditStore(run)),
    auditPartitions: createDrizzleAuditPartitions(run),
    keyStore: createDrizzleKeyStore(run),
    ruleSetArchive: createDrizzleRuleSetArchive(run),
    approvalStore: createDrizzleApprovalStore(runApprovals, runOpen),
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
      await pool.close();
    },
  };
}

async function prepare(options: PostgresOptions, timeoutMs: number): Promise<void> {
  const single = connect(options, { lock_timeout: timeoutMs });
  const work = async () => {
    await applyMigrationsInTurn(single.db);
    await addPartitions(single.db, idsOfComingMonths(Date.now()));
  };
  try {
    await withDeadline(work(), timeoutMs, () => void disconnect(single));
  } catch (error) {
    throw toStorageFault(error);
  } finally {
    await disconnect(single);
  }
}

/**
 * One connection. Once it broke, the driver would connect again by itself, but with what it had not sent yet to the old one
 * before everything else; so it is given up then.
 */
function connect(options: PostgresOptions, settings: Record<string, number>): Connection {
  const client = parseAndConnect(options.url, {
    max: 1,
    connect_timeout: (options.connectTimeoutMs ?? 3000) / 1000,
    // A query that finds no connection tries at once; pausing between attempts is the callers' business.
    backoff: () => 0.05,
    // Drizzle reads arrays itself.
    fetch_types: false,
    onnotice: () => {},
    onclose: () => {
      connection.isBroken = true;
    },
    // No statement here is worth compiling: the first of a connection costs hundreds of milliseconds.
    connection: { application_name: "verdict", jit: "off", ...settings },
  });
  const begin = client.begin.bind(client) as Begin;
  const beginWhole: Begin = (work) =>
    begin(async (tx) => {
      try {
        return await work(tx);
      } catch (error) {
        // The driver would send a rollback into the socket that is gone, and what it throws then nobody can catch. It has
        // told our caller already.
        if (connection.isBroken) return new Promise<never>(() => {});
        throw error;
      }
    });
  const connection = {
    client,
    db: drizzle(Object.assign(client, { begin: beginWhole })) as unknown as Drizzle,
    isBroken: false,
  };
  return connection;
}

type Begin = (work: (tx: postgres.TransactionSql) => Promise<unknown>) => Promise<unknown>;

const disconnect = ({ client }: Connection) => client.end({ timeout: 0 });

function parseAndConnect(url: string, settings: postgres.Options<Record<string, never>>): postgres.Sql {
  try {
    return postgres(url, settings);
  } catch {
    // SECURITY: the parser's error carries the whole string, password included, so it is not passed on.
    throw new TypeError("the PostgreSQL connection string cannot be parsed");
  }
}
