import { PGlite } from "@electric-sql/pglite";
import fc from "fast-check";
import { analyzeSql, loadSqlParser } from "../dist/sql/index.js";
import { corpusTexts, mutated } from "./fuzz-texts.mjs";

const OWN = [
  "SELECT a, b AS c FROM t AS u LEFT JOIN s.v USING (id) WHERE a = 'x''y' AND NOT b IN (1, 2) ORDER BY 1 LIMIT 5",
  "WITH RECURSIVE x AS (SELECT 1 UNION ALL SELECT n + 1 FROM x) INSERT INTO t SELECT * FROM x ON CONFLICT DO NOTHING RETURNING *",
  "UPDATE t SET (a, b) = (1, DEFAULT) FROM u WHERE t.id = u.id; DELETE FROM t USING u WHERE true",
  "MERGE INTO t USING u ON t.id = u.id WHEN MATCHED AND a > 1 THEN UPDATE SET b = 2 WHEN NOT MATCHED THEN INSERT VALUES (1)",
  'CREATE TABLE a (x int PRIMARY KEY DEFAULT 1 CHECK (x > 0), y text COLLATE "C" REFERENCES b (c) ON DELETE CASCADE)',
  "SELECT sum(a) FILTER (WHERE b) OVER (PARTITION BY c ORDER BY d ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM t",
  "SELECT CASE WHEN a THEN b ELSE c END, ARRAY[1, 2][1], x::int[], INTERVAL '1' DAY, EXTRACT(year FROM d), $1, e'\\n', $a$x$a$",
  "EXPLAIN (ANALYZE, VERBOSE) SELECT 1; COPY t (a) FROM STDIN WITH (FORMAT csv); GRANT ALL ON t TO public; DO $$ BEGIN END $$",
  "SELECT * FROM JSON_TABLE('[]', '$[*]' COLUMNS (a int PATH '$.a')) j, LATERAL (VALUES (1), (2)) v (x), ROWS FROM (f(1)) r",
  "ALTER TABLE ONLY s.t ADD COLUMN IF NOT EXISTS a int, DROP CONSTRAINT b CASCADE; DROP TABLE IF EXISTS a, b.c; TRUNCATE x CASCADE",
];

const TOKENS = [
  ..."SELECT FROM WHERE INSERT INTO VALUES UPDATE SET DELETE WITH AS RECURSIVE UNION ALL JOIN ON USING RETURNING".split(
    " ",
  ),
  ..."CREATE TABLE DROP ALTER GRANT COPY TO PROGRAM EXPLAIN ANALYZE NOT NULL IS IN LIKE BETWEEN AND OR CASE WHEN".split(
    " ",
  ),
  ..."THEN ELSE END LIMIT ORDER BY GROUP HAVING EXISTS ANY ARRAY ROW CAST COLLATE OVER FILTER LATERAL FOR LOCK".split(
    " ",
  ),
  ..."( ) [ ] , ; . * + - / % = <> < >= || :: := => ~ ! @ # ^ & | ? ' \" $ $1 $$ $a$ -- /* */ \\ a b t public 1 2.5 'x'".split(
    " ",
  ),
  ...["\n", "\t", "\r\n", "e'\\'", "U&'\\0061'", "x'1f'", "1e9", "é", "😀", "\u00a0", "\0", "\u200b", "\r"],
];

const nested = fc
  .tuple(
    fc.constantFrom(
      ...[
        ["(", ")"],
        ["(SELECT ", ")"],
        ["f(", ")"],
        ["ARRAY[", "]"],
        ["NOT ", ""],
        ["1+", ""],
        ["- ", ""],
      ],
    ),
    fc.integer({ min: 1, max: 1000 }),
  )
  .map(([[open, close], depth]) => `SELECT ${open.repeat(depth)}1${close.repeat(depth)}`);

/** What the SQLSTATE of a text that PostgreSQL's grammar or lexer refuses can be. */
const SYNTAX = new Set([
  "42601",
  "22P03",
  "22025",
  "22P06",
  "42P02",
  "22021",
  "42622",
  "22023",
  "0A000",
  "42939",
  "54001",
  "54000",
]);

/** SQL: never throws, is never slow, and `ok` is what PostgreSQL itself says. */
export async function createSqlFuzz() {
  await loadSqlParser();
  const reference = new PGlite();
  await reference.waitReady;
  const seeds = [...OWN, ...corpusTexts("sql_benign.jsonl", "sql"), ...corpusTexts("sql_patt_sqli.jsonl", "payload")];
  return {
    name: "sql",
    texts: fc.oneof(
      { weight: 6, arbitrary: mutated(seeds, TOKENS) },
      {
        weight: 3,
        arbitrary: fc.array(fc.constantFrom(...TOKENS), { maxLength: 40 }).map((tokens) => tokens.join(" ")),
      },
      { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 300 }) },
      { weight: 1, arbitrary: nested },
    ),
    analyze: (text) => analyzeSql(text),
    /** @returns what is wrong with it; undefined when nothing is */
    async problem(text, { ok, error, is_read_only, statement_count }) {
      if (!ok && (is_read_only || statement_count > 0)) return "says something of what it did not understand";
      // Refused on purpose, by its own bounds.
      if (!ok && error !== "not SQL that PostgreSQL parses") return undefined;
      const code = await refusal(reference, text);
      if (ok && code === "42601") return "is no SQL to PostgreSQL";
      return !ok && code === undefined ? "is SQL to PostgreSQL" : undefined;
    },
    close: () => reference.close(),
  };
}

/** Has PostgreSQL parse a text and not run it. @returns why it is no SQL; undefined when its grammar takes it */
async function refusal(reference, text) {
  try {
    await reference.describeQuery(text);
    return undefined;
  } catch (error) {
    // What is behind the grammar: more than one statement, names that there are not, and rules of the analysis.
    if (/cannot insert multiple commands/.test(error.message)) return undefined;
    if (
      error.code === "42601" &&
      !/^(?:syntax error|unterminated|trailing junk|invalid|zero-length)/.test(error.message)
    )
      return "?";
    return SYNTAX.has(error.code) ? error.code : undefined;
  }
}
