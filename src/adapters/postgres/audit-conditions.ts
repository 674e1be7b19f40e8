import { arrayContains, eq, gte, lt, type SQL } from "drizzle-orm";
import type { AuditFilters } from "../../audit/types.ts";
import { firstUuidv7At } from "../../model/uuid.ts";
import { filterText } from "./filter-text.ts";
import { auditRecords } from "./schema.ts";

/** What a row has to be for the filters; combine with AND. */
export function conditionsOf(filters: AuditFilters): SQL[] {
  const found: SQL[] = [];
  if (filters.from !== undefined) found.push(gte(auditRecords.id, firstUuidv7At(filters.from)));
  if (filters.to !== undefined) found.push(lt(auditRecords.id, firstUuidv7At(filters.to)));
  if (filters.rule_id !== undefined) found.push(arrayContains(auditRecords.rules, [filterText(filters.rule_id)]));
  const equalities = [
    [auditRecords.kind, filters.kind],
    [auditRecords.identity, filters.identity],
    [auditRecords.actionType, filters.action_type],
    [auditRecords.actionName, filters.action_name],
    [auditRecords.decision, filters.decision],
    [auditRecords.sessionId, filters.session_id],
  ] as const;
  for (const [column, text] of equalities) {
    if (text !== undefined) found.push(eq(column, filterText(text)));
  }
  return found;
}
