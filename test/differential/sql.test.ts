import { PGlite } from "@electric-sql/pglite";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { analyzeSql, loadSqlParser } from "../../src/sql/index.ts";
import { differentialRuns, differentialSeed, differentialTimeoutMs } from "./budget.ts";

const SEEDS = [
  "SELECT a, b AS c FROM t AS u LEFT JOIN s.v USING (id) WHERE a = 'x''y' AND NOT b IN (1, 2) ORDER BY 1 LIMIT 5",
  "WITH RECURSIVE x AS (SELECT 1) INSERT INTO t SELECT * FROM x ON CONFLICT DO NOTHING RETURNING *",
  "UPDATE t SET (a, b) = (1, DEFAULT) FROM u WHERE t.id = u.id; DELETE FROM t USING u WHERE true",
  "MERGE INTO t USING u ON t.id = u.id WHEN MATCHED AND a > 1 THEN UPDATE SET b = 2",
  'CREATE TABLE a (x int PRIMARY KEY DEFAULT 1 CHECK (x > 0), y text COLLATE "C" REFERENCES b (c) ON DELETE CASCADE)',
  "SELECT sum(a) FILTER (WHERE b) OVER (PARTITION BY c ORDER BY d ROWS UNBOUNDED PRECEDING), CASE WHEN a THEN b END FROM t",
  "SELECT (ARRAY[1, 2])[1], x::int[], INTERVAL '1' DAY, EXTRACT(year FROM d), $1, e'\\n', $a$x$a$, U&'\\0061' -- y\n/* z */",
  "EXPLAIN ANALYZE SELECT 1; COPY t (a) FROM STDIN WITH (FORMAT csv); GRANT ALL ON t TO public; DO $$ BEGIN END $$",
];
const TOKENS = [
  ..."SELECT FROM WHERE INTO SET DELETE WITH AS UNION JOIN ON NOT NULL IN AND OR CASE END ORDER BY ANY ROW".split(" "),
  ..."( ) [ ] , ; . * - = <> :: ' \" $$ $1 $a$ -- /* */ \\ ? : a 1 'x' 1e 0x1 e'\\' U&'\\".split(" "),
];

/** A text like one of the seeds: tokens put in, parts left out. */
const text = fc
  .tuple(
    fc.constantFrom(...SEEDS),
    fc.array(fc.tuple(fc.nat(120), fc.nat(8), fc.constantFrom("", ...TOKENS)), { maxLength: 3 }),
  )
  .map(([seed, edits]) =>
    edits.reduce((sql, [at, length, token]) => `${sql.slice(0, at)} ${token} ${sql.slice(at + length)}`, seed),
  );

describe("what is SQL", () => {
  let database: PGlite;
  beforeAll(async () => {
    await loadSqlParser();
    database = new PGlite();
    await database.waitReady;
  }, differentialTimeoutMs);
  afterAll(() => database.close());

  /** Has PostgreSQL parse it, and nothing else. @returns the message of its lexer or grammar; undefined when they take it */
  async function syntaxError(sql: string): Promise<string | undefined> {
    try {
      await database.describeQuery(sql);
      return undefined;
    } catch (error) {
      const { code, message } = error as { readonly code?: string; readonly message: string };
      // Behind the grammar it looks for tables, and takes one statement at a time.
      return code === "42601" && /^(?:syntax error|unterminated|trailing junk|invalid)/.test(message)
        ? message
        : undefined;
    }
  }

  it(
    "is what PostgreSQL takes for it: nothing is understood that it refuses",
    async () => {
      let understood = 0;
      let refused = 0;
      const property = fc.asyncProperty(text, async (sql) => {
        const { ok } = analyzeSql(sql);
        const fault = await syntaxError(sql);
        if (ok) expect(fault, sql).toBeUndefined();
        understood += ok ? 1 : 0;
        refused += fault === undefined ? 0 : 1;
        if (fault !== undefined) expect(ok, sql).toBe(false);
      });
      await fc.assert(property, { numRuns: differentialRuns(1500), seed: differentialSeed });
      expect(Math.min(understood, refused)).toBeGreaterThan(100);
    },
    differentialTimeoutMs,
  );

  it("is every seed, so it is the edits that are refused", async () => {
    for (const seed of SEEDS) expect([analyzeSql(seed).error, await syntaxError(seed)], seed).toEqual(["", undefined]);
  });
});
