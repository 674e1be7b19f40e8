import { sql } from "drizzle-orm";
import { type ChainedRecord, linesOf, parseRecord } from "../../audit/index.ts";
import { addPartitions } from "./add-partitions.ts";
import type { Drizzle } from "./database.ts";
import { filterText } from "./filter-text.ts";
import { CHECK_VIOLATION, faultCode } from "./storage-fault.ts";

/** `AuditStore.insert`. The months that the records need are added when the first of them arrives. */
export async function insertLines(db: Drizzle, lines: Buffer): Promise<void> {
  const text = lines.toString();
  try {
    await insertIntoPartitions(db, text);
  } catch (error) {
    if (faultCode(error) !== CHECK_VIOLATION) throw error;
    await addPartitions(db, linesOf(text).map(idOf));
    // Also when there was nothing to add: another replica may have been faster.
    await insertIntoPartitions(db, text);
  }
}

const idOf = (line: string) => filterText(parseRecord(line).id);

/** PostgreSQL's classes of errors in the data itself. */
const DATA_EXCEPTION = /^22|^54/;

async function insertIntoPartitions(db: Drizzle, text: string): Promise<void> {
  try {
    await insertPlain(db, text);
  } catch (error) {
    if (!DATA_EXCEPTION.test(faultCode(error) ?? "")) throw error;
    // A record that holds what a column cannot must not hold up all that come after it.
    await insertAwkward(db, text);
  }
}

/**
 * One text parameter for the whole batch; the lines and the columns are taken out of it by the database. In this process a
 * record costs no more than its bytes.
 */
async function insertPlain(db: Drizzle, text: string): Promise<void> {
  await db.execute(sql`insert into audit_arrivals (lines) values (${text})`);
}

/** The columns that are filtered by, named as in the table. */
interface FilterColumns {
  readonly id: string;
  readonly kind: string;
  readonly identity?: string;
  readonly action_type?: string;
  readonly action_name?: string;
  readonly decision?: string;
  readonly rules: readonly string[];
  readonly session_id?: string;
  readonly writer: string;
  readonly seq: number;
}

/** As the trigger of `audit_arrivals`, with the columns made here by `filterText`: for text that a column or `jsonb` refuses. */
async function insertAwkward(db: Drizzle, text: string): Promise<void> {
  const lines = linesOf(text);
  const columns = JSON.stringify(lines.map((line) => filterColumns(parseRecord(line))));
  await db.execute(sql`
    insert into audit_records
      (id, kind, identity, action_type, action_name, decision, rules, session_id, writer, seq, record)
    select id, kind, identity, action_type, action_name, decision, rules, session_id, writer, seq, record::json
    from rows from (
      json_to_recordset(${columns}::text::json) as (
        id text, kind text, identity text, action_type text, action_name text,
        decision text, rules text[], session_id text, writer text, seq bigint),
      unnest(string_to_array(${lines.join("\n")}::text, E'\\n'))
    ) as batch(id, kind, identity, action_type, action_name, decision, rules, session_id, writer, seq, record)
    on conflict (id) do nothing`);
}

function filterColumns(record: ChainedRecord): FilterColumns {
  const { id, kind, writer, seq } = record;
  const always = { id: filterText(id), kind, writer, seq };
  if (record.kind !== "decision") return { ...always, rules: [] };
  const { request, decision } = record;
  return {
    ...always,
    ...present("identity", record.identity.name),
    ...present("action_type", request.action_type),
    ...present("action_name", request.action_name),
    decision: decision.decision,
    rules: decision.rules.map(filterText),
    ...present("session_id", request.session_id),
  };
}

/** What was redacted whole is a text where an object was, and has no parts. */
const present = (column: "identity" | "action_type" | "action_name" | "session_id", value: unknown) =>
  typeof value === "string" ? { [column]: filterText(value) } : {};
