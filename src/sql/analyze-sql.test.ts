import { beforeAll, describe, expect, it } from "vitest";
import { analyzeSql, loadSqlParser, SQL_LIMITS } from "./index.ts";

beforeAll(loadSqlParser);

describe("reads and writes", () => {
  it.each([
    [
      "SELECT * FROM a JOIN s.b USING (id), LATERAL (SELECT 1 FROM c) x WHERE EXISTS (SELECT 1 FROM d)",
      "a c d s.b",
      "",
    ],
    [
      "SELECT (SELECT x FROM a), ARRAY(SELECT y FROM b) FROM c ORDER BY (SELECT 1 FROM d) LIMIT (SELECT 1 FROM e)",
      "a b c d e",
      "",
    ],
    ["SELECT 1 FROM a UNION (SELECT 1 FROM b EXCEPT SELECT 1 FROM c)", "a b c", ""],
    ["TABLE a", "a", ""],
    ["VALUES ((SELECT 1 FROM a))", "a", ""],
    ["WITH x AS (SELECT * FROM a) SELECT * FROM x, b", "a b", ""],
    ["WITH a AS (SELECT * FROM a) SELECT * FROM a", "a", ""],
    ["WITH RECURSIVE a AS (SELECT 1 UNION SELECT * FROM a) SELECT * FROM a", "", ""],
    ["WITH x AS (SELECT 1), y AS (SELECT * FROM x) SELECT * FROM y, public.x", "public.x", ""],
    ["SELECT * FROM (WITH x AS (SELECT 1) SELECT * FROM x) q, x", "x", ""],
    ["INSERT INTO a SELECT * FROM b", "b", "a"],
    ["INSERT INTO a VALUES (1) ON CONFLICT DO NOTHING", "a", "a"],
    ["UPDATE a SET x = b.x FROM b WHERE a.id = b.id", "a b", "a"],
    ["DELETE FROM a USING b WHERE a.id = b.id", "a b", "a"],
    ["WITH x AS (SELECT 1) DELETE FROM x", "x", "x"],
    ["MERGE INTO a USING (SELECT * FROM b) s ON a.id = s.id WHEN MATCHED THEN DELETE", "a b", "a"],
    ["WITH x AS (INSERT INTO a SELECT * FROM b RETURNING *) SELECT * FROM x, c", "a b c", "a"],
    ["SELECT * INTO a FROM b", "b", "a"],
    ["SELECT 1 AS x INTO a UNION SELECT x FROM b", "b", "a"],
    ["CREATE TABLE a AS SELECT * FROM b", "b", "a"],
    ["CREATE VIEW a AS SELECT * FROM b", "b", "a"],
    ["CREATE TABLE a (LIKE b, x int REFERENCES c)", "", "a b"],
    ["DROP TABLE a, s.b", "", "a s.b"],
    ["DROP TRIGGER t ON s.a", "", "s.a"],
    ["TRUNCATE a, b CASCADE", "", "a b"],
    ["ALTER TABLE a RENAME TO b", "", "a"],
    ["GRANT SELECT ON a TO public", "", "a"],
    ["COPY a FROM STDIN", "", "a"],
    ["COPY a TO PROGRAM 'x'", "a", ""],
    ["COPY (SELECT * FROM a) TO STDOUT", "a", ""],
    ["EXPLAIN ANALYZE DELETE FROM a", "a", "a"],
    ["EXPLAIN DELETE FROM a", "a", ""],
    ["PREPARE p AS DELETE FROM a", "a", "a"],
    ["DECLARE c CURSOR FOR SELECT * FROM a", "a", ""],
    ["CREATE RULE r AS ON INSERT TO a DO ALSO DELETE FROM b", "b", "a b"],
    ["CREATE INDEX i ON a (x) WHERE x > 1", "", "a"],
    ['SELECT * FROM "A b", "x.y", "s""t".u, "pg_catalog".pg_class', '"s""t".u "x.y" A b pg_class', ""],
  ])("%s", (text, reads, writes) => {
    const script = analyzeSql(text);
    expect([script.error, [...script.reads].sort().join(" "), [...script.writes].sort().join(" ")]).toEqual([
      "",
      reads,
      writes,
    ]);
  });
});

