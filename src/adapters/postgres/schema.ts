import { sql } from "drizzle-orm";
import { bigint, customType, index, integer, json, pgTable, text, timestamp, uniqueIndex } from "drizzle-orm/pg-core";
import type { Approval, ApprovalStatus } from "../../approvals/types.ts";
import type { ChainedRecord } from "../../audit/types.ts";
import type { ApiKey, KeyRole, Scope } from "../../identity/types.ts";
import type { RuleSource } from "../../rules/types.ts";
import type { DeliveryStatus, WebhookEvent } from "../../webhooks/index.ts";

/** Text that is compared byte by byte, whatever the database's own collation says about case. */
const bytewise = customType<{ data: string }>({ dataType: () => 'text collate "C"' });

/** A transaction's 64-bit id, which never wraps round; as decimal text here. */
const transactionId = customType<{ data: string }>({ dataType: () => "xid8" });

const instant = (name: string) => timestamp(name, { withTimezone: true, precision: 3, mode: "date" });

export const apiKeys = pgTable("api_keys", {
  id: bytewise("id").primaryKey(),
  prefix: text("prefix").notNull(),
  hash: bytewise("hash").notNull().unique("api_keys_hash_unique"),
  identity: json("identity").$type<ApiKey["identity"]>().notNull(),
  roles: text("roles").array().$type<KeyRole[]>().notNull(),
  scopes: text("scopes").array().$type<Scope[]>().notNull(),
  createdAt: instant("created_at").notNull(),
  expiresAt: instant("expires_at"),
  revokedAt: instant("revoked_at"),
});

/**
 * One row per record. `record` is the whole of it; the other columns exist to be filtered by and hold `filterText` forms.
 * It is `json`, not `jsonb`: `jsonb` refuses `\u0000` and lone surrogates, which arguments may hold, and forgets the order
 * of keys and the white space, so that a record's bytes could not be verified later.
 *
 * Partitioned by range of `id` (`audit-months.ts`), which drizzle-kit cannot say: the migration does.
 */
export const auditRecords = pgTable(
  "audit_records",
  {
    id: bytewise("id").primaryKey(),
    kind: bytewise("kind").notNull(),
    identity: bytewise("identity"),
    actionType: bytewise("action_type"),
    actionName: bytewise("action_name"),
    decision: bytewise("decision"),
    rules: text("rules").array().notNull(),
    sessionId: bytewise("session_id"),
    writer: bytewise("writer").notNull(),
    seq: bigint("seq", { mode: "number" }).notNull(),
    /** The transaction that inserted it: see `audit-arrivals.ts`. */
    arrivedIn: transactionId("arrived_in").notNull().default(sql`pg_current_xact_id()`),
    record: json("record").$type<ChainedRecord>().notNull(),
  },
  (table) => [
    // Nearly every record is a decision, most decisions allow, and most are about tools: those are found without an index,
    // and quickly.
    index("audit_records_kind").on(table.kind, table.id).where(sql`kind <> 'decision'`),
    index("audit_records_identity").on(table.identity, table.id),
    index("audit_records_action_type").on(table.actionType, table.id).where(sql`action_type <> 'tool_call'`),
    index("audit_records_action_name").on(table.actionName, table.id),
    index("audit_records_session").on(table.sessionId, table.id),
    index("audit_records_decision").on(table.decision, table.id).where(sql`decision <> 'allow'`),
    index("audit_records_rules").using("gin", table.rules),
    index("audit_records_arrived_in").on(table.arrivedIn, table.id),
  ],
);

/** The sources of every rule set that was active. */
export const ruleSets = pgTable("rule_sets", {
  revision: bytewise("revision").primaryKey(),
  activatedAt: instant("activated_at").notNull(),
  sources: json("sources").$type<RuleSource[]>().notNull(),
});

/**
 * One row per approval. `approval` is the whole of it; the other columns exist to be found by. `requester` and
 * `same_action` are digests, since what they stand for can be too long together for an index (`approval-rows.ts`).
 */
export const approvals = pgTable(
  "approvals",
  {
    id: bytewise("id").primaryKey(),
    digest: bytewise("digest").notNull(),
    status: bytewise("status").$type<ApprovalStatus>().notNull(),
    requester: bytewise("requester").notNull(),
    sameAction: bytewise("same_action").notNull(),
    identity: bytewise("identity").notNull(),
    tenant: bytewise("tenant"),
    ruleId: bytewise("rule_id").notNull(),
    expiresAt: instant("expires_at").notNull(),
    /** Null while it is pending. */
    forgettableFrom: instant("forgettable_from"),
    /** Null when all steps are told. */
    claimableFrom: instant("claimable_from"),
    approval: json("approval").$type<Approval>().notNull(),
  },
  (table) => [
    // Few are pending at any time, so these three stay small.
    uniqueIndex("approvals_pending_digest").on(table.digest).where(sql`status = 'pending'`),
    index("approvals_pending_requester").on(table.requester).where(sql`status = 'pending'`),
    index("approvals_pending_expiry").on(table.expiresAt, table.id).where(sql`status = 'pending'`),
    index("approvals_status").on(table.status, table.id),
    index("approvals_identity").on(table.identity, table.id),
    index("approvals_rule").on(table.ruleId, table.id),
    index("approvals_claimable").on(table.claimableFrom, table.id).where(sql`claimable_from is not null`),
    index("approvals_forgettable").on(table.forgettableFrom, table.id).where(sql`status <> 'pending'`),
    index("approvals_same_action").on(table.sameAction, table.status),
  ],
);

/** What waits to be told to webhooks, and what became of it. `body` is text, since every attempt sends the same bytes. */
export const webhookDeliveries = pgTable(
  "webhook_deliveries",
  {
    id: bytewise("id").primaryKey(),
    webhookId: bytewise("webhook_id").notNull(),
    eventId: bytewise("event_id").notNull(),
    event: bytewise("event").$type<WebhookEvent>().notNull(),
    approvalId: bytewise("approval_id").notNull(),
    tenant: bytewise("tenant"),
    body: text("body").notNull(),
    status: bytewise("status").$type<DeliveryStatus>().notNull(),
    attempts: integer("attempts").notNull(),
    /** Counts the leases: only who holds the last one may say what became of it. */
    lease: integer("lease").notNull(),
    createdAt: instant("created_at").notNull(),
    /** While it is pending. Of a leased one: when the lease ends. */
    dueAt: instant("due_at"),
    /** Of the last change of status. */
    settledAt: instant("settled_at").notNull(),
    lastAttemptAt: instant("last_attempt_at"),
    lastHttpStatus: integer("last_http_status"),
    lastError: text("last_error"),
  },
  (table) => [
    uniqueIndex("webhook_deliveries_event").on(table.webhookId, table.eventId),
    index("webhook_deliveries_due").on(table.webhookId, table.dueAt, table.id).where(sql`status = 'pending'`),
    index("webhook_deliveries_status").on(table.status, table.id),
    index("webhook_deliveries_delivered").on(table.settledAt).where(sql`status = 'delivered'`),
    index("webhook_deliveries_created").on(table.createdAt),
  ],
);
