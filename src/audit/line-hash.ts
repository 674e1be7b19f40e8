import * as crypto from "node:crypto";
import { type ChainHead, linkOf, linkText, SEAL_LENGTH, sealText } from "./chain.ts";

/** Lower-case hex SHA-256 (FIPS 180-4) of bytes, or of a text's UTF-8. */
export function sha256(data: Uint8Array | string): string {
  return crypto.hash("sha256", data, "hex");
}

/** What the hash of a line has to be. @param line whole, without its line feed */
export function hashOfLine(line: string): string {
  return sha256(line.slice(0, -SEAL_LENGTH));
}

/** Whether a line has a link and is what was written: its hash is right. */
export function isIntact(line: string): boolean {
  const link = linkOf(line);
  return link !== undefined && hashOfLine(line) === link.hash;
}

/** Adds a record to a chain. @param record as `serializeRecord` writes it */
export function linkRecord(record: string, head: ChainHead): { readonly line: string; readonly head: ChainHead } {
  const covered = record.slice(0, -1) + linkText(head);
  const hash = sha256(covered);
  return { line: covered + sealText(hash), head: { writer: head.writer, seq: head.seq + 1, hash } };
}