describe("what is read-only", () => {
  it.each([
    "SELECT 1",
    "SELECT count(*), lower(x), date_trunc('day', now()) FROM t WHERE x LIKE 'a%' GROUP BY 2, 3 HAVING count(*) > 1",
    "SELECT extract(year FROM x), trim(y), position('a' IN z), x AT TIME ZONE 'UTC', overlay(a PLACING 'b' FROM 1) FROM t",
    "SELECT row_number() OVER (PARTITION BY x ORDER BY y) FROM t",
    "WITH RECURSIVE x(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM x WHERE n < 9) SELECT * FROM x",
    "SELECT * FROM t TABLESAMPLE system (1)",
    "SELECT JSON_VALUE('{}', '$.a'), XMLELEMENT(NAME a, 'b'), COALESCE(NULL, 1), GREATEST(1, 2), CURRENT_USER",
    "SELECT pg_catalog.lower('A')",
    "EXPLAIN SELECT 1",
    "SHOW search_path",
    "COPY t TO STDOUT",
    "SELECT 1; SELECT 2",
  ])("%s", (text) => {
    expect(analyzeSql(text)).toMatchObject({ ok: true, is_read_only: true });
  });

  it.each([
    "INSERT INTO t VALUES (1)",
    "SELECT 1; DELETE FROM t",
    "WITH x AS (DELETE FROM t RETURNING *) SELECT * FROM x",
    "SELECT * FROM (SELECT 1) x, pg_read_file('/etc/passwd')",
    "SELECT pg_catalog.pg_sleep(9)",
    "SELECT nextval('s')",
    "SELECT set_config('role', 'postgres', false)",
    "SELECT query_to_xml('delete from t', true, true, '')",
    "SELECT table_to_xml('secrets', true, true, '')",
    "SELECT dblink('host=x', 'select 1')",
    "SELECT * FROM t WHERE id = my_function(1)",
    "SELECT 1 ORDER BY lo_import('/etc/passwd')",
    "SELECT count(*) FILTER (WHERE pg_terminate_backend(1)) FROM t",
    "SELECT sum(x) OVER (ORDER BY pg_advisory_lock(1)) FROM t",
    'SELECT "LOWER"(x) FROM t',
    "SELECT public.lower(x) FROM t",
    "SELECT 1 OPERATOR(public.+) 2",
    "SELECT 1 OPERATOR(public.=) ANY (SELECT 2)",
    "SELECT a FROM t ORDER BY a USING OPERATOR(public.<)",
    "SELECT * FROM t TABLESAMPLE mine (1)",
    "SELECT * INTO a FROM b",
    "SELECT * FROM t FOR UPDATE",
    "SELECT * FROM (SELECT * FROM t FOR SHARE) x",
    "EXPLAIN ANALYZE DELETE FROM t",
    "EXPLAIN (ANALYZE true) SELECT nextval('s')",
    "EXPLAIN SELECT my_function(1)",
    "EXPLAIN EXECUTE p",
    "COPY t FROM STDIN",
    "COPY t TO '/tmp/x'",
    "COPY t TO PROGRAM 'curl x'",
    "COPY (SELECT nextval('s')) TO STDOUT",
    "CALL p()",
    "DO $$ BEGIN END $$",
    "SET ROLE postgres",
    "RESET ALL",
    "BEGIN",
    "LOCK t",
    "NOTIFY x",
    "LISTEN x",
    "PREPARE p AS SELECT 1",
    "EXECUTE p",
    "DECLARE c CURSOR FOR SELECT 1",
    "FETCH c",
    "VACUUM",
    "REFRESH MATERIALIZED VIEW v",
    "LOAD 'x'",
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'select 1'",
    "",
    "-- nothing",
  ])("not %s", (text) => {
    expect(analyzeSql(text)).toMatchObject({ ok: true, is_read_only: false });
  });
});

