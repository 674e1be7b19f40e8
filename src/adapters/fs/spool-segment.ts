import { join } from "node:path";
import { instantOfLine, isIntact } from "../../audit/index.ts";
import { readSmallFile, type SpoolFs, withFile, writeFully } from "./spool-fs.ts";

/**
 * One append-only file of the spool. It holds batches: lines of JSON, and after the last line of each batch an empty one.
 *
 * INVARIANT: a batch counts only if its closing empty line is there. The empty line is the last byte of the
 * batch's write, and JSON has no line breaks of its own, so a batch that was cut short can never be mistaken for a whole
 * one, not even when a shorter batch was written over part of it.
 */
export interface Segment {
  readonly sequence: number;
  readonly path: string;
  /** Where its first byte lies in the stream of all segments since this process started. */
  readonly base: number;
  /** Bytes of whole batches; what lies behind is not part of the log. */
  length: number;
  /** Records that are not yet acknowledged. */
  pending: number;
  /** Written by this process, so its lines are known to be whole. */
  readonly isOwn: boolean;
  /** Set while it is written to. */
  fd?: number;
  /** A line could not be read: the file is kept for people to look at. */
  isDamaged: boolean;
}

export interface ScannedSegment {
  readonly sequence: number;
  readonly path: string;
  /** Bytes of whole batches. */
  readonly length: number;
  /** Bytes behind them, left by a write that did not finish. */
  readonly tornBytes: number;
  /** Records in whole batches from `offset` on. */
  readonly records: number;
}

const NAME = /^(\d{12})\.ndjson$/;
const LINE_FEED = 10;
const SCAN_BYTES = 1024 * 1024;

export function segmentPath(directory: string, sequence: number): string {
  return join(directory, `${String(sequence).padStart(12, "0")}.ndjson`);
}

/** Sequence numbers of the segments in a directory, ascending. */
export function listSegments(fs: SpoolFs, directory: string): number[] {
  const names = fs.readdirSync(directory).map((name) => NAME.exec(name)?.[1]);
  return names
    .filter((digits) => digits !== undefined)
    .map(Number)
    .sort((a, b) => a - b);
}

/** Finds the end of the last batch that was closed, counts the records behind `offset`, and cuts off what was torn. */
export function scanSegment(fs: SpoolFs, directory: string, sequence: number, offset: number): ScannedSegment {
  const path = segmentPath(directory, sequence);
  return withFile(fs, path, "r+", (fd) => {
    const { size } = fs.fstatSync(fd);
    const limit = Math.min(size, readSeal(fs, path) ?? size);
    const { length, records } = countWholeBatches(fs, fd, limit, offset);
    if (length < size) fs.ftruncateSync(fd, length);
    return { sequence, path, length, records, tornBytes: size - length };
  });
}

function countWholeBatches(fs: SpoolFs, fd: number, limit: number, offset: number) {
  const chunk = Buffer.allocUnsafe(SCAN_BYTES);
  let [length, records, recordsInBatch] = [0, 0, 0];
  let lastLineFeed = -1;
  for (let position = 0; position < limit; ) {
    const size = fs.readSync(fd, chunk, 0, Math.min(chunk.length, limit - position), position);
    if (size === 0) break;
    const read = chunk.subarray(0, size);
    for (let at = read.indexOf(LINE_FEED); at !== -1; at = read.indexOf(LINE_FEED, at + 1)) {
      const here = position + at;
      if (here === lastLineFeed + 1) {
        length = here + 1;
        records += recordsInBatch;
        recordsInBatch = 0;
      } else if (here >= offset) recordsInBatch += 1;
      lastLineFeed = here;
    }
    position += size;
  }
  return { length, records };
}

/** The end of a segment. */
export interface SegmentTail {
  /** The last line that is what was written; undefined when there is none. */
  readonly line: string | undefined;
  /** Bytes up to its end. */
  readonly length: number;
  /** Whether lines follow that are not what was written: a power failure may close a batch whose bytes never came. */
  readonly isTorn: boolean;
}

/** Looks at the lines themselves. @param length as `scanSegment` gave it */
export function readTail(fs: SpoolFs, path: string, length: number): SegmentTail {
  const bytes = Buffer.allocUnsafe(length);
  withFile(fs, path, "r", (fd) => readFully(fs, fd, bytes, 0));
  let isTorn = false;
  for (let end = length; end > 0; ) {
    const start = bytes.lastIndexOf(LINE_FEED, end - 2) + 1;
    const line = bytes.toString("utf8", start, end - 1);
    if (line !== "" && isIntact(line)) return { line, length: end, isTorn };
    isTorn ||= line !== "";
    end = start;
  }
  return { line: undefined, length: 0, isTorn };
}

/** Cuts everything behind a line and closes its batch; what is cut off is kept beside it. @throws the system's error */
export function cutAside(fs: SpoolFs, path: string, length: number): number {
  return withFile(fs, path, "r+", (fd) => {
    const { size } = fs.fstatSync(fd);
    const bytes = Buffer.allocUnsafe(size - length);
    readFully(fs, fd, bytes, length);
    withFile(fs, `${path}.torn`, "w", (aside) => writeFully(fs, aside, bytes, bytes.length, 0));
    fs.ftruncateSync(fd, length);
    if (length > 0) writeFully(fs, fd, Buffer.from("\n"), 1, length);
    return bytes.length;
  });
}

