import { type Spool, serializeRecord } from "../../audit/index.ts";
import { UnavailableError } from "../../model/errors.ts";

/** A `Spool` that does not survive the process; for tests and for evaluations without a server. */
export function createMemorySpool(options: { readonly bytesMax?: number } = {}): Spool {
  const bytesMax = options.bytesMax ?? Number.POSITIVE_INFINITY;
  const lines: string[] = [];
  let bytes = 0;
  let isClosed = false;

  return {
    async append(record) {
      if (isClosed) throw new UnavailableError("audit", "the audit log is closed");
      const line = serializeRecord(record);
      if (bytes + Buffer.byteLength(line) > bytesMax) throw new UnavailableError("audit", "the audit log is full");
      lines.push(line);
      bytes += Buffer.byteLength(line);
    },
    async peek(max) {
      return lines.slice(0, max);
    },
    async acknowledge(count) {
      for (const line of lines.splice(0, count)) bytes -= Buffer.byteLength(line);
    },
    get pending() {
      return lines.length;
    },
    get bytes() {
      return bytes;
    },
    async close() {
      isClosed = true;
    },
  };
}
