import { type ChainHead, GENESIS, instantOfLine, linkOf, linkRecord, type Spool } from "../../audit/index.ts";
import { UnavailableError } from "../../model/errors.ts";

export interface MemorySpoolOptions {
  readonly bytesMax?: number;
  /** A UUID. */
  readonly writer: string;
  /** As of the spool on disk. */
  readonly createCheckpoint: (head: ChainHead) => string;
}

/** A `Spool` that does not survive the process; for tests. */
export function createMemorySpool({ bytesMax, writer, createCheckpoint }: MemorySpoolOptions): Spool {
  const lines: string[] = [];
  let head: ChainHead = { writer, seq: 0, hash: GENESIS };
  let stored: ChainHead | undefined;
  let checkpointed = 0;
  let bytes = 0;
  let peeked = 0;
  let isClosed = false;

  async function append(record: string): Promise<void> {
    if (isClosed) throw new UnavailableError("audit", "the audit log is closed");
    const linked = linkRecord(record, head);
    const size = Buffer.byteLength(linked.line);
    if (bytes + size > (bytesMax ?? Number.POSITIVE_INFINITY)) {
      throw new UnavailableError("audit", "the audit log is full");
    }
    lines.push(linked.line);
    head = linked.head;
    bytes += size;
  }

  async function checkpoint(): Promise<void> {
    if (head.seq === checkpointed) return;
    await append(createCheckpoint(head));
    checkpointed = head.seq;
  }

  return {
    append,
    checkpoint,
    async peek(max) {
      const given = lines.slice(0, max);
      peeked = given.length;
      return { bytes: Buffer.from(given.join("\n")), count: given.length };
    },
    async acknowledge() {
      for (const line of lines.splice(0, peeked)) {
        bytes -= Buffer.byteLength(line);
        stored = linkOf(line);
      }
      peeked = 0;
    },
    get pending() {
      return lines.length;
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
    oldestTime: () => (lines[0] === undefined ? undefined : instantOfLine(lines[0])),
    async close() {
      isClosed = true;
    },
  };
}
