import { type ChainHead, linkText, sealText, sha256 } from "../../audit/index.ts";
import { UnavailableError } from "../../model/errors.ts";

/** The appends of one event-loop turn: one write, one promise. */
export interface Batch {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
  /** Records in it. */
  count: number;
}

export interface BatchBuffer {
  /** The last record that was added. Set back when a batch is refused, so that the chain has no hole. */
  head: ChainHead;
  /**
   * Adds a record to the chain and to the batch of this turn. Runs for every decision, so it allocates next to nothing.
   * @param record a JSON object on one line
   * @param room bytes that the whole batch may take
   * @returns the batch's promise; one rejected with `audit_unavailable` when there is no room
   */
  add(record: string, room: number): Promise<void>;
  /** Ends the batch; its bytes are `buffer[0, length)` until the next `add`. */
  take(): { readonly batch: Batch; readonly buffer: Buffer; readonly length: number } | undefined;
}

const BYTES = 256 * 1024;
/** A burst may need far more; that is not kept. */
const BYTES_KEPT = 4 * 1024 * 1024;
const LINE_FEED = 10;
/** Of a link and a seal, and of the line feeds behind this line and the batch. */
const OVERHEAD = 320;

/** @param onBegin called when the first record of a batch is added */
export function createBatchBuffer(head: ChainHead, onBegin: () => void): BatchBuffer {
  let buffer = Buffer.allocUnsafe(BYTES);
  let used = 0;
  let current: Batch | undefined;

  function reserve(bytes: number): void {
    if (bytes <= buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(bytes, buffer.length * 2));
    buffer.copy(larger, 0, 0, used);
    buffer = larger;
  }

  return {
    head,
    add(record, room) {
      // A UTF-16 unit takes at most three bytes.
      reserve(used + record.length * 3 + OVERHEAD);
      // The link goes where the closing brace was.
      let end = used + buffer.write(record, used) - 1;
      end += buffer.write(linkText(this.head), end, "latin1");
      const hash = sha256(buffer.subarray(used, end));
      end += buffer.write(sealText(hash), end, "latin1");
      buffer[end] = LINE_FEED;
      end += 1;
      if (end + 1 > room) return Promise.reject(new UnavailableError("audit", "the audit log is full"));
      used = end;
      this.head = { writer: this.head.writer, seq: this.head.seq + 1, hash };
      if (current === undefined) {
        current = createBatch();
        onBegin();
      }
      current.count += 1;
      return current.promise;
    },
    take() {
      if (current === undefined) return undefined;
      const taken = { batch: current, buffer, length: used + 1 };
      buffer[used] = LINE_FEED;
      current = undefined;
      used = 0;
      if (buffer.length > BYTES_KEPT) buffer = Buffer.allocUnsafe(BYTES);
      return taken;
    },
  };
}

function createBatch(): Batch {
  let resolve!: () => void;
  let reject!: (error: Error) => void;
  const promise = new Promise<void>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { promise, resolve, reject, count: 0 };
}
