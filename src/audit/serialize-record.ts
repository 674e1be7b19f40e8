import type { AuditRecord } from "./types.ts";

/**
 * A record as the one line of JSON that spool and store keep: no line break in it, well-formed text (a lone surrogate is
 * escaped), keys in the record's own order.
 */
export function serializeRecord(record: AuditRecord): string {
  return JSON.stringify(record);
}

/** @throws SyntaxError when the line is not JSON */
export function parseRecord(line: string): AuditRecord {
  return JSON.parse(line) as AuditRecord;
}
