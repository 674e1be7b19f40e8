import { type ChainHead, idOfLine, isIntact, type Lines, linesOf, linkOf, type Spool } from "../../audit/index.ts";
import { UnavailableError } from "../../model/errors.ts";
import { createBatchBuffer } from "./spool-batch.ts";
import { realSpoolFs, type SpoolFs, withFile, writeFully } from "./spool-fs.ts";
import { createSpoolProblems, type SpoolProblem } from "./spool-problems.ts";
import { recoverSpool } from "./spool-recovery.ts";
import {
  type Chunk,
  createChunkReader,
  lastLineOf,
  readInstant,
  removeSegment,
  type Segment,
  segmentPath,
  takeBack,
  writeSeal,
} from "./spool-segment.ts";

export interface FileSpoolOptions {
  /** Created (0700) when it is not there. Only one process may use it at a time: hold the data directory's lock. */
  readonly directory: string;
  /** Byte budget of all segments; appends beyond it are refused. */
  readonly bytesMax: number;
  readonly segmentBytes?: number;
  /** `os`: a confirmed record survives the process; `disk`: it survives the machine. */
  readonly durability?: "os" | "disk";
  /**
   * Makes what the store took survive the machine. Only for a store that does not do that itself: until then its records
   * are kept here.
   */
  readonly syncStore?: () => Promise<void>;
  /** Names a new chain: a UUID. */
  readonly newWriter: () => string;
  /**
   * Tells one run of the machine from another. INVARIANT: a chain ends with the run that began it: after a power failure the
   * directory may be behind what the store has, and would give out the same places of the chain again.
   */
  readonly boot: string;
  /** The checkpoint that signs a chain up to `head`, as `serializeRecord` writes it. */
  readonly createCheckpoint: (head: ChainHead) => string;
  /** Records from one checkpoint to the next, at most. */
  readonly checkpointRecords: number;
  readonly onProblem?: (problem: SpoolProblem) => void;
  readonly fs?: SpoolFs;
}

interface Peeked {
  readonly segment: Segment;
  readonly lines: number;
  /** Stream position behind them. */
  readonly end: number;
  readonly lastLine: string;
}

export interface FileSpool extends Spool {
  /** Of the last record when the directory was opened: ids from then on must be greater. */
  readonly lastId: string;
}

const SEGMENT_BYTES = 8 * 1024 * 1024;
/** What one `peek` reads at most, unless a single record is larger. Of 256, 512, 960, 1,536 and 2,048 KB, 256 cost a fifth more. */
const READ_BYTES = 960 * 1024;
/** Records are about a kilobyte; there is no use in reading far more of them than are asked for. */
const READ_BYTES_EACH = 2 * 1024;
const NOTHING: Lines = { bytes: Buffer.alloc(0), count: 0 };

/**
 * The audit spool on disk. Opening reads what an earlier process left, so that it is shipped as well. Records are read back
 * from the files, which the system still has in memory: that costs less than to keep them here until they are shipped.
 * @throws Error when the directory cannot be used; the message names it
 */
