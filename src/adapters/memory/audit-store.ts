import { type AuditQuery, type AuditRecord, type AuditStore, linesOf, parseRecord } from "../../audit/index.ts";
import { UnavailableError } from "../../model/errors.ts";

/** An `AuditStore` that lives as long as the process; for tests and for evaluations without a server. */
export interface MemoryAuditStore extends AuditStore {
  /** From then on every method throws `storage_unavailable`, as a database that went away does. */
  close(): Promise<void>;
}

export function createMemoryAuditStore(): MemoryAuditStore {
  const records = new Map<string, AuditRecord>();
  let isClosed = false;

  function assertOpen(): void {
    if (isClosed) throw new UnavailableError("storage", "the store is closed");
  }

  return {
    async insert(lines) {
      assertOpen();
      for (const line of linesOf(lines)) {
        const record = parseRecord(line);
        if (!records.has(record.id)) records.set(record.id, record);
      }
    },
    async get(id) {
      assertOpen();
      return structuredClone(records.get(id));
    },
    async list(query) {
      assertOpen();
      const found = [...records.values()].filter((record) => matches(record, query));
      return structuredClone(found.sort((a, b) => compareBytes(b.id, a.id)).slice(0, query.limit));
    },
    async close() {
      isClosed = true;
    },
  };
}

function matches(record: AuditRecord, query: AuditQuery): boolean {
  if (query.from !== undefined && record.time < query.from) return false;
  if (query.to !== undefined && record.time >= query.to) return false;
  if (query.kind !== undefined && record.kind !== query.kind) return false;
  if (query.before !== undefined && compareBytes(record.id, query.before) >= 0) return false;
  return matchesDecision(record, query);
}

function matchesDecision(record: AuditRecord, query: AuditQuery): boolean {
  const { identity, action_type, action_name, decision, rule_id, session_id } = query;
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

/** UTF-8 byte order, which is what PostgreSQL's collation "C" gives; JavaScript's `<` differs above U+FFFF. */
export function compareBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
