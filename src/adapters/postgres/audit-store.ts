import { and, asc, desc, eq, gt, lt, type SQL, sql } from "drizzle-orm";
import type { AuditFilters, AuditSnapshot, AuditStore } from "../../audit/index.ts";
import { readArrivals } from "./audit-arrivals.ts";
import { columnCondition, firstOfRule, idCondition, wasThereAt } from "./audit-conditions.ts";
import { queryRows, type RunOnDatabase } from "./database.ts";
import { filterText } from "./filter-text.ts";
import { insertLines } from "./insert-lines.ts";
import { auditRecords } from "./schema.ts";

export function createDrizzleAuditStore(run: RunOnDatabase): AuditStore {
  return {
    async insert(lines) {
      await run((db) => insertLines(db, lines));
    },
    async get(id) {
      const rows = await run((db) =>
        db
          .select({ record: auditRecords.record })
          .from(auditRecords)
          .where(eq(auditRecords.id, filterText(id))),
      );
      return rows[0]?.record;
    },
    async list({ before, limit, ...filters }) {
      const isBefore = before === undefined ? undefined : lt(auditRecords.id, filterText(before));
      const rows = await run((db) =>
        db
          .select({ record: auditRecords.record })
          .from(auditRecords)
          .where(condition(filters, isBefore, "desc", limit))
          .orderBy(desc(auditRecords.id))
          .limit(limit),
      );
      return rows.map((row) => row.record);
    },
    async scan({ after, snapshot, limit, ...filters }) {
      const isAfter = and(
        after === undefined ? undefined : gt(auditRecords.id, filterText(after)),
        snapshot === undefined ? undefined : wasThereAt(snapshot),
      );
      return run((db) =>
        db
          .select({ id: auditRecords.id, line: sql<string>`${auditRecords.record}::text` })
          .from(auditRecords)
          .where(condition(filters, isAfter, "asc", limit))
          .orderBy(asc(auditRecords.id))
          .limit(limit),
      );
    },
    async snapshot() {
      const rows = await run((db) =>
        queryRows<{ taken: AuditSnapshot }>(db, sql`select pg_current_snapshot()::text as taken`),
      );
      return rows[0]!.taken;
    },
    async arrivals(cursor, filters, limit) {
      return run((db) => readArrivals(db, cursor, filters, limit));
    },
  };
}

function condition(filters: AuditFilters, onPage: SQL | undefined, direction: "asc" | "desc", limit: number) {
  const within = and(idCondition(filters), onPage);
  const columns = columnCondition(filters);
  return filters.rule_id === undefined ? and(within, columns) : firstOfRule(within, columns, direction, limit);
}
