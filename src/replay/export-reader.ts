import type { Replay } from "./replay.ts";

/** Cuts an export's bytes, in chunks of any size, into the lines of a replay. */
export interface ExportReader {
  /** Replays what has become whole lines: a few milliseconds for a chunk of a megabyte. @param chunk may be used again afterwards */
  write(chunk: Uint8Array): void;
  /** What stands behind the last line feed is a line too. */
  end(): void;
}

const LINE_FEED = 10;
/** Many times what the longest record takes. */
const LINE_BYTES_MAX = 16 * 1024 * 1024;

export function createExportReader(replay: Lines): ExportReader {
  let pieces: Uint8Array[] = [];
  let rest = 0;

  /** The bytes since the last line feed, with these behind them; none when they would be too many for a line. */
  function take(bytes: Uint8Array): Uint8Array {
    const whole = pieces.length === 0 ? bytes : Buffer.concat([...pieces, bytes]);
    pieces = [];
    rest = 0;
    return whole;
  }

  function keep(bytes: Uint8Array): void {
    rest += bytes.length;
    if (rest > LINE_BYTES_MAX) pieces = [];
    // Copied: the caller may fill the chunk again.
    else if (bytes.length > 0) pieces.push(Buffer.from(bytes));
  }

  function finishTooLong(): void {
    replay.malformed("longer than any record");
    take(new Uint8Array());
  }

  return {
    write(chunk) {
      let bytes = chunk;
      const first = bytes.indexOf(LINE_FEED);
      if (first >= 0 && rest + first > LINE_BYTES_MAX) {
        finishTooLong();
        bytes = bytes.subarray(first + 1);
      }
      const end = bytes.lastIndexOf(LINE_FEED);
      if (end >= 0) replayLines(replay, take(bytes.subarray(0, end)));
      keep(bytes.subarray(end + 1));
    },
    end() {
      if (rest > LINE_BYTES_MAX) finishTooLong();
      else if (rest > 0) replayLines(replay, take(new Uint8Array()));
    },
  };
}

// SECURITY: strict, since a decoder that replaces bytes gives the same text for different ones.
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

type Lines = Pick<Replay, "line" | "malformed">;

/** Many lines are decoded at once, which is faster than one by one; only where that fails it matters which one it is. */
function replayLines(replay: Lines, bytes: Uint8Array): void {
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