describe("statements", () => {
  it("those inside others are listed behind them, and not counted", () => {
    const script = analyzeSql(
      "WITH x AS (UPDATE t SET a = 1 RETURNING *) SELECT * FROM x LIMIT 1; DELETE FROM u WHERE id = 1",
    );
    expect(script).toMatchObject({ statement_count: 2, has_stacked: true, kinds: ["SELECT", "UPDATE", "DELETE"] });
    expect(script.statements).toMatchObject([
      { kind: "SELECT", is_nested: false, has_limit: true, has_where: false, tables: [] },
      { kind: "UPDATE", is_nested: true, has_returning: true, has_where: false, tables: ["t"] },
      { kind: "DELETE", is_nested: false, has_returning: false, has_where: true, where_is_trivial: false },
    ]);
  });

  it.each([
    ["COMMENT ON TABLE t IS 'x'", "COMMENT"],
    ["REVOKE ALL ON t FROM public", "REVOKE"],
    ["GRANT a TO b", "GRANT"],
    ["ANALYZE t", "ANALYZE"],
    ["ALTER ROLE a SUPERUSER", "ALTER"],
    ["CREATE EXTENSION dblink", "CREATE"],
    ["DROP DATABASE d", "DROP"],
    ["COMMIT", "TRANSACTION"],
    ["SECURITY LABEL ON TABLE t IS 'x'", "ALTER"],
  ])("%s is %s", (text, kind) => {
    expect(analyzeSql(text).kinds).toEqual([kind]);
  });

  it("comments, set operations, columns and literals are seen", () => {
    expect(analyzeSql("SELECT a.b, *, c::text FROM a WHERE d = 'x--y' /* z */")).toMatchObject({
      ...{ has_comment: true, has_union: false, columns: ["b", "*", "c", "d"], literals_count: 1 },
    });
    expect(analyzeSql("SELECT '--', '/* */' INTERSECT SELECT 1, $1")).toMatchObject({
      ...{ has_comment: false, has_union: true, literals_count: 3 },
    });
  });
});

describe("a condition that is the same for every row", () => {
  it.each([
    ...[
      "true",
      "1=1",
      "'a'='a'",
      "1<>2",
      "id=id",
      "t.id >= t.id",
      "id = 5 OR 1=1",
      "NOT false",
      "NOT (1=2)",
      "x LIKE '%'",
    ],
    ...["x IS NULL OR x IS NOT NULL", "1 < 2", "now() > '2020-01-01'", "EXISTS (SELECT 1)", "id IN (1, id)", "1"],
    ...["true AND 2=2", "x IS NOT DISTINCT FROM x", "length('a') = 1", "id = 1 OR random() < 2"],
  ])("%s", (condition) => {
    const [statement] = analyzeSql(`DELETE FROM t WHERE ${condition}`).statements;
    expect(statement).toMatchObject({ has_where: true, where_is_trivial: true });
  });

  it.each([
    ...[
      "id = 5",
      "false",
      "1=0",
      "id = 5 AND true",
      "id <> id",
      "a = b",
      "id = 5 OR false",
      "x IS NULL",
      "t.id = u.id",
    ],
    ...["x LIKE 'a%'", "id BETWEEN 1 AND id", "EXISTS (SELECT 1 FROM u WHERE u.id = t.id)", "NOT (id = 5)"],
  ])("not %s", (condition) => {
    const [statement] = analyzeSql(`DELETE FROM t WHERE ${condition}`).statements;
    expect(statement).toMatchObject({ has_where: true, where_is_trivial: false });
  });
});

describe("a condition on constants", () => {
  it.each([
    "SELECT 1 FROM t WHERE a = '' OR '1'='1'",
    "SELECT 1 FROM t WHERE a = 'x' AND 1=2",
    "SELECT 1 FROM t WHERE a = 5 OR 2>1",
    "SELECT 1 FROM t WHERE a = 5 OR true",
    "SELECT 1 FROM t WHERE a = '' OR 1",
    "SELECT 1 FROM t WHERE a = ''-''",
    "SELECT 1 FROM t WHERE a = '' OR a LIKE '%'",
    "SELECT 1 FROM t WHERE a = 1 OR a = a",
    "SELECT 1 FROM t WHERE a = 1 OR 3 BETWEEN 1 AND 5",
    "SELECT 1 FROM t WHERE a = 1 OR 3 IN (1, 2, 1 + 2)",
    "SELECT 1 FROM t WHERE a = 1 OR '1'::int = CAST('1' AS int)",
    "SELECT count(*) FROM t GROUP BY a HAVING 1=1",
    "SELECT 1 FROM t JOIN u ON 1=1",
    "SELECT CASE WHEN 1=1 THEN a ELSE b END FROM t",
    "UPDATE t SET a = 1 WHERE b IN (SELECT b FROM u WHERE 'x' LIKE 'x')",
    `SELECT 1 FROM t WHERE ${"1+".repeat(70)}1 = 71`,
  ])("%s", (text) => {
    expect(analyzeSql(text)).toMatchObject({ ok: true, has_constant_condition: true });
  });

  it.each([
    "SELECT 1 FROM t WHERE a = 1 OR b = 2",
    "SELECT 1 FROM t WHERE a = 1 AND b LIKE 'x%' AND c BETWEEN 1 AND 5",
    "SELECT 1 FROM t WHERE day > DATE '2025-01-01' - INTERVAL '1 year'",
    "SELECT 100 * 1.5, 'a' || 'b', -5 FROM t WHERE a IN (1, 2) AND NOT b AND (a = 1) = b",
    "SELECT 1 FROM t JOIN u ON t.id = u.id AND u.id <> t.id WHERE now() > t.at",
    "SELECT a = 1 FROM t WHERE $1 = a",
  ])("none: %s", (text) => {
    expect(analyzeSql(text)).toMatchObject({ ok: true, has_constant_condition: false });
  });
});

