import { and, arrayContains, desc, eq, gte, lt, type SQL, sql } from "drizzle-orm";
import { type AuditQuery, type AuditRecord, type AuditStore, linesOf, parseRecord } from "../../audit/index.ts";
import type { Drizzle, RunOnDatabase } from "./database.ts";
import { filterText, isStorableText } from "./filter-text.ts";
import { auditRecords } from "./schema.ts";
import { faultCode } from "./storage-fault.ts";

export function createDrizzleAuditStore(run: RunOnDatabase): AuditStore {
  return {
    async insert(lines) {
      await run((db) => insertLines(db, lines));
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

/** PostgreSQL's class of errors in the data itself. */
const DATA_EXCEPTION = /^22|^54/;

async function insertLines(db: Drizzle, lines: string): Promise<void> {
  try {
    await insertPlain(db, lines);
  } catch (error) {
    if (!DATA_EXCEPTION.test(faultCode(error) ?? "")) throw error;
    // A record that holds what a column cannot must not hold up all that come after it.
    await insertAwkward(db, lines);
  }
}

/**
 * One text parameter for the whole batch; the lines and the columns are taken out of it by the database. In this process a
 * record costs no more than its bytes.
 */
async function insertPlain(db: Drizzle, lines: string): Promise<void> {
  await db.execute(sql`
    insert into audit_records
      (id, time, kind, identity, action_type, action_name, decision, rules, session_id, record)
    select r->>'id', timestamptz 'epoch' + (r->>'time')::bigint * interval '1 ms', r->>'kind',
      r#>>'{identity,name}', r#>>'{request,action_type}', r#>>'{request,action_name}',
      r#>>'{decision,decision}', array(select jsonb_array_elements_text(coalesce(r#>'{decision,rules}', '[]'))),
      r#>>'{request,session_id}', line::json
    from (
      select line, line::jsonb as r
      from unnest(string_to_array(${lines}::text, E'\\n')) as line
      where line <> '' offset 0
    ) as batch
    on conflict (id) do nothing`);
}

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

/** As `insertPlain`, with the columns made here by `filterText`: for text that a column or `jsonb` refuses. */
async function insertAwkward(db: Drizzle, text: string): Promise<void> {
  const lines = linesOf(text);
  const columns = JSON.stringify(lines.map((line) => filterColumns(parseRecord(line))));
  await db.execute(sql`
    insert into audit_records
      (id, time, kind, identity, action_type, action_name, decision, rules, session_id, record)
    select id, time, kind, identity, action_type, action_name, decision, rules, session_id, record::json
    from rows from (
      json_to_recordset(${columns}::text::json) as (
        id text, time timestamptz, kind text, identity text, action_type text, action_name text,
        decision text, rules text[], session_id text),
      unnest(string_to_array(${lines.join("\n")}::text, E'\\n'))
    ) as batch(id, time, kind, identity, action_type, action_name, decision, rules, session_id, record)
    on conflict (id) do nothing`);
}

function filterColumns(record: AuditRecord): FilterColumns {
  const { id, kind } = record;
  const time = new Date(record.time).toISOString();
  if (record.kind !== "decision") return { id, time, kind, rules: [] };
  const { request, decision } = record;
  return {
    id,
    time,
    kind,
    identity: filterText(record.identity.name),
    action_type: filterText(request.action_type),
    action_name: filterText(request.action_name),
    decision: decision.decision,
    rules: decision.rules.map(filterText),
    ...(request.session_id === undefined ? {} : { session_id: filterText(request.session_id) }),
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
