/** One statement, as rules see it. Names are as PostgreSQL folds them: lower case unless quoted. */
export interface SqlStatement {
  /** What it does: `SELECT`, `DELETE`, `DROP`, ...; `OTHER` for what has no name here. */
  readonly kind: string;
  /** What a `CREATE`, `ALTER`, `DROP` and the like is about: `TABLE`, `ROLE`, `FUNCTION`, ...; empty for other kinds. */
  readonly object: string;
  /** It stands inside another statement: in a `WITH`, or behind `EXPLAIN ANALYZE`, `PREPARE`, `DECLARE` or `COPY`. */
  readonly is_nested: boolean;
  /** `reads` and `writes`, and what is only named, each once. */
  readonly tables: readonly string[];
  /** Tables whose rows it looks at. `UPDATE`, `DELETE` and `MERGE` look at the rows that they change. */
  readonly reads: readonly string[];
  /** Tables that it changes, creates, drops or grants. */
  readonly writes: readonly string[];
  /** As written, in lower case; `pg_catalog.` left out. */
  readonly functions: readonly string[];
  readonly has_where: boolean;
  /** The condition is the same for every row: `1=1`, `x=x`, `now() > '2020-01-01'`. Never for one that is false. */
  readonly where_is_trivial: boolean;
  readonly has_limit: boolean;
  readonly has_returning: boolean;
  readonly is_read_only: boolean;
}

/** What a text of SQL says. With `ok` false it says nothing: every list is empty and nothing is read-only. */
export interface SqlScript {
  readonly ok: boolean;
  /** Why it was not understood; empty when it was. Never holds a part of the text. */
  readonly error: string;
  /** Statements one behind the other; those inside others are not counted. */
  readonly statement_count: number;
  /** Of all statements, those inside others too; each once. */
  readonly kinds: readonly string[];
  /** In the order of the text; a statement before those inside of it. */
  readonly statements: readonly SqlStatement[];
  readonly reads: readonly string[];
  readonly writes: readonly string[];
  readonly functions: readonly string[];
  /** Names of columns that are read anywhere; `*` for all of a table. */
  readonly columns: readonly string[];
  /** Every statement surely changes nothing and reaches nothing outside of the database. */
  readonly is_read_only: boolean;
  readonly has_comment: boolean;
  /** Somewhere constants are compared, or a column with itself, so that the answer does not depend on the row. */
  readonly has_constant_condition: boolean;
  /** `UNION`, `INTERSECT` or `EXCEPT` anywhere. */
  readonly has_union: boolean;
  /** More than one statement. */
  readonly has_stacked: boolean;
  readonly literals_count: number;
}

/** Languages that a text may be meant in. Only PostgreSQL's is parsed: see `dialect.ts`. */
export const SQL_DIALECTS = ["postgresql", "mysql", "sqlite", "tsql"] as const;
export type SqlDialect = (typeof SQL_DIALECTS)[number];

export function isSqlDialect(name: string): name is SqlDialect {
  return (SQL_DIALECTS as readonly string[]).includes(name);
}
