const LINE_FEED = 10;

/** Cuts chunks of bytes into lines. */
export interface LineSplitter {
  write(chunk: Uint8Array): void;
  /** How many bytes stand behind the last line feed. */
  readonly rest: number;
}

/**
 * @param bytesMax of a line; a longer one is given as an empty line, so that memory stays bounded whatever is read
 * @param onLine takes the line with its line feed; the bytes are only valid during the call
 */
export function createLineSplitter(bytesMax: number, onLine: (line: Uint8Array) => void): LineSplitter {
  let pieces: Uint8Array[] = [];
  let rest = 0;

  function finish(piece: Uint8Array): void {
    if (rest + piece.length > bytesMax) onLine(piece.subarray(-1));
    else onLine(pieces.length === 0 ? piece : Buffer.concat([...pieces, piece]));
    pieces = [];
    rest = 0;
  }

  return {
    write(chunk) {
      let start = 0;
      for (let end = chunk.indexOf(LINE_FEED); end !== -1; end = chunk.indexOf(LINE_FEED, start)) {
        finish(chunk.subarray(start, end + 1));
        start = end + 1;
      }
      rest += chunk.length - start;
      if (rest > bytesMax) pieces = [];
      // Copied: the caller may fill the chunk again.
      else if (start < chunk.length) pieces.push(Buffer.from(chunk.subarray(start)));
    },
    get rest() {
      return rest;
    },
  };
}
