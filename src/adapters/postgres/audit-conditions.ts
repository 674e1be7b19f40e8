import { and, arrayContains, eq, gte, lt, type SQL, sql } from "drizzle-orm";
import type { AuditFilters, AuditSnapshot } from "../../audit/types.ts";
import { firstUuidv7At } from "../../model/uuid.ts";
import { filterText } from "./filter-text.ts";
import { auditRecords } from "./schema.ts";

/** What the id of a row has to be for the filters; undefined when they do not say. */
export function idCondition({ from, to }: AuditFilters): SQL | undefined {
  return and(
    from === undefined ? undefined : gte(auditRecords.id, firstUuidv7At(from)),
    to === undefined ? undefined : lt(auditRecords.id, firstUuidv7At(to)),
  );
}

/** What the other columns have to be; undefined when the filters do not say. */
export function columnCondition(filters: AuditFilters): SQL | undefined {
  const equalities = [
    [auditRecords.kind, filters.kind],
    [auditRecords.identity, filters.identity],
    [auditRecords.actionType, filters.action_type],
    [auditRecords.actionName, filters.action_name],
    [auditRecords.decision, filters.decision],
    [auditRecords.sessionId, filters.session_id],
  ] as const;
  return and(
    ...equalities.map(([column, text]) => (text === undefined ? undefined : eq(column, filterText(text)))),
    filters.rule_id === undefined ? undefined : arrayContains(auditRecords.rules, [filterText(filters.rule_id)]),
  );
}

/**
 * Whether a row was in the log at a moment. A transaction that is not over yet cannot have inserted what can be seen: such
 * ids come from another server, with a dump that was restored on this one.
 */
export function wasThereAt(snapshot: AuditSnapshot): SQL {
  return sql`(pg_visible_in_snapshot(arrived_in, ${snapshot}::pg_snapshot)
    or arrived_in >= pg_snapshot_xmax(pg_current_snapshot()))`;
}
