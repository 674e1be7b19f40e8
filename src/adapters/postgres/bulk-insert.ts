import { finished } from "node:stream/promises";
import { sql } from "drizzle-orm";
import { PgDialect } from "drizzle-orm/pg-core";
import type postgres from "postgres";
import type { Drizzle } from "./database.ts";
import { insertFrom, insertLines } from "./insert-lines.ts";
import { keepFreedMemory } from "./keep-freed-memory.ts";
import { faultCode } from "./storage-fault.ts";

/** One connection, which nobody else uses meanwhile. */
export interface BulkConnection {
  readonly client: postgres.Sql;
  readonly db: Drizzle;
}

/** From so many bytes on a COPY, which takes four statements instead of one, is worth it. */
const COPY_BYTES = 128 * 1024;

/**
 * Where lines arrive before they are taken apart: of one connection, empty between transactions, never written to the log.
 * Long lines are not compressed, since they leave at once.
 */
const ARRIVALS = "pg_temp.verdict_arrivals";
const CREATE_ARRIVALS = `
  create temporary table if not exists verdict_arrivals (line text) on commit delete rows;
  alter table ${ARRIVALS} alter line set storage external`;
/** CSV of one column, with marks that JSON has only in escapes. */
const COPY_ARRIVALS = `copy ${ARRIVALS} from stdin with (format csv, delimiter E'\\x01', quote E'\\x02')`;

const INSERT_ARRIVALS = new PgDialect().sqlToQuery(insertFrom(sql.raw(ARRIVALS))).sql;

/** Of a record that cannot be taken as it is, and of a month that is missing: a statement tells better, and helps. */
const ABOUT_RECORDS = /^(?:22|23|54)/;
/** A server that does not let us, or cannot. */
const NOT_HERE = /^(?:42|0A)/;

/**
 * `AuditStore.insert` on PostgreSQL. A large batch goes as it is from the spool's file into the socket: as a parameter it
 * would have to be a text, of which the driver makes three copies, and which V8 then has to mark and let go of.
 * @param copyBytes for tests
 */
export function createBulkInsert(copyBytes = COPY_BYTES) {
  const withArrivals = new WeakSet<postgres.Sql>();
  let isCopying = true;

  async function copy(client: postgres.Sql, lines: Buffer): Promise<void> {
    if (!withArrivals.has(client)) {
      // Not before there is a large batch: a service with little to do takes less memory without.
      keepFreedMemory();
      await client.unsafe(CREATE_ARRIVALS).simple();
      withArrivals.add(client);
    }
    await client.begin(async (tx) => {
      const stream = await tx.unsafe(COPY_ARRIVALS).writable();
      stream.end(lines);
      await finished(stream);
      await tx.unsafe(INSERT_ARRIVALS);
    });
  }

  return async ({ client, db }: BulkConnection, lines: Buffer): Promise<void> => {
    if (!isCopying || lines.length < copyBytes) return insertLines(db, lines);
    try {
      await copy(client, lines);
    } catch (error) {
      const code = faultCode(error) ?? "";
      if (NOT_HERE.test(code)) isCopying = false;
      else if (!ABOUT_RECORDS.test(code)) throw error;
      await insertLines(db, lines);
    }
  };
}
