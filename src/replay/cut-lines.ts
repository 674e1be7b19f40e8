/** Cuts an export's bytes, in chunks of any size, into blocks of whole lines. */
export interface LineCutter {
  /** @param chunk may be used again afterwards */
  write(chunk: Uint8Array): void;
  /** What stands behind the last line feed is a line too. */
  end(): void;
}

/** What lines are given to, in their order. */
export interface LineBlocks {
  /** @param bytes lines with a line feed between them, and none behind the last; only for now */
  block(bytes: Uint8Array): void;
  /** A line that could not be read. */
  malformed(detail: string): void;
}

const LINE_FEED = 10;
/** Many times what the longest record takes. */
const LINE_BYTES_MAX = 16 * 1024 * 1024;

export function createLineCutter(blocks: LineBlocks): LineCutter {
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
    blocks.malformed("longer than any record");
    take(new Uint8Array());
  }

  /** Only the line that began in another chunk is copied. */
  function finishLines(bytes: Uint8Array): void {
    const first = pieces.length === 0 ? -1 : bytes.indexOf(LINE_FEED);
    if (first < 0) blocks.block(take(bytes));
    else {
      blocks.block(take(bytes.subarray(0, first)));
      blocks.block(bytes.subarray(first + 1));
    }
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
      if (end >= 0) finishLines(bytes.subarray(0, end));
      keep(bytes.subarray(end + 1));
    },
    end() {
      if (rest > LINE_BYTES_MAX) finishTooLong();
      else if (rest > 0) blocks.block(take(new Uint8Array()));
    },
  };
}
