import { type ChainLink, linkOf, SEAL_LENGTH, TAIL_LENGTH_MAX } from "./chain.ts";
import { sha256 } from "./line-hash.ts";

/** What verification takes from a line without parsing it. */
export interface RecordLine {
  readonly id: string;
  readonly kind: string;
  readonly link: ChainLink;
  /** Whether the line's hash is right. */
  readonly isIntact: boolean;
}

/** How each record begins; newer versions may have kinds that this one does not know. */
const HEAD = /^\{"version":1,"kind":"([a-z_.]{1,40})","id":"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})","/;

/** No head is longer. */
const HEAD_LENGTH_MAX = 128;

/**
 * A line's fixed ends and whether its hash is right, or undefined when it does not have the shape of a record.
 * What lies between the ends is not parsed: that would cost a third more and tell nothing. A line with a signature behind
 * it was written by the service, JSON or not; of one without a signature nothing is promised.
 */
export function readRecordLine(line: string | Uint8Array): RecordLine | undefined {
  const head = HEAD.exec(textOf(line, 0, HEAD_LENGTH_MAX));
  const link = linkOf(textOf(line, Math.max(0, line.length - TAIL_LENGTH_MAX), line.length));
  if (head === null || link === undefined) return undefined;
  const covered = typeof line === "string" ? line.slice(0, -SEAL_LENGTH) : line.subarray(0, -SEAL_LENGTH);
  return { kind: head[1]!, id: head[2]!, link, isIntact: sha256(covered) === link.hash };
}

/** One character a byte: the ends of a record are ASCII, and nothing else is made of them. */
function textOf(line: string | Uint8Array, start: number, end: number): string {
  if (typeof line === "string") return line.slice(start, end);
  const bytes = line.subarray(start, end);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
}