describe("what a statement is about", () => {
  it.each([
    ["CREATE TABLE a (b int)", "TABLE"],
    ["CREATE TABLE a AS SELECT 1", "TABLE"],
    ["CREATE MATERIALIZED VIEW a AS SELECT 1", "MATERIALIZED VIEW"],
    ["CREATE VIEW a AS SELECT 1", "VIEW"],
    ["CREATE USER a SUPERUSER", "ROLE"],
    ["ALTER ROLE a SUPERUSER", "ROLE"],
    ["ALTER USER a SET search_path = x", "ROLE"],
    ["GRANT a TO b", "ROLE"],
    ["DROP USER a", "ROLE"],
    ["SET ROLE a", "ROLE"],
    ["SET SESSION AUTHORIZATION a", "ROLE"],
    ["CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'select 1'", "FUNCTION"],
    ["CREATE AGGREGATE f(int) (SFUNC = g, STYPE = int)", "AGGREGATE"],
    ["CREATE EXTENSION dblink", "EXTENSION"],
    ["CREATE TRIGGER t AFTER INSERT ON a EXECUTE FUNCTION f()", "TRIGGER"],
    ["CREATE EVENT TRIGGER t ON ddl_command_end EXECUTE FUNCTION f()", "EVENT TRIGGER"],
    ["CREATE SCHEMA s", "SCHEMA"],
    ["CREATE DATABASE d", "DATABASE"],
    ["CREATE SERVER s FOREIGN DATA WRAPPER w", "FOREIGN SERVER"],
    ["ALTER TABLE a ADD b int", "TABLE"],
    ["ALTER TABLE a RENAME TO b", "TABLE"],
    ["ALTER TABLE a OWNER TO b", "TABLE"],
    ["ALTER SYSTEM SET a = 1", "SYSTEM"],
    ["DROP TABLE a", "TABLE"],
    ["DROP FOREIGN TABLE a", "FOREIGN TABLE"],
    ["DROP OWNED BY a", "OWNED"],
    ["COMMENT ON TABLE a IS 'x'", "TABLE"],
    ["GRANT SELECT ON a TO b", "TABLE"],
    ["SET work_mem = 1", ""],
    ["SELECT 1", ""],
    ["DELETE FROM a", ""],
  ])("%s", (text, object) => {
    expect(analyzeSql(text).statements.map((statement) => statement.object)).toEqual([object]);
  });
});

it("a name of PostgreSQL's own is the same however much is written before it", () => {
  const text =
    "SELECT pg_sleep(1), pg_catalog.pg_sleep(1), db.pg_catalog.pg_sleep(1), mine.pg_sleep(1) FROM db.pg_catalog.pg_class";
  expect(analyzeSql(text)).toMatchObject({ functions: ["pg_sleep", "mine.pg_sleep"], reads: ["pg_class"] });
});

