import type { SQL } from "drizzle-orm";
import type { PgDatabase, PgQueryResultHKT } from "drizzle-orm/pg-core";
import type { ApprovalStore } from "../../approvals/index.ts";
import type { AuditPartitions, AuditStore } from "../../audit/types.ts";
import type { KeyStore } from "../../identity/types.ts";
import type { RuleSetArchive } from "../../rules/types.ts";
import type { WebhookQueue } from "../../webhooks/index.ts";
import type { OpenerState } from "./opener.ts";

/** What Drizzle's PostgreSQL and PGlite drivers have in common. */
export type Drizzle = PgDatabase<PgQueryResultHKT, Record<string, never>>;

/**
 * Lends the database to `work` and turns every driver error into an `UnavailableError` (an `AppError` from `work` passes).
 * @throws UnavailableError `storage_unavailable`, in bounded time
 */
export type RunOnDatabase = <T>(work: (db: Drizzle) => Promise<T>) => Promise<T>;

/** A database as the rest of the service sees it. Opening goes on in the background and is retried until `close`. */
export interface Database {
  readonly auditStore: AuditStore;
  readonly auditPartitions: AuditPartitions;
  readonly keyStore: KeyStore;
  readonly ruleSetArchive: RuleSetArchive;
  readonly approvalStore: ApprovalStore;
  readonly webhookQueue: WebhookQueue;
  readonly state: OpenerState;
  /** Starts opening; the first use of a store does so as well. */
  open(): void;
  /** @throws UnavailableError `storage_unavailable` when the database is not open or does not answer */
  ping(): Promise<void>;
  /** Gives up opening, waits for nothing that runs, frees everything. May be called twice. */
  close(): Promise<void>;
}

/**
 * Runs a statement of our own making.
 * @returns rows whose columns are as the driver gives them: select everything but text and booleans as text
 */
export async function queryRows<Row>(db: Drizzle, query: SQL): Promise<Row[]> {
  const result: unknown = await db.execute(query);
  return (Array.isArray(result) ? result : (result as { rows: unknown[] }).rows) as Row[];
}
