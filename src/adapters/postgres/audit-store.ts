import { and, eq, gt, lt, sql } from "drizzle-orm";
import { type AuditSnapshot, type AuditStore, parseRecord } from "../../audit/index.ts";
import { readArrivals } from "./audit-arrivals.ts";
import { wasThereAt } from "./audit-conditions.ts";
import { type RowsExamined, readPage } from "./audit-page.ts";
import { queryRows, type RunOnDatabase } from "./database.ts";
import { filterText } from "./filter-text.ts";
import { insertLines } from "./insert-lines.ts";
import { auditRecords } from "./schema.ts";

/** @param rowsExamined for tests that reach its end with few rows */
export function createDrizzleAuditStore(run: RunOnDatabase, rowsExamined?: RowsExamined): AuditStore {
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
      const onPage = before === undefined ? undefined : lt(auditRecords.id, filterText(before));
      const lines = await run((db) => readPage(db, { filters, onPage, direction: "desc", limit }, rowsExamined));
      return lines.map(({ line }) => parseRecord(line));
    },
    async scan({ after, snapshot, limit, ...filters }) {
      const onPage = and(
        after === undefined ? undefined : gt(auditRecords.id, filterText(after)),
        snapshot === undefined ? undefined : wasThereAt(snapshot),
      );
      return run((db) => readPage(db, { filters, onPage, direction: "asc", limit }, rowsExamined));
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