describe("what is not given to the parser", () => {
  const long = "x".repeat(SQL_LIMITS.lengthMax);
  it.each([
    ["a NUL, behind which the parser sees nothing", "SELECT 1;\0DROP TABLE x"],
    ["a control character", "SELECT 1\x08"],
    ["a carriage return alone", "SELECT 1 -- x\rDROP TABLE x"],
    ["text that runs backwards", "SELECT '\u202ex'"],
    ["a letter without width", "SELECT 1 FROM us\u200bers"],
    ["half of a character", "SELECT '\ud800'"],
    ["a long text", `SELECT '${long}'`],
    ["comments in comments", `SELECT 1 ${"/*".repeat(100)}${"*/".repeat(100)}`],
    ["very many tokens", `SELECT ${"1,".repeat(4000)}1`],
    ["deep brackets", `SELECT ${"(".repeat(500)}1${")".repeat(500)}`],
    ["deep brackets behind brackets in texts", `SELECT ${"(')' || ".repeat(350)}1${")".repeat(350)}`],
    ["a long chain of operators", `SELECT ${"1+".repeat(1251)}1`],
    ["a long chain of words", `SELECT ${"NOT ".repeat(2501)}true`],
  ])("%s", (_, text) => {
    const script = analyzeSql(text);
    expect(script).toMatchObject({ ok: false, statements: [], is_read_only: false });
    expect(script.error).not.toBe("");
    expect(analyzeSql("SELECT 1").ok).toBe(true);
  });

  it("the longest that is allowed does not wear the parser out", () => {
    const chains = [
      `SELECT ${"1+".repeat(1240)}1`,
      `SELECT ${"NOT ".repeat(2490)}true`,
      `SELECT 1${"::int".repeat(820)}`,
    ];
    const nested = [`SELECT ${"(SELECT ".repeat(270)}1${")".repeat(270)}`, `SELECT ${"1,".repeat(1240)}1`];
    for (const text of [...chains, ...nested]) expect(analyzeSql(text).error, text.slice(0, 20)).toBe("");
    expect(analyzeSql("SELECT 1").ok).toBe(true);
  });

  it.each([
    "SELECT date $1",
    "SELECT f('x') $1",
    "SET a = $1",
    "ALTER ROLE a PASSWORD $1",
    "SELECT extract($1 FROM x)",
  ])("%s, which the library parses and PostgreSQL does not", (text) => {
    expect(analyzeSql(text)).toMatchObject({ ok: false, statements: [] });
  });

  it("a parameter where PostgreSQL has them", () => {
    for (const text of ["SELECT $1::int, f($2)", "EXECUTE p($1)", "SELECT CAST($1 AS date) WHERE a = $2 LIMIT $3"])
      expect(analyzeSql(text).error, text).toBe("");
  });

  it("lines may end as on Windows", () => {
    expect(analyzeSql("SELECT 1\r\nFROM t -- x\r\n").ok).toBe(true);
  });

  it("no SQL, and it says nothing of the text", () => {
    expect(analyzeSql("DROP the SECRET now")).toMatchObject({ ok: false, error: "not SQL that PostgreSQL parses" });
  });
});

describe("other dialects", () => {
  it.each([
    ["mysql", "SELECT 'a\\'; DROP TABLE x; -- '"],
    ["mysql", 'SELECT "a" FROM t'],
    ["mysql", "SELECT 1 /*!50000 INTO OUTFILE '/x' */"],
    ["mysql", "SELECT 1 # x"],
    ["mysql", "SELECT 1 --1"],
    ["sqlite", "SELECT 1 /* /* */ ; DROP TABLE x; -- */ */"],
    ["mysql", "SELECT $$ '; DROP TABLE x; -- $$"],
    ["tsql", "SELECT a[1] FROM t"],
    ["tsql", "SELECT 1 shutdown"],
    ["tsql", "SELECT * FROM t delete"],
    ["tsql", "SELECT 1 FROM t exec"],
    ["tsql", "UPDATE t SET a = 1, b = b set"],
    ["mysql", "SELECT 'a' || 'b'"],
    ["mysql", "SELECT @a := 1"],
    ["tsql", "SELECT 1\u00a0FROM t"],
    ["mysql", "SELECT e'x'"],
  ] as const)("in %s it is not sure what this means: %s", (dialect, text) => {
    expect(analyzeSql(text, dialect).ok).toBe(false);
  });

  it.each(["mysql", "sqlite", "tsql"] as const)("in %s plain statements mean the same", (dialect) => {
    expect(analyzeSql("SELECT count(*) FROM t WHERE a = 'it''s' AND b > 1 -- x", dialect)).toMatchObject({
      ...{ ok: true, is_read_only: true, reads: ["t"] },
    });
    expect(analyzeSql("UPDATE t SET a = 1 WHERE id = 2; DELETE FROM t", dialect)).toMatchObject({ statement_count: 2 });
  });
});
