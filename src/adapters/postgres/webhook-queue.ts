import { and, asc, desc, eq, getTableColumns, inArray, lt, lte, or, type SQL, sql } from "drizzle-orm";
import type {
  Attempted,
  Delivery,
  DeliveryQuery,
  LeasedDelivery,
  NewDelivery,
  WebhookQueue,
} from "../../webhooks/index.ts";
import type { RunOnDatabase } from "./database.ts";
import { filterText } from "./filter-text.ts";
import { webhookDeliveries as deliveries } from "./schema.ts";

const { body: _, ...COLUMNS } = getTableColumns(deliveries);
type Row = Omit<typeof deliveries.$inferSelect, "body">;

export function createDrizzleWebhookQueue(run: RunOnDatabase): WebhookQueue {
  return {
    async enqueue(added, now) {
      if (added.length === 0) return;
      const rows = added.map((delivery) => toRow(delivery, now));
      // In one order everywhere: replicas that tell the same events at once wait for each other, and not in a circle.
      rows.sort((a, b) => compare(a.webhookId, b.webhookId) || compare(a.eventId, b.eventId));
      await run((db) => db.insert(deliveries).values(rows).onConflictDoNothing());
    },
    async lease(webhookIds, now, leaseMs) {
      if (webhookIds.length === 0) return [];
      const rows = await run((db) =>
        db
          .update(deliveries)
          .set({
            attempts: sql`${deliveries.attempts} + 1`,
            lease: sql`${deliveries.lease} + 1`,
            dueAt: new Date(now + leaseMs),
          })
          .where(and(isDue(now), sql`${deliveries.id} in (${firstDue(webhookIds, now)})`))
          .returning(),
      );
      return rows.map((row): LeasedDelivery => ({ ...toDelivery(row), body: row.body, lease: row.lease }));
    },
    async settle({ id, lease }, attempted, now) {
      const isHeld = and(eq(deliveries.id, id), eq(deliveries.lease, lease), eq(deliveries.status, "pending"));
      const rows = await run((db) =>
        db.update(deliveries).set(settled(attempted, now)).where(isHeld).returning({ id: deliveries.id }),
      );
      return rows.length > 0;
    },
    async list(query) {
      const rows = await run((db) =>
        db.select(COLUMNS).from(deliveries).where(condition(query)).orderBy(desc(deliveries.id)).limit(query.limit),
      );
      return rows.map(toDelivery);
    },
    async resend(id, tenant, now) {
      const due = { status: "pending", attempts: 0, dueAt: new Date(now), settledAt: new Date(now) } as const;
      const [row] = await run((db) =>
        db
          .update(deliveries)
          .set({ ...due, lease: sql`${deliveries.lease} + 1` })
          .where(and(eq(deliveries.id, filterText(id)), isOfTenant(tenant)))
          .returning(),
      );
      return row === undefined ? undefined : toDelivery(row);
    },
    async forget({ deliveredBefore, createdBefore }, limit) {
      const isOld = or(
        and(eq(deliveries.status, "delivered"), lt(deliveries.settledAt, new Date(deliveredBefore))),
        lt(deliveries.createdAt, new Date(createdBefore)),
      );
      const rows = await run((db) => {
        const old = db
          .select({ id: deliveries.id })
          .from(deliveries)
          .where(isOld)
          .orderBy(asc(deliveries.id))
          .limit(limit);
        return db.delete(deliveries).where(inArray(deliveries.id, old)).returning({ id: deliveries.id });
      });
      return rows.length;
    },
  };
}

const isDue = (now: number) => and(eq(deliveries.status, "pending"), lte(deliveries.dueAt, new Date(now)));

/**
 * Ids of the longest due delivery of each webhook, locked; what another replica has locked is passed over. Materialized, so
 * that it is evaluated once and locks no more than that.
 */
function firstDue(webhookIds: readonly string[], now: number): SQL {
  const wanted = sql.join(
    [...new Set(webhookIds)].map((id) => sql`(${id}::text)`),
    sql`, `,
  );
  const at = new Date(now).toISOString();
  return sql`with due as materialized (
    select first.id from (values ${wanted}) as wanted (webhook_id) cross join lateral (
      select d.id from webhook_deliveries d
      where d.webhook_id = wanted.webhook_id and d.status = 'pending' and d.due_at <= ${at}::timestamptz
      order by d.due_at, d.id limit 1 for update skip locked
    ) first
  ) select id from due`;
}

const isOfTenant = (tenant: string | undefined) =>
  tenant === undefined ? undefined : eq(deliveries.tenant, filterText(tenant));

function condition({ status, tenant, before }: DeliveryQuery): SQL | undefined {
  return and(
    status === undefined ? undefined : eq(deliveries.status, status),
    isOfTenant(tenant),
    before === undefined ? undefined : lt(deliveries.id, filterText(before)),
  );
}

function toRow(delivery: NewDelivery, now: number): typeof deliveries.$inferInsert {
  const at = new Date(now);
  const { tenant } = delivery;
  return {
    ...delivery,
    tenant: tenant === undefined ? null : filterText(tenant),
    ...{ status: "pending", attempts: 0, lease: 0, createdAt: at, dueAt: at, settledAt: at },
  };
}

function settled(attempted: Attempted, now: number) {
  const at = new Date(now);
  if (attempted.kind === "interrupted") return { attempts: sql`${deliveries.attempts} - 1`, dueAt: at };
  return {
    status: attempted.kind === "retry" ? ("pending" as const) : attempted.kind,
    dueAt: attempted.kind === "retry" ? new Date(attempted.dueAt) : null,
    settledAt: at,
    lastAttemptAt: at,
    lastHttpStatus: attempted.httpStatus ?? null,
    lastError: attempted.kind === "delivered" ? null : filterText(attempted.error),
  };
}

function toDelivery(row: Row): Delivery {
  const { id, webhookId, eventId, event, approvalId, status, attempts, createdAt } = row;
  return {
    ...{ id, webhookId, eventId, event, approvalId, status, attempts },
    createdAt: createdAt.getTime(),
    ...(row.dueAt !== null && { dueAt: row.dueAt.getTime() }),
    ...(row.lastAttemptAt !== null && { lastAttemptAt: row.lastAttemptAt.getTime() }),
    ...(row.lastHttpStatus !== null && { lastHttpStatus: row.lastHttpStatus }),
    ...(row.lastError !== null && { lastError: row.lastError }),
  };
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
