import { sql } from "drizzle-orm";
import { addPartitions } from "./add-partitions.ts";
import { createDrizzleApprovalStore } from "./approval-store.ts";
import { idsOfComingMonths } from "./audit-months.ts";
import { createDrizzleAuditPartitions } from "./audit-partitions.ts";
import { createDrizzleAuditStore } from "./audit-store.ts";
import { type Connection, type ConnectionOptions, connect, disconnect } from "./connection.ts";
import { createConnectionPool, type Lend } from "./connection-pool.ts";
import { createInsert } from "./copy-lines.ts";
import type { Database, RunOnDatabase } from "./database.ts";
import { withDeadline } from "./deadline.ts";
import { createDrizzleKeyStore } from "./key-store.ts";
import { applyMigrationsInTurn } from "./migrate.ts";
import { createOpener, databaseBackoffMs } from "./opener.ts";
import { createDrizzleRuleSetArchive } from "./rule-set-archive.ts";
import { toStorageFault } from "./storage-fault.ts";
import { createDrizzleWebhookQueue } from "./webhook-queue.ts";

export interface PostgresOptions extends ConnectionOptions {
  readonly connectionsMax?: number;
  /**
   * For one statement, and for the wait for a connection. The server cancels the statement then; a second later we drop the
   * connection of work that has not settled.
   */
  readonly queryTimeoutMs?: number;
  readonly migrateTimeoutMs?: number;
  /** Bytes of a batch of records from which on it goes by COPY. For tests. */
  readonly copyBytes?: number;
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
    isSpent: ({ isBroken, renewAt }) => isBroken || performance.now() > renewAt,
    disconnect,
    connectionsMax,
    waitersMax: WAITERS_MAX,
    waitMs: queryTimeoutMs,
    workMs: queryTimeoutMs + 1000,
  });

  function share(max: number): Lend<Connection> {
    const lend = pool.share(max);
    return async (work) => {
      await opener.get();
      try {
        return await lend(async (connection) => {
          await connection.settle();
          return work(connection);
        });
      } catch (error) {
        throw toStorageFault(error);
      }
    };
  }
  const runOn =
    (lend: Lend<Connection>): RunOnDatabase =>
    (work) =>
      lend(({ db }) => work(db));
  const lend = share(connectionsMax);
  const run = runOn(lend);
  const ofApprovals = Math.max(1, Math.floor(connectionsMax * APPROVALS_SHARE));
  const [runApprovals, runOpen] = [runOn(share(ofApprovals)), runOn(share(ofApprovals))];

  return {
    auditStore: { ...createDrizzleAuditStore(run), insert: createInsert(lend, options.copyBytes) },
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
    await single.settle();
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
