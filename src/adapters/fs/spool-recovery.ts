import { type Cursor, openCursor, readCursor } from "./spool-cursor.ts";
import type { SpoolFs } from "./spool-fs.ts";
import { listSegments, removeSegment, type Segment, scanSegment } from "./spool-segment.ts";

/** What an earlier process left. */
export interface RecoveredSpool {
  readonly segments: Segment[];
  readonly cursor: Cursor;
  readonly nextSequence: number;
  readonly pending: number;
  readonly acknowledgedTo: number;
}

/**
 * Reads what is on disk: removes what is acknowledged, cuts what is torn, counts the rest.
 * @param onTorn told of each segment that was cut, and by how many bytes
 * @throws Error when the directory cannot be used; the message names it
 */
export function recoverSpool(
  fs: SpoolFs,
  directory: string,
  onTorn: (path: string, bytes: number) => void,
): RecoveredSpool {
  try {
    fs.mkdirSync(directory, { recursive: true, mode: 0o700 });
    const reached = readCursor(fs, directory);
    const segments: Segment[] = [];
    let [base, pending] = [0, 0];
    const sequences = listSegments(fs, directory);
    for (const sequence of sequences) {
      const offset = sequence === reached.sequence ? reached.offset : 0;
      const scanned = scanSegment(fs, directory, sequence, offset);
      const { path, length, records, tornBytes } = scanned;
      if (tornBytes > 0) onTorn(path, tornBytes);
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
    return { segments, cursor: openCursor(fs, directory), nextSequence, pending, acknowledgedTo };
  } catch (error) {
    throw new Error(`the audit spool in ${directory} cannot be used: ${(error as Error).message}`, { cause: error });
  }
}
