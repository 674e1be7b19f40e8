import type { AuditFilters, AuditRecord } from "../../audit/index.ts";
import { firstUuidv7At } from "../../model/uuid.ts";
import { compareBytes } from "./compare-bytes.ts";

/** Whether a record is one of those that the filters ask for. */
export function matches(record: AuditRecord, { from, to, kind, ...filters }: AuditFilters): boolean {
  if (from !== undefined && compareBytes(record.id, firstUuidv7At(from)) < 0) return false;
  if (to !== undefined && !isWithin(record.id, { before: firstUuidv7At(to) })) return false;
  if (kind !== undefined && record.kind !== kind) return false;
  return matchesDecision(record, filters);
}

/** Both ends are exclusive. */
export function isWithin(id: string, { after, before }: { after?: string | undefined; before?: string | undefined }) {
  return (after === undefined || compareBytes(id, after) > 0) && (before === undefined || compareBytes(id, before) < 0);
}

function matchesDecision(record: AuditRecord, filters: Omit<AuditFilters, "from" | "to" | "kind">): boolean {
  const { identity, action_type, action_name, decision, rule_id, session_id } = filters;
  const asked = [identity, action_type, action_name, decision, rule_id, session_id];
  if (asked.every((filter) => filter === undefined)) return true;
  if (record.kind !== "decision") return false;
  return (
    (identity === undefined || record.identity.name === identity) &&
    (action_type === undefined || record.request.action_type === action_type) &&
    (action_name === undefined || record.request.action_name === action_name) &&
    (decision === undefined || record.decision.decision === decision) &&
    (rule_id === undefined || record.decision.rules.includes(rule_id)) &&
    (session_id === undefined || record.request.session_id === session_id)
  );
}
