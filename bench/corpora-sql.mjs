// The SQL of the corpora: questions that only read, and fragments that are injected into one.
import { analyzeSql, loadSqlParser } from "../dist/sql/index.js";

const EFFECTS = ["allow", "approval_required", "deny"];

await loadSqlParser();

/** Prints how statements are decided. @returns whether balanced keeps its promise on what only reads */
export function reportSql({ profile, decide, read, isListing }) {
  const decideQuery = (query) => decide({ action_type: "sql_query", action_name: "shop-db", arguments: { query } });
  const benign = read("sql_benign.jsonl");
  const isKept = benign === undefined || reportBenign(benign, decideQuery, isListing);
  const fragments = read("sql_patt_sqli.jsonl");
  if (fragments !== undefined) reportInjected(fragments, decideQuery, isListing);
  return isKept || profile !== "balanced";
}

function reportBenign(records, decideQuery, isListing) {
  const parsed = records.map(({ sql }) => ({ query: sql, script: analyzeSql(sql) })).filter(({ script }) => script.ok);
  const readOnly = parsed.filter(({ script }) => script.is_read_only);
  const decided = parsed.map(({ query }) => ({ query, ...decideQuery(query) }));
  const stopped = decided.filter(({ decision }) => decision !== "allow");
  console.log(
    `sql_benign.jsonl: PostgreSQL parses ${parsed.length} of ${records.length}; of these ${readOnly.length} read only; ${sharesOf(decided)}`,
  );
  if (isListing) list("only reads, and stopped", stopped);
  return readOnly.length === parsed.length && stopped.length === 0;
}

/** Into a query without parameters, beside the same query with the fragment quoted as it should be. */
function reportInjected(records, decideQuery, isListing) {
  const queryWith = (text) => `select * from products where name = '${text}' order by 1`;
  const groups = new Map(["not understood", "statements, kinds or tables", "condition", "value"].map((g) => [g, []]));
  for (const { payload } of records) {
    const query = queryWith(payload);
    const group = groupOf(analyzeSql(query), analyzeSql(queryWith(payload.replaceAll("'", "''"))));
    groups.get(group).push({ query, ...decideQuery(query) });
  }
  console.log(`sql_patt_sqli.jsonl: ${records.length} fragments in a query; by what they change of it:`);
  for (const [group, decided] of groups) {
    const share = ((100 * decided.length) / records.length).toFixed(1);
    console.log(`  ${group}: ${decided.length} (${share}%): ${sharesOf(decided)}`);
    if (isListing && group !== "value") {
      list(
        "allowed",
        decided.filter(({ decision }) => decision === "allow"),
      );
    }
  }
}

function groupOf(injected, quoted) {
  if (!injected.ok || !quoted.ok) return "not understood";
  const isSame = (of) => JSON.stringify(of(injected)) === JSON.stringify(of(quoted));
  if (!isSame((s) => [s.statement_count, s.kinds, [...s.reads].sort(), s.writes])) return "statements, kinds or tables";
  return isSame((s) => [s.literals_count, s.columns, s.functions, s.has_comment]) ? "value" : "condition";
}

function sharesOf(decided) {
  if (decided.length === 0) return "none";
  return EFFECTS.map((effect) => {
    const count = decided.filter(({ decision }) => decision === effect).length;
    return `${effect} ${count} (${((100 * count) / decided.length).toFixed(1)}%)`;
  }).join(", ");
}

function list(title, decided) {
  console.log(`    ${title}: ${decided.length}`);
  for (const { query, decision, rules } of decided) {
    console.log(`      ${decision}  ${rules.join(" ")}  ${JSON.stringify(query).slice(0, 300)}`);
  }
}