/**
 * Takes back a batch that was refused after some or all of its bytes were written.
 * @returns false when the file cannot be cut: it must not be written to again
 */
export function takeBack(fs: SpoolFs, fd: number, segment: Segment): boolean {
  try {
    fs.ftruncateSync(fd, segment.length);
    return true;
  } catch {
    // The refused bytes stay, and they may be a whole batch: note beside the file where the log ends.
    return false;
  }
}

/** Records that a segment ends at its present length, whatever bytes follow. @throws the system's error */
export function writeSeal(fs: SpoolFs, segment: Segment): void {
  const text = Buffer.from(`${segment.length}\n`);
  withFile(fs, sealPath(segment.path), "w", (fd) => writeFully(fs, fd, text, text.length, 0));
}

function readSeal(fs: SpoolFs, path: string): number | undefined {
  try {
    const text = readSmallFile(fs, sealPath(path));
    return /^\d+\n$/.test(text) ? Number(text) : undefined;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** Removes a segment that is no longer needed; a damaged one is kept under another name. @throws the system's error */
export function removeSegment(fs: SpoolFs, segment: Pick<Segment, "path" | "isDamaged">): void {
  if (segment.isDamaged) fs.renameSync(segment.path, `${segment.path}.damaged`);
  else fs.unlinkSync(segment.path);
  try {
    fs.unlinkSync(sealPath(segment.path));
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}

export function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === "ENOENT";
}

function sealPath(path: string): string {
  return `${path}.sealed`;
}

/** Whole lines of one segment. */
export interface Chunk {
  /** The lines, each with its line feed; empty ones are among them. They hold until the same reader reads again. */
  readonly bytes: Buffer;
  /** Offset in the segment behind each line that is not empty. */
  readonly ends: readonly number[];
  /** Offset in the segment to go on from: behind the last line, its batch's closing empty line included. */
  readonly end: number;
}

/**
 * Gives lines of whole batches from `offset` on: at most `max`, about `bytes` of them but at least one.
 * @throws the system's error
 */
export type ReadChunk = (segment: Segment, offset: number, max: number, bytes: number) => Chunk;

/** A reader has one buffer: a new one for each read would have V8 look through its whole heap for ones to free. */
export function createChunkReader(fs: SpoolFs): ReadChunk {
  let buffer: Buffer | undefined;

  function read(fd: number, segment: Segment, offset: number, max: number, bytes: number): Chunk {
    for (let size = bytes; ; size *= 2) {
      const wanted = Math.min(size, segment.length - offset);
      if (buffer === undefined || buffer.length < wanted) buffer = Buffer.allocUnsafeSlow(Math.max(wanted, bytes));
      const bytesRead = buffer.subarray(0, wanted);
      if (readFully(fs, fd, bytesRead, offset) < wanted) throw new Error(`${segment.path} is shorter than it was`);
      const isAtEnd = offset + wanted >= segment.length;
      const chunk = splitLines(bytesRead, offset, max, isAtEnd);
      if (chunk.ends.length === 0 && !isAtEnd) continue;
      // A record that needed a large buffer is rare.
      if (buffer.length > bytes) buffer = undefined;
      return chunk;
    }
  }

  return (segment, offset, max, bytes) => {
    if (segment.fd !== undefined) return read(segment.fd, segment, offset, max, bytes);
    return withFile(fs, segment.path, "r", (fd) => read(fd, segment, offset, max, bytes));
  };
}

/** A line counts only together with the byte behind it, which may be the batch's closing empty line. */
function splitLines(chunk: Buffer, offset: number, max: number, isAtEnd: boolean): Chunk {
  const ends: number[] = [];
  let start = 0;
  while (ends.length < max) {
    const at = chunk.indexOf(LINE_FEED, start);
    if (at === -1 || at + 1 >= chunk.length) break;
    if (at > start) ends.push(offset + at + 1);
    start = at + 1;
  }
  if (chunk[start] === LINE_FEED) start += 1;
  // What rotted so that it has no line end left is passed by.
  const end = isAtEnd && ends.length < max ? chunk.length : start;
  return { bytes: chunk.subarray(0, start), ends, end: offset + end };
}

/** Of whole lines, the last that is not empty. */
export function lastLineOf(bytes: Buffer): string {
  let end = bytes.length;
  while (bytes[end - 1] === LINE_FEED) end -= 1;
  return bytes.toString("utf8", bytes.lastIndexOf(LINE_FEED, end - 1) + 1, end);
}

function readFully(fs: SpoolFs, fd: number, buffer: Uint8Array, position: number): number {
  let done = 0;
  while (done < buffer.length) {
    const size = fs.readSync(fd, buffer, done, buffer.length - done, position + done);
    if (size === 0) break;
    done += size;
  }
  return done;
}

/** Of the first line from `offset` on; undefined when it cannot be told. @throws the system's error */
export function readInstant(fs: SpoolFs, segment: Segment, offset: number): number | undefined {
  const read = (fd: number) => {
    const buffer = Buffer.alloc(128);
    return instantOfLine(buffer.toString("latin1", 0, fs.readSync(fd, buffer, 0, buffer.length, offset)));
  };
  return segment.fd === undefined ? withFile(fs, segment.path, "r", read) : read(segment.fd);
}
