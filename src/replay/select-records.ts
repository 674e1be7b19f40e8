import type { AuditFilters, DecisionRecord } from "../audit/index.ts";
import { firstUuidv7At } from "../model/uuid.ts";

/** Whether a decision is one of those that the filters ask for, as the audit store understands them. */
export type Selects = (record: DecisionRecord) => boolean;

export function createSelection({ from, to, ...filters }: Omit<AuditFilters, "kind">): Selects {
  const first = from === undefined ? undefined : firstUuidv7At(from);
  const behind = to === undefined ? undefined : firstUuidv7At(to);
  const { identity, action_type, action_name, decision, rule_id, session_id } = filters;
  return (record) =>
    (first === undefined || record.id >= first) &&
    (behind === undefined || record.id < behind) &&
    (identity === undefined || record.identity?.name === identity) &&
    (action_type === undefined || record.request?.action_type === action_type) &&
    (action_name === undefined || record.request?.action_name === action_name) &&
    (decision === undefined || record.decision?.decision === decision) &&
    (rule_id === undefined || record.decision?.rules?.includes(rule_id)) &&
    (session_id === undefined || record.request?.session_id === session_id);
}
