import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { analyzeSql, loadSqlParser, SQL_DIALECTS } from "../../src/sql/index.ts";

beforeAll(loadSqlParser);

const READS = [
  "SELECT a, count(*) FROM t WHERE b = 'x' GROUP BY a",
  "SELECT * FROM s.u JOIN t USING (id) ORDER BY 1 LIMIT 3",
  "WITH x AS (SELECT * FROM t) SELECT * FROM x UNION ALL SELECT 1",
  "VALUES (1, 'a'), (2, 'b')",
];
/** Each changes the table `victim` and nothing else. */
const WRITES = [
  "DELETE FROM victim",
  "DELETE FROM victim WHERE id = 1 RETURNING *",
  "UPDATE victim SET a = (SELECT 1) WHERE id IN (SELECT id FROM t)",
  "INSERT INTO victim SELECT * FROM t",
  "MERGE INTO victim USING t ON victim.id = t.id WHEN MATCHED THEN DELETE",
];
const read = fc.constantFrom(...READS);
const write = fc.constantFrom(...WRITES);

/** Ways to run a statement that changes rows from within another text. */
const HIDINGS: readonly ((text: string, other: string) => string)[] = [
  (text) => text,
  (text, other) => `${other}; ${text}`,
  (text, other) => `${text};;${other}`,
  (text, other) => `WITH hidden AS (${withReturning(text)}) SELECT * FROM hidden; ${other}`,
  (text) => `WITH victim AS (SELECT 1), y AS (${withReturning(text)}) SELECT * FROM y, victim`,
  (text) => `EXPLAIN ANALYZE ${text}`,
  (text) => `EXPLAIN (ANALYZE, FORMAT json) ${text}`,
  (text) => `PREPARE p AS ${text}`,
  (text) => `COPY (${withReturning(text)}) TO STDOUT`,
];

const withReturning = (text: string) => (text.includes("RETURNING") ? text : `${text} RETURNING *`);

/** Between two tokens, anything that PostgreSQL takes for space. */
const SPACE = fc.constantFrom(" ", "\n", "\t", "  ", "/**/", "/* SELECT 1; */", "/* /* a */ b */", " -- '\n", "--;\n");

/** The same with other spaces, comments and case: keywords and names here have no meaning in capitals. */
function respelled(text: string, spaces: readonly string[], isUpper: boolean): string {
  const parts = text.split(/('(?:[^']|'')*')/);
  let nth = 0;
  const space = () => spaces[nth++ % spaces.length]!;
  return parts
    .map((part) => (part.startsWith("'") ? part : (isUpper ? part.toUpperCase() : part).replaceAll(" ", space)))
    .join("");
}

describe("analyzeSql", () => {
  it("never throws, and says nothing of what it did not understand", () => {
    const unit = fc.constantFrom(..."SELECTFROM*();'\"$\\-/%[]{}:=,. \n\t\0\r\u200bé😀xe1".split(""), "\ud800");
    const text = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.string({ unit, maxLength: 60 }),
      fc.tuple(read, fc.string()).map((p) => p.join("")),
    );
    fc.assert(
      fc.property(text, fc.constantFrom(...SQL_DIALECTS), (sql, dialect) => {
        const script = analyzeSql(sql, dialect);
        if (script.ok) expect(script.error).toBe("");
        else expect(script).toMatchObject({ statements: [], kinds: [], is_read_only: false, statement_count: 0 });
        expect(script.is_read_only && script.writes.length > 0).toBe(false);
      }),
      { numRuns: 3000 },
    );
    expect(analyzeSql("SELECT 1").ok).toBe(true);
  });

  it("a change is seen wherever it stands", () => {
    fc.assert(
      fc.property(write, read, fc.constantFrom(...HIDINGS), (text, other, hide) => {
        const script = analyzeSql(hide(text, other));
        expect(script).toMatchObject({ error: "", ok: true, is_read_only: false });
        expect(script.writes).toContain("victim");
        const kind = /^[A-Z]+/.exec(text)![0];
        expect(script.kinds).toContain(kind);
        expect(
          script.statements.some((statement) => statement.kind === kind && statement.writes.includes("victim")),
        ).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it("other spaces, comments and case change nothing", () => {
    fc.assert(
      fc.property(
        fc.oneof(read, write),
        fc.array(SPACE, { minLength: 1, maxLength: 9 }),
        fc.boolean(),
        (text, spaces, isUpper) => {
          const { has_comment: _, ...script } = analyzeSql(respelled(text, spaces, isUpper));
          const { has_comment: __, ...expected } = analyzeSql(text);
          expect(script).toEqual(expected);
        },
      ),
      { numRuns: 1000 },
    );
  });

  it("a second statement is never less read-only alone than behind another", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(read, write), { minLength: 1, maxLength: 4 }), (texts) => {
        const script = analyzeSql(texts.join(";\n"));
        const alone = texts.map((text) => analyzeSql(text));
        expect(script.statement_count).toBe(texts.length);
        expect(script.is_read_only).toBe(alone.every((one) => one.is_read_only));
        expect([...script.writes].sort()).toEqual([...new Set(alone.flatMap((one) => one.writes))].sort());
      }),
      { numRuns: 300 },
    );
  });

  it("no other dialect takes for read-only what PostgreSQL does not", () => {
    fc.assert(
      fc.property(fc.oneof(read, write), write, fc.constantFrom(...SQL_DIALECTS), (text, other, dialect) => {
        expect(analyzeSql(`${text}; ${other}`, dialect).is_read_only).toBe(false);
        expect(analyzeSql(`${text} /*!; ${other} */`, dialect).is_read_only && dialect !== "postgresql").toBe(false);
      }),
    );
  });
});
