import type { Replay } from "./replay.ts";

const LINE_FEED = 10;

/** What takes lines one by one. */
type Lines = Pick<Replay, "line" | "malformed">;

/**
 * Reads a block of lines: a few milliseconds for a megabyte. Many lines are decoded at once, which is faster than one by one;
 * only where that fails it matters which one it is.
 */
export function readLines(replay: Lines, bytes: Uint8Array): void {
  const text = decode(bytes);
  if (text !== undefined) {
    replayText(replay, text);
    return;
  }
  for (let start = 0; start <= bytes.length; ) {
    const found = bytes.indexOf(LINE_FEED, start);
    const end = found < 0 ? bytes.length : found;
    const line = decode(bytes.subarray(start, end));
    if (line === undefined) replay.malformed("not UTF-8");
    else replay.line(line);
    start = end + 1;
  }
}

function replayText(replay: Lines, text: string): void {
  let start = 0;
  for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n", start)) {
    replay.line(text.slice(start, end));
    start = end + 1;
  }
  replay.line(text.slice(start));
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
