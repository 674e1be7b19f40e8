/**
 * Each writer's records are a chain. The last four members of a line are, in this order and without white space,
 *
 *     ,"writer":"<UUID>","seq":<n>,"prev_hash":"<64 hex>","hash":"<64 hex>"}
 *
 * `seq` counts the writer's records from 1. `hash` is the SHA-256 of the line's bytes before `,"hash"`, so it covers the
 * whole record and, through `prev_hash`, every record before it. Nothing has to be parsed or put into a canonical form to
 * verify it: the bytes are hashed as they were written.
 */
export interface ChainLink {
  readonly writer: string;
  readonly seq: number;
  readonly prev_hash: string;
  readonly hash: string;
}

/** The last link of a chain. `seq` is 0 and `hash` is `GENESIS` while it has none. */
export type ChainHead = Pick<ChainLink, "writer" | "seq" | "hash">;

/** `prev_hash` of a record that has none before it. */
export const GENESIS = "0".repeat(64);

/** What replaces the closing brace of a record that follows `head`. ASCII. */
export function linkText({ writer, seq, hash }: ChainHead): string {
  return `,"writer":"${writer}","seq":${seq + 1},"prev_hash":"${hash}"`;
}

/** What follows the link; the line ends with it. ASCII. */
export function sealText(hash: string): string {
  return `,"hash":"${hash}"}`;
}

/** Characters of a line that its hash does not cover: those of `sealText`. */
export const SEAL_LENGTH = sealText(GENESIS).length;

const TAIL =
  /,"writer":"([0-9a-f-]{36})","seq":([1-9]\d{0,15}),"prev_hash":"([0-9a-f]{64})","hash":"([0-9a-f]{64})"\}$/;

/** No tail is longer. In characters, which are bytes. */
export const TAIL_LENGTH_MAX = 280;

/** The link of a line, or undefined when it has none. Says nothing of whether the hash is right. */
export function linkOf(line: string): ChainLink | undefined {
  const match = TAIL.exec(line.length > TAIL_LENGTH_MAX ? line.slice(-TAIL_LENGTH_MAX) : line);
  if (match === null) return undefined;
  const seq = Number(match[2]);
  if (!Number.isSafeInteger(seq)) return undefined;
  return { writer: match[1]!, seq, prev_hash: match[3]!, hash: match[4]! };
}
