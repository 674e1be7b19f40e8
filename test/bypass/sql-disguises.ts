import type { BaseStatement } from "./base-statements.ts";

export interface SqlDisguise {
  readonly name: string;
  readonly apply: (base: BaseStatement) => string | undefined;
}

const around = (name: string, wrap: (text: string) => string): SqlDisguise => ({
  name,
  apply: ({ text }) => wrap(text),
});

/** Only where the text begins so. */
const where = (beginning: RegExp, name: string, wrap: (text: string) => string): SqlDisguise => ({
  name,
  apply: ({ text }) => (beginning.test(text) ? wrap(text) : undefined),
});

/** Blanks outside of texts. */
const blanks = (text: string, blank: string) =>
  text
    .split("'")
    .map((part, at) => (at % 2 === 0 ? part.replaceAll(" ", blank) : part))
    .join("'");
/** Letters outside of texts. */
const words = (text: string, write: (word: string) => string) =>
  text
    .split("'")
    .map((part, at) => (at % 2 === 0 ? part.replace(/[A-Za-z_]\w*/g, write) : part))
    .join("'");

const QUERY = /^SELECT/;
const CHANGE = /^(?:DELETE|UPDATE|INSERT)/;

const SPACING: readonly SqlDisguise[] = [
  around("in lower case", (t) => words(t, (w) => w.toLowerCase())),
  around("in upper case", (t) => words(t, (w) => w.toUpperCase())),
  around("in mixed case", (t) =>
    words(t, (w) => [...w].map((c, at) => (at % 2 === 0 ? c.toLowerCase() : c.toUpperCase())).join("")),
  ),
  around("with newlines", (t) => blanks(t, "\n")),
  around("with tabs", (t) => blanks(t, "\t\t")),
  around("with carriage returns", (t) => blanks(t, "\r\n")),
  around("far inside", (t) => `${" ".repeat(500)}${t}${"\n".repeat(50)}`),
  around("behind semicolons", (t) => `;;; ${t};;`),
];

const COMMENTS: readonly SqlDisguise[] = [
  around("with comments for blanks", (t) => blanks(t, "/**/")),
  around("with nested comments", (t) => blanks(t, "/* a /* b */ c */")),
  around("with comments to the end of lines", (t) => blanks(t, "--x\n")),
  around("with quotes in comments", (t) => blanks(t, "/*'*/")),
  around("behind a comment", (t) => `-- a report\n${t}`),
  around("before a comment", (t) => `${t} -- only a report`),
  around("before an open comment", (t) => `${t} /*`),
  around("as a comment that MySQL runs", (t) => `/*!50000 ${t} */`),
  around("as a comment that MariaDB runs", (t) => `SELECT 1 /*M! ; ${t} */`),
  around("behind a comment of MySQL", (t) => `#\n${t}`),
  around("with a part in a comment that runs", (t) => t.replace(" ", " /*!*/ ")),
];

const STACKING: readonly SqlDisguise[] = [
  around("behind another", (t) => `SELECT 1; ${t}`),
  around("before another", (t) => `${t}; SELECT 1`),
  around("in a transaction", (t) => `BEGIN; ${t}; COMMIT`),
  around("behind twenty others", (t) => `${"SELECT 1;".repeat(20)}${t}`),
  around("behind a closed text", (t) => `SELECT name FROM users WHERE name = 'x'; ${t}; --'`),
  around("behind a setting", (t) => `SET standard_conforming_strings = off; ${t}`),
];

