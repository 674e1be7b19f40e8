import type { ChainHead, ChainLink } from "./chain.ts";

/** `data` of an `audit.expired` event, which is recorded before partitions are dropped. */
export interface ExpiredData {
  /** Their names. */
  readonly partitions: readonly string[];
  /** RFC 3339; of the first instant in them, and of the first behind them. */
  readonly from: string;
  readonly to: string;
  /** For each writer the last record that is let go, in these partitions or, where it has none in them, before. */
  readonly writers: readonly ChainHead[];
}

/** The records that were let go, as the log itself says. */
export interface Expiries {
  /** @param line of an `audit.expired` event @param link its own */
  add(line: string, link: ChainLink): void;
  /** Whether a signed event says that all records of the writer up to and with `head` were let go. */
  hasEnd(head: ChainHead): boolean;
  /** Whether a signed event says that this record, or one behind it, was let go. */
  covers(head: Pick<ChainHead, "writer" | "seq">): boolean;
  /** For each writer that a signed event names, the last record that was let go. */
  ends(): readonly ChainHead[];
}

/**
 * @param checkpointedSeq of a writer, asked once all is read
 * SECURITY: an event counts only when a checkpoint covers it; otherwise who removes the beginning of a chain would add the
 * event that explains it.
 */
export function createExpiries(checkpointedSeq: (writer: string) => number): Expiries {
  const entries: { readonly end: ChainHead; readonly by: ChainLink }[] = [];
  const isSigned = ({ by }: { readonly by: ChainLink }) => checkpointedSeq(by.writer) >= by.seq;
  return {
    add(line, by) {
      for (const end of writersOf(line)) entries.push({ end, by });
    },
    hasEnd: ({ writer, seq, hash }) =>
      entries.some(
        (entry) => entry.end.writer === writer && entry.end.seq === seq && entry.end.hash === hash && isSigned(entry),
      ),
    covers: ({ writer, seq }) =>
      entries.some((entry) => entry.end.writer === writer && entry.end.seq >= seq && isSigned(entry)),
    ends() {
      const ends = new Map<string, ChainHead>();
      for (const { end } of entries.filter(isSigned)) {
        if (end.seq > (ends.get(end.writer)?.seq ?? 0)) ends.set(end.writer, end);
      }
      return [...ends.values()];
    },
  };
}

/** An event that does not have the shape explains nothing. */
function writersOf(line: string): readonly ChainHead[] {
  let record: { readonly data?: Partial<ExpiredData> };
  try {
    record = JSON.parse(line) as typeof record;
  } catch {
    return [];
  }
  const writers: unknown = record.data?.writers;
  return Array.isArray(writers) ? writers.filter(isHead) : [];
}

function isHead(value: unknown): value is ChainHead {
  if (typeof value !== "object" || value === null) return false;
  const { writer, seq, hash } = value as Partial<Record<keyof ChainHead, unknown>>;
  return typeof writer === "string" && Number.isSafeInteger(seq) && typeof hash === "string";
}
