import { and, type SQL, sql } from "drizzle-orm";
import type { AuditFilters, StoredLine } from "../../audit/index.ts";
import { columnCondition, idCondition } from "./audit-conditions.ts";
import { type Drizzle, queryRows } from "./database.ts";

export interface AuditPage {
  readonly filters: AuditFilters;
  /** What else the row has to be, by its id and its arrival. */
  readonly onPage: SQL | undefined;
  /** Of the ids. */
  readonly direction: "asc" | "desc";
  readonly limit: number;
}

/** How many rows are looked at in the order of ids before the index of rules is asked. */
export type RowsExamined = (limit: number) => number;

/** Some 20 ms. */
const rowsExaminedByDefault: RowsExamined = (limit) => Math.max(20_000, 100 * limit);

/**
 * The first `limit` rows that the filters and `onPage` let through.
 *
 * The index of rules knows no order, so a rule that matches often is found by going along the ids, and only one that does
 * not by that index. The planner cannot tell: it takes a rule that its sample lacks for one in 200, and goes through
 * everything. These are two statements, because one that holds both looks so expensive that PostgreSQL compiles it
 * (`jit`): 200 ms where going along the ids takes one.
 * INVARIANT: the rows are those of one statement alone, so of one moment.
 */
export async function readPage(
  db: Drizzle,
  page: AuditPage,
  rowsExamined: RowsExamined = rowsExaminedByDefault,
): Promise<StoredLine[]> {
  const within = and(idCondition(page.filters), page.onPage) ?? sql`true`;
  const columns = columnCondition(page.filters) ?? sql`true`;
  if (page.filters.rule_id === undefined) return readAlongIds(db, page, sql`${within} and ${columns}`);
  const near = await readNear(db, page, within, columns, rowsExamined(page.limit));
  return near.length === page.limit ? near : readAnywhere(db, page, sql`${within} and ${columns}`);
}

function readAlongIds(db: Drizzle, page: AuditPage, condition: SQL): Promise<StoredLine[]> {
  return queryRows(db, sql`select id, record::text as line from audit_records where ${condition} ${firstOf(page)}`);
}

/** Those among the nearest ids. */
function readNear(db: Drizzle, page: AuditPage, within: SQL, columns: SQL, examined: number): Promise<StoredLine[]> {
  return queryRows(
    db,
    sql`
    select id, record::text as line
    from (select * from audit_records where ${within} ${firstOf({ ...page, limit: examined })}) as audit_records
    where ${columns} ${firstOf(page)}`,
  );
}

/**
 * Those among all rows. The planner does not hear of the limit, so a rule that it takes for seldom is gathered by the index
 * of rules and then put in order, and one that it knows to be frequent, but that decided nothing lately, is found by going
 * along the ids. INVARIANT: a CTE gives its rows in its own order, and makes no more of them than are asked for.
 */
function readAnywhere(db: Drizzle, page: AuditPage, condition: SQL): Promise<StoredLine[]> {
  return queryRows(
    db,
    sql`
    with ordered as materialized (
      select id from audit_records where ${condition} order by id ${sql.raw(page.direction)}
    )
    select id, record::text as line from audit_records
    where id in (select id from ordered limit ${page.limit}) ${firstOf(page)}`,
  );
}

function firstOf({ direction, limit }: Pick<AuditPage, "direction" | "limit">): SQL {
  return sql`order by id ${sql.raw(direction)} limit ${limit}`;
}
