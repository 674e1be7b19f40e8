import type { Spool } from "../../audit/index.ts";
import { UnavailableError } from "../../model/errors.ts";

/** A `Spool` that does not survive the process; for tests and for evaluations without a server. */
export function createMemorySpool(options: { readonly bytesMax?: number } = {}): Spool {
  const bytesMax = options.bytesMax ?? Number.POSITIVE_INFINITY;
  const lines: string[] = [];
  let bytes = 0;
  let peeked = 0;
  let isClosed = false;

  return {
    async append(line) {
      if (isClosed) throw new UnavailableError("audit", "the audit log is closed");
      if (bytes + Buffer.byteLength(line) > bytesMax) throw new UnavailableError("audit", "the audit log is full");
      lines.push(line);
      bytes += Buffer.byteLength(line);
    },
    async peek(max) {
      const given = lines.slice(0, max);
      peeked = given.length;
      return { text: given.join("\n"), count: given.length };
    },
    async acknowledge() {
      for (const line of lines.splice(0, peeked)) bytes -= Buffer.byteLength(line);
      peeked = 0;
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
