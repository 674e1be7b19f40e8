import { and, type SQL, sql } from "drizzle-orm";
import type { Arrivals, AuditFilters } from "../../audit/index.ts";
import { AppError } from "../../model/errors.ts";
import { columnCondition, idCondition } from "./audit-conditions.ts";
import { type Drizzle, queryRows } from "./database.ts";
import { isStorableText } from "./filter-text.ts";

/** Rows that one call looks at, at least: with a filter that few of them match, more than it may give. */
const EXAMINED_MIN = 1000;

/** A place in the order of arrival: behind the record `id` of the transaction `xid`. */
interface Place {
  readonly xid: string;
  readonly id: string;
}

/** `line` is null in the last row alone, which is the last one looked at. */
interface Row extends Place {
  readonly line: string | null;
}

/**
 * `AuditStore.arrivals`. The order is that of (transaction, id), among transactions older than every one that still runs:
 * none of those can add anything any more, so what is behind the cursor stays complete however transactions end.
 * - A transaction that writes, anywhere on the server and whatever it writes, holds up all arrivals until it ends.
 * - Without a cursor, what was inserted while such a transaction runs counts as arriving from now on.
 * - Transaction ids mean something on one server only: after a dump is restored on another, cursors are refused or skip.
 * @throws AppError `invalid_request` for a cursor that was never given
 */
export async function readArrivals(
  db: Drizzle,
  cursor: string | undefined,
  filters: AuditFilters,
  limit: number,
): Promise<Arrivals> {
  if (cursor === undefined) return { lines: [], cursor: `${await readHorizon(db)}.`, cursors: [] };
  const place = parseCursor(cursor);
  const rows = await queryRows<Row>(
    db,
    arrivalsBehind(place, and(idCondition(filters), columnCondition(filters)), limit),
  );
  const found = rows.filter((row): row is Row & { line: string } => row.line !== null);
  const last = found.length === limit ? found.at(-1) : rows.at(-1);
  if (last === undefined && BigInt(place.xid) > BigInt(await readHorizon(db))) throw neverGiven();
  return {
    lines: found.map(({ id, line }) => ({ id, line })),
    cursor: last === undefined ? cursor : cursorAt(last),
    cursors: found.map(cursorAt),
  };
}

async function readHorizon(db: Drizzle): Promise<string> {
  const rows = await queryRows<{ xid: string }>(db, sql`select pg_snapshot_xmin(pg_current_snapshot())::text as xid`);
  return rows[0]!.xid;
}

function arrivalsBehind({ xid, id }: Place, condition: SQL | undefined, limit: number): SQL {
  return sql`
    with page as materialized (
      select arrived_in, id, record, (${condition ?? sql`true`}) is true as matches
      from audit_records
      where (arrived_in, id) > (${xid}::xid8, ${id}) and arrived_in < pg_snapshot_xmin(pg_current_snapshot())
      order by arrived_in, id
      limit ${Math.max(limit, EXAMINED_MIN)}
    )
    select arrived_in::text as xid, id, line from (
      (select arrived_in, id, record::text as line from page where matches order by arrived_in, id limit ${limit})
      union all
      (select arrived_in, id, null from page order by arrived_in desc, id desc limit 1)
    ) as answer
    order by arrived_in, id, line nulls last`;
}

const cursorAt = ({ xid, id }: Place) => `${xid}.${id}`;

const XID_MAX = 2n ** 64n - 1n;

function parseCursor(cursor: string): Place {
  const match = /^(\d{1,20})\.(.*)$/s.exec(cursor);
  if (match === null || BigInt(match[1]!) > XID_MAX || !isStorableText(match[2]!)) throw neverGiven();
  return { xid: match[1]!, id: match[2]! };
}

function neverGiven(): AppError {
  return new AppError("invalid_request", "the cursor is not one that this log gave");
}
