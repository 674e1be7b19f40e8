import { type ChainHead, GENESIS, idOfLine, linkOf } from "../../audit/index.ts";
import { type Cursor, openCursor, type Progress, readCursor } from "./spool-cursor.ts";
import type { SpoolFs } from "./spool-fs.ts";
import { cutAside, listSegments, readTail, removeSegment, type Segment, scanSegment } from "./spool-segment.ts";
import { beginWriter, openWriter, type WriterOptions } from "./spool-writer.ts";

/** What an earlier process left. */
export interface RecoveredSpool {
  readonly segments: Segment[];
  readonly cursor: Cursor;
  readonly nextSequence: number;
  readonly pending: number;
  readonly acknowledgedTo: number;
  /** Where the chain goes on. */
  readonly head: ChainHead;
  /** Id of the last record; `NO_ID` when there was none. */
  readonly lastId: string;
}

/** Less than every UUIDv7. */
export const NO_ID = "00000000-0000-0000-0000-000000000000";

/** What opening an earlier process's files brought to light. */
export interface RecoveryProblems {
  /** A segment was cut by so many bytes. */
  onTorn(path: string, bytes: number): void;
  /** There are records, but none that tells where their chain stood: a new one begins. */
  onChainLost(): void;
}

/**
 * Reads what is on disk: removes what is acknowledged, cuts what is torn, counts the rest, finds the end of the chain.
 * @throws Error when the directory cannot be used; the message names it
 */
export function recoverSpool(
  fs: SpoolFs,
  directory: string,
  writers: WriterOptions,
  problems: RecoveryProblems,
): RecoveredSpool {
  try {
    fs.mkdirSync(directory, { recursive: true, mode: 0o700 });
    const saved = readCursor(fs, directory);
    const reached = saved?.progress ?? { sequence: 0, offset: 0 };
    const sequences = listSegments(fs, directory);
    const end = recoverEnd(fs, directory, sequences, saved?.progress, problems);
    const segments: Segment[] = [];
    let [base, pending] = [0, 0];
    for (const sequence of sequences) {
      const offset = sequence === reached.sequence ? reached.offset : 0;
      const { path, length, records, tornBytes } = scanSegment(fs, directory, sequence, offset);
      if (tornBytes > 0) problems.onTorn(path, tornBytes);
      if (sequence < reached.sequence || records === 0) {
        removeSegment(fs, { path, isDamaged: false });
        continue;
      }
      segments.push({ sequence, path, base, length, pending: records, isOwn: false, isDamaged: false });
      base += length;
      pending += records;
    }
    const first = segments[0];
    const acknowledgedTo = first !== undefined && first.sequence === reached.sequence ? reached.offset : 0;
    const nextSequence = Math.max(reached.sequence, sequences.at(-1) ?? 0) + 1;
    const writer = end === undefined ? beginWriter(fs, directory, writers) : openWriter(fs, directory, writers);
    const cursor = openCursor(fs, directory, saved?.generation ?? 0);
    return { segments, cursor, nextSequence, pending, acknowledgedTo, ...goOn(end, writer) };
  } catch (error) {
    throw new Error(`the audit spool in ${directory} cannot be used: ${(error as Error).message}`, { cause: error });
  }
}

/** The chain that there is, when it is this writer's; else its writer's first record links to the last one there was. */
function goOn(end: Pick<Progress, "head" | "lastId"> | undefined, writer: string): Pick<Progress, "head" | "lastId"> {
  if (end?.head.writer === writer) return end;
  return { head: { writer, seq: 0, hash: end?.head.hash ?? GENESIS }, lastId: end?.lastId ?? NO_ID };
}

/**
 * The last record: of the last segment that has one, or the one that the cursor remembers. Cuts off lines at the very end of
 * the log that are not what was written.
 */
function recoverEnd(
  fs: SpoolFs,
  directory: string,
  sequences: readonly number[],
  saved: Progress | undefined,
  problems: RecoveryProblems,
): Pick<Progress, "head" | "lastId"> | undefined {
  let hasRecords = false;
  for (const sequence of [...sequences].reverse()) {
    const { path, length, tornBytes } = scanSegment(fs, directory, sequence, 0);
    if (tornBytes > 0) problems.onTorn(path, tornBytes);
    hasRecords ||= length > 0;
    const tail = readTail(fs, path, length);
    if (tail.isTorn) problems.onTorn(path, cutAside(fs, path, tail.length));
    if (tail.line === undefined) continue;
    const { writer, seq, hash } = linkOf(tail.line)!;
    const isBehind = saved !== undefined && saved.head.writer === writer && saved.head.seq > seq;
    return isBehind ? saved : { head: { writer, seq, hash }, lastId: idOfLine(tail.line) ?? NO_ID };
  }
  if (saved === undefined && hasRecords) problems.onChainLost();
  return saved;
}