export function openFileSpool(options: FileSpoolOptions): FileSpool {
  const { directory, bytesMax, durability = "os", fs = realSpoolFs, onProblem = () => {} } = options;
  const { report, attempt, attemptAsync } = createSpoolProblems(onProblem);
  const readChunk = createChunkReader(fs);
  const segmentBytes = Math.max(1, Math.min(options.segmentBytes ?? SEGMENT_BYTES, Math.floor(bytesMax / 4)));
  /** An acknowledged segment that is still written to is replaced only once that is worth a file. */
  const replaceBytes = Math.min(64 * 1024, Math.floor(segmentBytes / 4));

  const { segments, cursor, ...recovered } = recoverSpool(fs, directory, options, {
    onTorn: (path, bytes) =>
      onProblem({ kind: "torn_tail", path, detail: `${bytes} bytes of an unfinished write cut` }),
    onChainLost: () => onProblem({ kind: "chain_lost", path: directory, detail: "a new chain begins" }),
  });
  let { nextSequence, pending, head, lastId } = recovered;
  /** Place in the chain of the last checkpoint; what an earlier process left is signed with the first one of this process. */
  let checkpointed = head.seq;
  let bytes = segments.reduce((sum, segment) => sum + segment.length, 0);
  let active: Segment | undefined;
  let isClosed = false;
  /** A full disk fails every turn; people hear of it once, until it works again. */
  let isFailing = false;

  /** The last record that was acknowledged by this process. */
  let stored: ChainHead | undefined;
  /** Stream position behind the last acknowledged record. */
  let acknowledgedTo = recovered.acknowledgedTo;
  /** What the last `peek` gave. */
  let peeked: Peeked | undefined;
  /** Stream position from which `peek` gave something last. */
  let givenFrom = -1;
  /** Up to here, lines that cannot be read have been reported. */
  let vettedTo = acknowledgedTo;

  const buffer = createBatchBuffer(head, () => void setImmediate(writeBatch));

  function append(record: string): Promise<void> {
    if (isClosed) return Promise.reject(new UnavailableError("audit", "the audit log is closed"));
    return buffer.add(record, bytesMax - bytes);
  }

  async function checkpoint(): Promise<void> {
    if (buffer.head.seq === checkpointed) return;
    const written = append(options.createCheckpoint(buffer.head));
    const { seq } = buffer.head;
    await written;
    checkpointed = Math.max(checkpointed, seq);
  }

  /** Never throws: it runs in an event-loop callback of its own. */
  function writeBatch(): void {
    if (buffer.head.seq - checkpointed >= options.checkpointRecords) checkpointQuietly();
    const taken = buffer.take();
    if (taken === undefined) return;
    const { batch, length } = taken;
    try {
      const segment = segmentFor(length);
      writeTo(segment, taken.buffer, length);
      confirm(segment, batch.count, length);
      head = buffer.head;
      isFailing = false;
      batch.resolve();
    } catch (error) {
      buffer.head = head;
      if (!isFailing) report("write_failed", active?.path ?? directory, error);
      isFailing = true;
      batch.reject(new UnavailableError("audit", "the audit log cannot be written", error));
    }
  }

  /** The next one signs what this one could not. */
  function checkpointQuietly(): void {
    checkpoint().catch((error) => {
      if (!isFailing) report("checkpoint_failed", directory, error);
    });
  }

  function segmentFor(length: number): Segment {
    if (active !== undefined && active.length > 0 && active.length + length > segmentBytes) retireActive();
    active ??= createSegment();
    return active;
  }

  function createSegment(): Segment {
    const sequence = nextSequence;
    const path = segmentPath(directory, sequence);
    const last = segments.at(-1);
    const base = last === undefined ? acknowledgedTo : last.base + last.length;
    // Counted before the attempt: a file that stands in the way is passed by.
    nextSequence += 1;
    const fd = fs.openSync(path, "wx+", 0o600);
    const segment: Segment = { sequence, path, base, length: 0, pending: 0, isOwn: true, isDamaged: false, fd };
    segments.push(segment);
    active = segment;
    if (durability === "disk") withFile(fs, directory, "r", (fd) => fs.fsyncSync(fd));
    return segment;
  }

  function writeTo(segment: Segment, bytesToWrite: Buffer, length: number): void {
    const fd = segment.fd!;
    try {
      writeFully(fs, fd, bytesToWrite, length, segment.length);
      if (durability === "disk") fs.fdatasyncSync(fd);
    } catch (error) {
      if (!takeBack(fs, fd, segment)) abandon(segment);
      throw error;
    }
  }

  /** INVARIANT: refused bytes that cannot be cut off never come back: not now, and not when the spool is opened again. */
  function abandon(segment: Segment): void {
    retireActive();
    attempt("seal_failed", segment.path, () => writeSeal(fs, segment));
  }

  function confirm(segment: Segment, count: number, length: number): void {
    segment.length += length;
    segment.pending += count;
    bytes += length;
    pending += count;
  }

  /** The oldest records of one segment; none when there are none in any. */
  async function readHead(max: number): Promise<Lines> {
    const wasGiven = givenFrom === acknowledgedTo;
    for (let segment = headSegment(); segment !== undefined; segment = headSegment()) {
      const bytesAsked = Math.min(READ_BYTES, max * READ_BYTES_EACH);
      const chunk = readChunk(segment, acknowledgedTo - segment.base, max, bytesAsked);
      const end = segment.base + chunk.end;
      // What this process wrote is whole, unless the store did not take it.
      const isTrusted = segment.isOwn && !wasGiven;
      const readable = isTrusted ? { bytes: chunk.bytes, count: chunk.ends.length } : vet(segment, chunk);
      if (readable.count > 0) {
        givenFrom = acknowledgedTo;
        peeked = { segment, lines: chunk.ends.length, end, lastLine: lastLineOf(readable.bytes) };
        return readable;
      }
      await leave(segment, chunk.ends.length, end);
    }
    return NOTHING;
  }

  const headSegment = () => segments.find(({ base, length }) => base + length > acknowledgedTo);

  /** A line that rotted on disk must not hold up what follows; its segment is kept aside. */
  function vet(segment: Segment, { bytes, ends }: Chunk): Lines {
    const good = linesOf(bytes).filter((line, nth) => {
      if (isIntact(line)) return true;
      const end = segment.base + ends[nth]!;
      if (end > vettedTo) reportDamage(segment, `the line ending at byte ${ends[nth]} is not what was written`);
      vettedTo = Math.max(vettedTo, end);
      return false;
    });
    return { bytes: Buffer.from(good.join("\n")), count: good.length };
  }

  function reportDamage(segment: Segment, detail: string): void {
    segment.isDamaged = true;
    report("damaged_record", segment.path, new Error(detail));
  }

  /**
   * Everything of a segment before `end`, which is so many lines, is shipped or cannot be read. Rot may have added line ends
   * or taken some, so only the end of a segment tells for certain that nothing of it is left.
   */
  async function leave(segment: Segment, lines: number, end: number): Promise<void> {
    const isAtEnd = end === segment.base + segment.length;
    const left = isAtEnd ? 0 : Math.max(segment.pending - lines, 1);
    if (isAtEnd && segment.pending !== lines) reportDamage(segment, "lines are missing, or were added");
    pending += left - segment.pending;
    segment.pending = left;
    await acknowledgeTo(end);
  }

  async function acknowledgeTo(position: number): Promise<void> {
    acknowledgedTo = position;
    const done = segments.filter((segment) => isDone(segment));
    // What is noted as done may be gone at the next start: from now on nothing may be written to it.
    if (active !== undefined && done.includes(active)) retireActive();
    if (options.syncStore !== undefined) {
      // Before that, all of it has to be sent again.
      if (done.length === 0) return;
      if (!(await attemptAsync("store_not_synced", directory, options.syncStore))) return;
    }
    const first = segments[done.length];
    const reached = {
      sequence: first?.sequence ?? nextSequence,
      offset: first === undefined ? 0 : Math.max(acknowledgedTo - first.base, 0),
    };
    // INVARIANT: the chain's end is remembered before the last file that tells it goes.
    const isSaved = attempt("progress_not_saved", directory, () =>
      cursor.save({ ...reached, head, lastId }, durability === "disk" && done.length > 0),
    );
    if (isSaved) for (const segment of done) remove(segment);
  }

  /** Acknowledged to its end; one that is still written to must besides be large enough to be worth a new file. */
  function isDone(segment: Segment): boolean {
    return acknowledgedTo >= segment.base + segment.length && (segment !== active || segment.length >= replaceBytes);
  }

  function remove(segment: Segment): void {
    segments.splice(segments.indexOf(segment), 1);
    bytes -= segment.length;
    attempt("not_removed", segment.path, () => removeSegment(fs, segment));
  }

  function retireActive(): void {
    const { fd, path } = active!;
    delete active!.fd;
    active = undefined;
    if (fd !== undefined) attempt("not_closed", path, () => fs.closeSync(fd));
  }

  return {
    append,
    checkpoint,
    lastId,
    async peek(max) {
      peeked = undefined;
      if (max <= 0) return NOTHING;
      try {
        return await readHead(max);
      } catch (error) {
        throw new UnavailableError("audit", "the audit log cannot be read", error);
      }
    },
    async acknowledge() {
      if (peeked === undefined) return;
      const { segment, lines, end, lastLine } = peeked;
      peeked = undefined;
      lastId = idOfLine(lastLine) ?? lastId;
      stored = linkOf(lastLine) ?? stored;
      await leave(segment, lines, end);
    },
    get pending() {
      return pending;
    },
    get bytes() {
      return bytes;
    },
    get head() {
      return head;
    },
    get storedHead() {
      return stored;
    },
    oldestTime() {
      const segment = headSegment();
      try {
        return segment && readInstant(fs, segment, acknowledgedTo - segment.base);
      } catch {
        // Told of by `peek`, which has to read the same bytes.
        return undefined;
      }
    },
    async close() {
      if (isClosed) return;
      isClosed = true;
      writeBatch();
      if (active !== undefined) retireActive();
      attempt("not_closed", directory, () => cursor.close());
    },
  };
}
