import type { Replay } from "./replay.ts";

const LINE_FEED = 10;

/** What takes lines one by one. */
type Lines = Pick<Replay, "line" | "malformed">;

/**
 * What is decoded at once. Many lines are faster than one by one, but a text of more than 128 KB is no young object of the
 * engine: each costs pages of fresh memory, and decoding took six times as long.
 */
const PIECE_BYTES = 64 * 1024;

/** Reads a block of lines: a few milliseconds for a megabyte. */
export function readLines(lines: Lines, bytes: Uint8Array): void {
  for (let start = 0; start <= bytes.length; ) {
    const end = endOfPiece(bytes, start);
    readPiece(lines, bytes.subarray(start, end));
    start = end + 1;
  }
}

/** Where a line ends, some tens of kilobytes from the start, or behind the one line that is longer. */
function endOfPiece(bytes: Uint8Array, start: number): number {
  const wanted = start + PIECE_BYTES;
  if (wanted >= bytes.length) return bytes.length;
  const before = bytes.lastIndexOf(LINE_FEED, wanted);
  if (before >= start) return before;
  const behind = bytes.indexOf(LINE_FEED, wanted);
  return behind < 0 ? bytes.length : behind;
}

/** Only where decoding fails it matters which line it is. */
function readPiece(lines: Lines, bytes: Uint8Array): void {
  const text = decode(bytes);
  if (text !== undefined) {
    readText(lines, text);
    return;
  }
  for (let start = 0; start <= bytes.length; ) {
    const found = bytes.indexOf(LINE_FEED, start);
    const end = found < 0 ? bytes.length : found;
    const line = decode(bytes.subarray(start, end));
    if (line === undefined) lines.malformed("not UTF-8");
    else lines.line(line);
    start = end + 1;
  }
}

function readText(lines: Lines, text: string): void {
  let start = 0;
  for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n", start)) {
    lines.line(text.slice(start, end));
    start = end + 1;
  }
  lines.line(text.slice(start));
}

function decode(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

// SECURITY: strict, since a decoder that replaces bytes gives the same text for different ones.
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