const NESTING: readonly SqlDisguise[] = [
  where(CHANGE, "in a WITH", (t) => `WITH x AS (${t} RETURNING *) SELECT * FROM x`),
  where(CHANGE, "in a WITH that nobody reads", (t) => `WITH x AS (${t}) SELECT 1`),
  where(CHANGE, "in a rule", (t) => `CREATE RULE r AS ON INSERT TO a DO ALSO ${t}`),
  where(/^(?:SELECT|DELETE|UPDATE|INSERT)/, "explained and run", (t) => `EXPLAIN (ANALYZE, COSTS off) ${t}`),
  where(
    /^(?:SELECT|DELETE|UPDATE|INSERT)/,
    "explained and run, in the old words",
    (t) => `EXPLAIN ANALYZE VERBOSE ${t}`,
  ),
  where(/^(?:SELECT|DELETE|UPDATE|INSERT)/, "prepared", (t) => `PREPARE p AS ${t}`),
  where(/^(?:SELECT|DELETE|UPDATE|INSERT)/, "prepared and run", (t) => `PREPARE p AS ${t}; EXECUTE p`),
  where(QUERY, "in brackets", (t) => `((${t}))`),
  where(QUERY, "in a subquery", (t) => `SELECT * FROM (${t}) q`),
  where(QUERY, "in a scalar subquery", (t) =>
    /\*/.test(t) ? `SELECT ARRAY(SELECT 1 FROM (${t}) q)` : `SELECT (${t})`,
  ),
  where(QUERY, "in a WITH", (t) => `WITH x AS MATERIALIZED (${t}) SELECT * FROM x`),
  where(QUERY, "in a set operation", (t) => `SELECT NULL UNION ALL (${t})`),
  where(QUERY, "in a condition", (t) => `SELECT id FROM orders WHERE EXISTS (${t})`),
  where(QUERY, "in a lateral join", (t) => `SELECT 1 FROM orders o CROSS JOIN LATERAL (${t}) q`),
  where(QUERY, "in a cursor", (t) => `DECLARE c CURSOR FOR ${t}`),
  where(QUERY, "in an export", (t) => `COPY (${t}) TO STDOUT`),
  where(QUERY, "in a table", (t) => `CREATE TABLE x AS ${t}`),
  where(QUERY, "in an ORDER BY", (t) => `SELECT 1 ORDER BY (SELECT count(*) FROM (${t}) q)`),
  around("in a block of code", (t) => `DO $$ BEGIN EXECUTE $x$${t}$x$; END $$`),
  around("in a function", (t) => `CREATE FUNCTION f() RETURNS void LANGUAGE sql AS $$${t}$$`),
  around("in a query that runs texts", (t) => `SELECT query_to_xml(${`'${t.replaceAll("'", "''")}'`}, true, true, '')`),
];

const NAMES: readonly SqlDisguise[] = [
  around("with quoted names", (t) => t.replace(/\b(users|orders|pg_shadow|pg_read_file|pg_sleep|dblink)\b/g, '"$1"')),
  around("with names in Unicode escapes", (t) =>
    t.replace(
      /\b(users|orders|pg_shadow|pg_read_file|pg_sleep|dblink)\b/g,
      (n) => `U&"\\00${n.charCodeAt(0).toString(16)}${n.slice(1)}"`,
    ),
  ),
  around("with names of another escape", (t) =>
    t.replace(
      /\b(pg_shadow|pg_read_file|pg_sleep|dblink)\b/g,
      (n) => `U&"!00${n.charCodeAt(0).toString(16)}${n.slice(1)}" UESCAPE '!'`,
    ),
  ),
  around("with a schema", (t) => t.replace(/\b(pg_shadow|pg_read_file|pg_sleep)\b/g, "pg_catalog.$1")),
  around("with a schema and blanks", (t) => t.replace(/\b(pg_shadow|pg_read_file|pg_sleep)\b/g, '"pg_catalog" . $1')),
  around("with a schema of one's own", (t) => t.replace(/\b(users|orders|dblink)\b/g, "public.$1")),
  around("with texts in dollars", (t) => t.replace(/'([^']*)'/g, "$$q$$$1$$q$$")),
  around("with escaped texts", (t) =>
    t.replace(/'([^']+)'/g, (_, text: string) => `E'\\x${text.charCodeAt(0).toString(16)}${text.slice(1)}'`),
  ),
  around("with a blank before the bracket", (t) => t.replace(/(\w)\(/g, "$1 (")),
];

const wide = (text: string) => text.replace(/[A-Za-z]/g, (c) => String.fromCharCode(c.charCodeAt(0) + 0xfee0));

const LOOK_ALIKES: readonly SqlDisguise[] = [
  around("in wide letters", wide),
  around("with a first word in wide letters", (t) => t.replace(/^\w+/, wide)),
  around("with Cyrillic letters", (t) =>
    t.replace(/^\w+/, (w) => w.replace(/[AEOPCT]/, (c) => "АЕОРСТ"["AEOPCT".indexOf(c)]!)),
  ),
  around("with an invisible character", (t) => t.replace(/^(\w)/, "$1\u200b")),
  around("with spaces that are none", (t) => blanks(t, "\u00a0")),
  around("behind a byte order mark", (t) => `\ufeff${t}`),
  around("behind NUL", (t) => `SELECT 1\u0000; ${t}`),
  around("behind a change of direction", (t) => `/*\u202e*/ ${t}`),
  around("behind a form feed", (t) => `\f${t}`),
];

const SPELLINGS = 8;

export const SQL_DISGUISES: Readonly<Record<string, readonly SqlDisguise[]>> = {
  spacing: SPACING,
  comments: COMMENTS,
  stacking: STACKING,
  nesting: NESTING,
  names: NAMES,
  "look-alikes": LOOK_ALIKES,
  spellings: Array.from(
    { length: SPELLINGS },
    (_, at): SqlDisguise => ({ name: `spelling ${at + 1}`, apply: ({ spellings = [] }) => spellings[at] }),
  ),
};
