import { and, asc, desc, eq, gt, lt, sql } from "drizzle-orm";
import type { AuditStore } from "../../audit/index.ts";
import { readArrivals } from "./audit-arrivals.ts";
import { conditionsOf } from "./audit-conditions.ts";
import type { RunOnDatabase } from "./database.ts";
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
      const conditions = conditionsOf(filters);
      if (before !== undefined) conditions.push(lt(auditRecords.id, filterText(before)));
      const rows = await run((db) =>
        db
          .select({ record: auditRecords.record })
          .from(auditRecords)
          .where(and(...conditions))
          .orderBy(desc(auditRecords.id))
          .limit(limit),
      );
      return rows.map((row) => row.record);
    },
    async scan({ after, limit, ...filters }) {
      const conditions = conditionsOf(filters);
      if (after !== undefined) conditions.push(gt(auditRecords.id, filterText(after)));
      return run((db) =>
        db
          .select({ id: auditRecords.id, line: sql<string>`${auditRecords.record}::text` })
          .from(auditRecords)
          .where(and(...conditions))
          .orderBy(asc(auditRecords.id))
          .limit(limit),
      );
    },
    async arrivals(cursor, filters, limit) {
      return run((db) => readArrivals(db, cursor, filters, limit));
    },
  };
}
