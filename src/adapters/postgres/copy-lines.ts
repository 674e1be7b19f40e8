import { once } from "node:events";
import { Writable } from "node:stream";
import type postgres from "postgres";
import type { AuditStore } from "../../audit/index.ts";
import type { Connection } from "./connection.ts";
import type { Lend } from "./connection-pool.ts";
import { insertLines } from "./insert-lines.ts";
import { keepFreedMemory } from "./keep-freed-memory.ts";
import { faultCode } from "./storage-fault.ts";

/** From so many bytes on a COPY, which asks the server twice instead of once, is worth it. */
const COPY_BYTES = 128 * 1024;

/**
 * SQLSTATEs of the statement that follows a COPY's end: of a record that `insertLines` stores all the same, or a month that it
 * adds. Not those of the bytes themselves (character_not_in_repertoire, invalid_binary_representation, bad_copy_file_format).
 */
const ABOUT_RECORDS = /^(?:22(?!021|P03|P04)|23|54)/;

/**
 * `AuditStore.insert` on PostgreSQL: large batches by COPY, small ones and those in which something is odd by a parameter.
 * @param copyBytes for tests
 */
export function createInsert(lend: Lend<Connection>, copyBytes = COPY_BYTES): AuditStore["insert"] {
  let isReusingMemory = false;

  /** @returns whether that was all there is to do */
  async function tryCopy(connection: Connection, lines: Buffer): Promise<boolean> {
    // Not before there is a large batch: a service with little to do takes less memory without.
    if (!isReusingMemory) keepFreedMemory();
    isReusingMemory = true;
    try {
      await copyLines(connection.client, lines);
      return true;
    } catch (error) {
      if (ABOUT_RECORDS.test(faultCode(error) ?? "")) return false;
      // What is still to be sent must not meet the next statement.
      connection.isBroken = true;
      throw error;
    }
  }

  return (lines) =>
    lend(async (connection) => {
      if (lines.length >= copyBytes && (await tryCopy(connection, lines))) return;
      await insertLines(connection.db, lines);
    });
}

/**
 * As one row of one column, which the server keeps until the message ends, and only then begins to write: who stands still in
 * between holds up no other's records.
 * https://www.postgresql.org/docs/current/sql-copy.html, "Binary Format"
 */
async function copyLines(client: postgres.Sql, lines: Buffer): Promise<void> {
  const copying = client.unsafe("copy audit_arrivals (lines) from stdin with (format binary)");
  const refused = refusalOf(copying as unknown as DriverQuery);
  const stream = await copying.writable();
  stream.write(rowHead(lines.length));
  stream.write(lines);
  stream.end(NO_MORE_ROWS);
  await Promise.race([once(stream, "finish"), refused]);
}

const SIGNATURE = Buffer.from("PGCOPY\n\xff\r\n\0", "latin1");
const NO_MORE_ROWS = Buffer.from([0xff, 0xff]);

/** The file's header with no flags and nothing more, and the row's: how many columns, and how long the first is. */
function rowHead(bytes: number): Buffer {
  const head = Buffer.alloc(SIGNATURE.length + 4 + 4 + 2 + 4);
  SIGNATURE.copy(head);
  head.writeInt16BE(1, SIGNATURE.length + 8);
  head.writeInt32BE(bytes, SIGNATURE.length + 10);
  return head;
}

/** Of the driver's promise, which its types leave out. */
interface DriverQuery {
  /** First with the stream, then with the result. */
  resolve(answer: unknown): void;
  reject(error: unknown): void;
}

/**
 * Rejects with what goes wrong with a COPY, as soon as it does. By itself the driver tells nobody what the server says once
 * it has given us the stream, ends the process when that comes at the same time, and says behind each COPY that it failed.
 */
function refusalOf(query: DriverQuery): Promise<never> {
  const { resolve, reject } = query;
  const refusal = new Promise<never>((_, refuse) => {
    query.resolve = (answer) => {
      if (answer instanceof Writable) {
        answer.on("error", refuse);
        answer._destroy = (error, done) => done(error);
      }
      resolve(answer);
    };
    query.reject = (error) => {
      reject(error);
      refuse(error);
    };
  });
  refusal.catch(() => {});
  return refusal;
}
