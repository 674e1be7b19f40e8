// Writes src/sql/pure-functions.ts: the functions of PostgreSQL that neither change anything nor reach outside of it, as the
// catalogue of the embedded PostgreSQL says. `node scripts/write-sql-functions.mjs`, after an update of PGlite.
import { writeFileSync } from "node:fs";
import { PGlite } from "@electric-sql/pglite";

/** Volatile, and harmless all the same: chance, clocks, sizes, and what this session did. */
const HARMLESS = [
  ...["array_sample", "array_shuffle", "clock_timestamp", "current_query", "currval", "gen_random_uuid", "lastval"],
  ...["pg_blocking_pids", "pg_database_size", "pg_indexes_size", "pg_is_in_recovery", "pg_relation_size"],
  ...["pg_table_size", "pg_tablespace_size", "pg_total_relation_size", "random", "random_normal", "timeofday"],
  ...["uuidv4", "uuidv7"],
];

/**
 * Stable by the catalogue, and left out: what runs a query or reads tables that are named in a text, tells about the machine
 * and other sessions, or takes a transaction id; and what is only there for the system itself.
 */
const LEFT_OUT = [
  /_to_xml|xmlschema|^ts_debug$|^ts_headline$|^ts_lexize$|^ts_parse$|^ts_token_type$/,
  /^pg_(?!get_(?:constraint|trigger|view|index|rule|function|partkey|expr|serial|userbyid|keywords)|\w+_is_visible$)/,
  /^txid_|_validator$|(?:larger|smaller|_subdiff|_canonical|inc|dec|inc_any|dec_any)$|equalimage$|^in_range$/,
  /send$|cmp$|typmodin$|typmodout$|transfn$|accum$|accum_inv$|combine$|finalfn$|statefunc$|cmptype_common$/,
  /^(?:hash(?!text$)|bt(?!rim$)|gin_|gist_|brin_|spg_|anyarray_|anycompat|interval_hash|int\d+int|float8_(?:avg|corr|co|regr|std|var))/,
  /_(?:avg|sum)$|_cmp_|_float8_/,
  /^has_\w+_privilege$|^acl|^makeaclitem$|^row_security_active$|^inet_(?:client|server)/,
];
const KEPT = [
  ...["pg_backend_pid", "pg_client_encoding", "pg_column_size", "pg_encoding_to_char", "pg_postmaster_start_time"],
  ...["pg_size_bytes", "pg_size_pretty", "pg_typeof", "lower_inc", "upper_inc"],
];

const db = new PGlite();
const { rows } = await db.query(`
  select p.proname as name
  from pg_proc p join pg_namespace n on n.oid = p.pronamespace
  where n.nspname = 'pg_catalog' and p.prokind in ('f', 'a', 'w')
  group by p.proname
  having bool_and(p.provolatile <> 'v')
    and bool_or(not (array[p.prorettype] || p.proargtypes::oid[] &&
      array['internal', 'cstring', 'trigger', 'event_trigger', 'language_handler']::regtype[]::oid[])
      and coalesce(obj_description(p.oid, 'pg_proc'), '') !~ '^implementation of .* operator')`);
const version = (await db.query("show server_version")).rows[0].server_version;
await db.close();

const stable = rows.map(({ name }) => name).filter((name) => !LEFT_OUT.some((pattern) => pattern.test(name)));
const names = [...new Set([...stable, ...KEPT, ...HARMLESS])].sort();
const lines = [];
for (const name of names) {
  if (lines.length > 0 && lines.at(-1).length + name.length < 116) lines.push(`${lines.pop()} ${name}`);
  else lines.push(`  ${name}`);
}

writeFileSync(
  new URL("../src/sql/pure-functions.ts", import.meta.url),
  `// Written by scripts/write-sql-functions.mjs from the catalogue of PostgreSQL ${version}.

const PURE = \`
${lines.join("\n")}
\`;

const NAMES: ReadonlySet<string> = new Set(PURE.trim().split(/\\s+/));

/**
 * Whether a function surely changes nothing and reaches nothing outside of the database: one that PostgreSQL brings along and
 * calls immutable or stable, or that is known to be harmless. What somebody defined is never: nobody knows what it does.
 *
 * @param name as in \`SqlScript.functions\`, but not in lower case
 */
export function isPureFunction(name: string): boolean {
  return NAMES.has(name);
}
`,
);
