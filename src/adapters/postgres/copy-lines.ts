import { finished } from "node:stream/promises";
import type postgres from "postgres";
import type { AuditStore } from "../../audit/index.ts";
import type { Connection } from "./connection.ts";
import type { Lend } from "./connection-pool.ts";
import { insertLines } from "./insert-lines.ts";
import { keepFreedMemory } from "./keep-freed-memory.ts";
import { faultCode } from "./storage-fault.ts";

/** From so many bytes on a COPY, which asks the server twice instead of once, is worth it. */
const COPY_BYTES = 128 * 1024;

/** Classes of SQLSTATE: what is wrong with a record, which `insertLines` helps, or a month that is missing, which it adds. */
const ABOUT_RECORDS = /^(?:22|23|54)/;

/**
 * `AuditStore.insert` on PostgreSQL: large batches by COPY, small ones and those in which something is odd by a parameter.
 * A connection whose COPY failed is given up: what is still to be sent must not meet the next statement.
 */
export function createInsert(lend: Lend<Connection>, copyBytes = COPY_BYTES): AuditStore["insert"] {
  let isReusingMemory = false;
  return async (lines) => {
    if (lines.length >= copyBytes) {
      // Not before there is a large batch: a service with little to do takes less memory without.
      if (!isReusingMemory) keepFreedMemory();
      isReusingMemory = true;
      const isDone = await lend(async (connection) => {
        try {
          await copyLines(connection.client, lines);
          return true;
        } catch (error) {
          connection.isBroken = true;
          if (!ABOUT_RECORDS.test(faultCode(error) ?? "")) throw error;
          return false;
        }
      });
      if (isDone) return;
    }
    await lend(({ db }) => insertLines(db, lines));
  };
}

/**
 * As one row of one column. The server does nothing with a row before its last byte has come, and its transaction is over
 * with the end of the message: who stops in between holds up nobody.
 * https://www.postgresql.org/docs/current/sql-copy.html, "Binary Format"
 */
async function copyLines(client: postgres.Sql, lines: Buffer): Promise<void> {
  const copying = client.unsafe("copy audit_arrivals (lines) from stdin with (format binary)");
  const refused = refusalOf(copying);
  const stream = await copying.writable();
  stream.write(rowHead(lines.length + ROW_END_BYTES));
  stream.write(lines);
  // Small, so that it and the end of the message leave together.
  stream.end(ROW_END);
  await Promise.race([finished(stream), refused]);
}

const SIGNATURE = Buffer.from("PGCOPY\n\xff\r\n\0", "latin1");
/** An empty line, and instead of another row the end. */
const ROW_END = Buffer.from("\n\xff\xff", "latin1");
const ROW_END_BYTES = 1;

/** The file's header with no flags and nothing more, and the row's: how many columns, and how long the first is. */
function rowHead(bytes: number): Buffer {
  const head = Buffer.alloc(SIGNATURE.length + 4 + 4 + 2 + 4);
  SIGNATURE.copy(head);
  head.writeInt16BE(1, SIGNATURE.length + 8);
  head.writeInt32BE(bytes, SIGNATURE.length + 10);
  return head;
}

/** Rejects with what the server says against a query that is answered already: the driver tells nobody by itself. */
function refusalOf(query: object): Promise<never> {
  const driver = query as { reject(error: unknown): void };
  const reject = driver.reject;
  const refusal = new Promise<never>((_, refuse) => {
    driver.reject = (error) => {
      reject(error);
      refuse(error);
    };
  });
  refusal.catch(() => {});
  return refusal;
}
