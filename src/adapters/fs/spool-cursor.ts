import { join } from "node:path";
import { readSmallFile, type SpoolFs, writeFully } from "./spool-fs.ts";
import { isMissing } from "./spool-segment.ts";

/** How far the spool has been acknowledged: everything before `offset` of segment `sequence`, and all older segments. */
export interface Position {
  readonly sequence: number;
  readonly offset: number;
}

export interface Cursor {
  /** Overwrites the same few bytes, so that it works on a full disk. @throws the system's error */
  save(position: Position): void;
  close(): void;
}

const DIGITS = 16;
const TEXT = /^(\d{16}) (\d{16})\n$/;

export function openCursor(fs: SpoolFs, directory: string): Cursor {
  const fd = fs.openSync(cursorPath(directory), "a+", 0o600);
  fs.closeSync(fd);
  const writable = fs.openSync(cursorPath(directory), "r+", 0o600);
  return {
    save({ sequence, offset }) {
      const text = Buffer.from(`${pad(sequence)} ${pad(offset)}\n`, "latin1");
      writeFully(fs, writable, text, text.length, 0);
    },
    close: () => fs.closeSync(writable),
  };
}

/** Where to go on; the very beginning when there is no usable cursor, since shipping a record twice does no harm. */
export function readCursor(fs: SpoolFs, directory: string): Position {
  try {
    const match = TEXT.exec(readSmallFile(fs, cursorPath(directory)));
    return { sequence: Number(match?.[1] ?? 0), offset: Number(match?.[2] ?? 0) };
  } catch (error) {
    if (isMissing(error)) return { sequence: 0, offset: 0 };
    throw error;
  }
}

function cursorPath(directory: string): string {
  return join(directory, "acknowledged");
}

function pad(value: number): string {
  return String(value).padStart(DIGITS, "0");
}
