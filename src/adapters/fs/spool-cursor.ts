import { join } from "node:path";
import { type ChainHead, sha256 } from "../../audit/index.ts";
import { type SpoolFs, withFile, writeFully } from "./spool-fs.ts";
import { isMissing } from "./spool-segment.ts";

/** How far the spool has been acknowledged, and where its chain stood then. */
export interface Progress {
  /** Everything before `offset` of segment `sequence` is acknowledged, and all older segments. */
  readonly sequence: number;
  readonly offset: number;
  /** The last record, which may be in no segment any more. */
  readonly head: ChainHead;
  /** Its id. */
  readonly lastId: string;
}

export interface Cursor {
  /**
   * Overwrites the same few bytes, so that it works on a full disk.
   * @param toDisk waits until it survives the machine
   * @throws the system's error
   */
  save(progress: Progress, toDisk: boolean): void;
  close(): void;
}

/**
 * Written in turn, each with a digest: a write that did not finish leaves the other one. A slot holds, in this order, its
 * generation, the segment's sequence, the offset, the writer, the chain's `seq` and `hash`, and the last id.
 */
const SLOTS = 2;
const SLOT_BYTES = 320;
const SLOT = /^((\d{16}) (\d{16}) (\d{16}) ([0-9a-f-]{36}) (\d{16}) ([0-9a-f]{64}) ([0-9a-f-]{36})) ([0-9a-f]{64})\n$/;

interface Slot {
  readonly generation: number;
  readonly progress: Progress;
}

/** @param generation of the newest slot there is; see `readCursor` */
export function openCursor(fs: SpoolFs, directory: string, generation: number): Cursor {
  const path = cursorPath(directory);
  withFile(fs, path, "a+", () => {});
  const fd = fs.openSync(path, "r+", 0o600);
  // The place is taken before the disk can be full: what cannot be acknowledged is never let go of.
  const { size } = fs.fstatSync(fd);
  const blank = Buffer.alloc(Math.max(SLOTS * SLOT_BYTES - size, 0), "\n");
  if (blank.length > 0) writeFully(fs, fd, blank, blank.length, size);
  let last = generation;
  return {
    save(progress, toDisk) {
      const text = Buffer.from(slotText({ generation: last + 1, progress }), "latin1");
      last += 1;
      writeFully(fs, fd, text, text.length, (last % SLOTS) * SLOT_BYTES);
      if (toDisk) fs.fdatasyncSync(fd);
    },
    close: () => fs.closeSync(fd),
  };
}

/** What was saved last; undefined when there is nothing that can be read. */
export function readCursor(fs: SpoolFs, directory: string): Slot | undefined {
  try {
    return withFile(fs, cursorPath(directory), "r", (fd) => {
      const slots = Array.from({ length: SLOTS }, (_, nth) => readSlot(fs, fd, nth * SLOT_BYTES));
      return slots.filter((slot) => slot !== undefined).sort((a, b) => b.generation - a.generation)[0];
    });
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

function slotText({ generation, progress: { sequence, offset, head, lastId } }: Slot): string {
  const numbers = [generation, sequence, offset].map(pad).join(" ");
  const text = `${numbers} ${head.writer} ${pad(head.seq)} ${head.hash} ${lastId}`;
  return `${text} ${sha256(text)}\n`.padEnd(SLOT_BYTES, "\n");
}

function readSlot(fs: SpoolFs, fd: number, position: number): Slot | undefined {
  const buffer = Buffer.alloc(SLOT_BYTES);
  const text = buffer.toString("latin1", 0, fs.readSync(fd, buffer, 0, SLOT_BYTES, position));
  const match = SLOT.exec(text.replace(/\n+$/, "\n"));
  if (match === null || sha256(match[1]!) !== match[9]) return undefined;
  const head = { writer: match[5]!, seq: Number(match[6]), hash: match[7]! };
  const progress = { sequence: Number(match[3]), offset: Number(match[4]), head, lastId: match[8]! };
  return { generation: Number(match[2]), progress };
}

const cursorPath = (directory: string) => join(directory, "acknowledged");

const pad = (value: number) => String(value).padStart(16, "0");
