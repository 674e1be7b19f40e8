import { and, arrayContains, desc, eq, gte, lt, type SQL, sql } from "drizzle-orm";
import { type AuditQuery, type AuditRecord, type AuditStore, serializeRecord } from "../../audit/index.ts";
import type { Drizzle, RunOnDatabase } from "./database.ts";
import { filterText, isStorableText } from "./filter-text.ts";
import { auditRecords } from "./schema.ts";

/** The columns that are filtered by, named as in the table. */
interface FilterColumns {
  readonly id: string;
  readonly time: string;
  readonly kind: string;
  readonly identity?: string;
  readonly action_type?: string;
  readonly action_name?: string;
  readonly decision?: string;
  readonly rules: readonly string[];
  readonly session_id?: string;
}

interface AuditRow {
  readonly columns: FilterColumns;
  /** The whole record; JSON has no line breaks of its own. */
  readonly line: string;
}

/**
 * @param rowsPerStatement a larger batch goes out in several statements of one transaction
 */
export function createDrizzleAuditStore(run: RunOnDatabase, rowsPerStatement: number): AuditStore {
  return {
    async insert(records) {
      if (records.length === 0) return;
      const rows = records.map(auditRow);
      await run(async (db) => {
        if (rows.length <= rowsPerStatement) return insertRows(db, rows);
        await db.transaction(async (tx) => {
          for (let start = 0; start < rows.length; start += rowsPerStatement) {
            await insertRows(tx, rows.slice(start, start + rowsPerStatement));
          }
        });
      });
    },
    async get(id) {
      if (!isStorableText(id)) return undefined;
      const rows = await run((db) =>
        db.select({ record: auditRecords.record }).from(auditRecords).where(eq(auditRecords.id, id)),
      );
      return rows[0]?.record;
    },
    async list(query) {
      const rows = await run((db) =>
        db
          .select({ record: auditRecords.record })
          .from(auditRecords)
          .where(and(...conditions(query)))
          .orderBy(desc(auditRecords.id))
          .limit(query.limit),
      );
      return rows.map((row) => row.record);
    },
  };
}

/**
 * Two text parameters for the whole batch, which is far quicker than one for each column of each row: the columns as a
 * JSON array, and the records as lines. Within the array each record would have to be escaped once more.
 */
async function insertRows(db: Pick<Drizzle, "execute">, rows: readonly AuditRow[]): Promise<void> {
  const columns = JSON.stringify(rows.map((row) => row.columns));
  const lines = rows.map((row) => row.line).join("\n");
  await db.execute(sql`
    insert into audit_records
      (id, time, kind, identity, action_type, action_name, decision, rules, session_id, record)
    select id, time, kind, identity, action_type, action_name, decision, rules, session_id, record::json
    from rows from (
      json_to_recordset(${columns}::text::json) as (
        id text, time timestamptz, kind text, identity text, action_type text, action_name text,
        decision text, rules text[], session_id text),
      unnest(string_to_array(${lines}::text, E'\\n'))
    ) as batch(id, time, kind, identity, action_type, action_name, decision, rules, session_id, record)
    on conflict (id) do nothing`);
}

function auditRow(record: AuditRecord): AuditRow {
  return { columns: filterColumns(record), line: serializeRecord(record) };
}

function filterColumns(record: AuditRecord): FilterColumns {
  const { id, kind } = record;
  const time = new Date(record.time).toISOString();
  if (record.kind !== "decision") return { id, time, kind, rules: [] };
  const { activation, decision } = record;
  return {
    id,
    time,
    kind,
    identity: filterText(activation.identity.name),
    action_type: filterText(activation.action_type),
    action_name: filterText(activation.action_name),
    decision: decision.decision,
    rules: decision.rules.map(filterText),
    ...(activation.session.id === undefined ? {} : { session_id: filterText(activation.session.id) }),
  };
}

function conditions(query: AuditQuery): SQL[] {
  const found: SQL[] = [];
  if (query.from !== undefined) found.push(gte(auditRecords.time, toInstant(query.from)));
  if (query.to !== undefined) found.push(lt(auditRecords.time, toInstant(query.to)));
  if (query.before !== undefined) found.push(lt(auditRecords.id, filterText(query.before)));
  if (query.rule_id !== undefined) found.push(arrayContains(auditRecords.rules, [filterText(query.rule_id)]));
  const equalities = [
    [auditRecords.kind, query.kind],
    [auditRecords.identity, query.identity],
    [auditRecords.actionType, query.action_type],
    [auditRecords.actionName, query.action_name],
    [auditRecords.decision, query.decision],
    [auditRecords.sessionId, query.session_id],
  ] as const;
  for (const [column, text] of equalities) {
    if (text !== undefined) found.push(eq(column, filterText(text)));
  }
  return found;
}

/** Years 1970 to 9999, which both `Date.toISOString` and PostgreSQL write the same way; no record is outside. */
function toInstant(epochMs: number): Date {
  return new Date(Math.min(Math.max(Math.ceil(epochMs), 0), Date.UTC(9999, 11, 31)));
}
