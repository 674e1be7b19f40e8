import { type ChainLink, GENESIS } from "./chain.ts";
import type { VerifyErrorCode, WriterReport } from "./verify-report.ts";

/** One writer's chain as far as it was read. Takes the same memory however long it gets. */
export interface VerifierChain {
  /** Where its first record stands, from 1. */
  readonly line: number;
  readonly firstId: string;
  readonly first: ChainLink;
  readonly last: ChainLink;
  readonly report: WriterReport;
  /** What is wrong with the place of a record, if anything. Changes nothing. */
  faultOf(link: ChainLink): VerifyErrorCode | undefined;
  /** Goes on from this record, whether it follows from the last one or not. */
  follow(link: ChainLink): void;
  /** The last record is a checkpoint with a right signature: it covers all records that lead to it. */
  cover(): void;
}

/** @param link the writer's first record in what is read */
export function createVerifierChain(link: ChainLink, line: number, firstId: string): VerifierChain {
  let last = link;
  let records = 1;
  let checkpoints = 0;
  let checkpointedSeq = 0;
  let hasGap = false;
  /** Records that lead to the last one without a break. A checkpoint would cover them. */
  let pending = 1;
  /** Records that no checkpoint can cover any more, because what leads from them to the next one is missing. */
  let lost = 0;

  return {
    line,
    firstId,
    first: link,
    get last() {
      return last;
    },
    get report() {
      return {
        writer: link.writer,
        records,
        first_seq: link.seq,
        first_prev_hash: link.prev_hash,
        last_seq: last.seq,
        last_hash: last.hash,
        checkpoints,
        checkpointed_seq: checkpointedSeq,
        uncovered: lost + pending,
      };
    },
    faultOf({ seq, hash, prev_hash }) {
      if (seq > last.seq + 1) return "gap";
      if (seq === last.seq + 1) return prev_hash === last.hash ? undefined : "broken_link";
      if (seq === last.seq) return hash === last.hash ? "duplicate" : "fork";
      // Without a gap each place from the first on is taken.
      return hasGap || seq < link.seq ? "reordered" : "duplicate";
    },
    follow(next) {
      if (next.seq !== last.seq + 1) hasGap = true;
      if (next.prev_hash !== last.hash) {
        lost += pending;
        pending = 0;
      }
      pending += 1;
      records += 1;
      last = next;
    },
    cover() {
      checkpoints += 1;
      checkpointedSeq = last.seq;
      pending = 0;
    },
  };
}

/**
 * What is wrong with the first record of a chain, if it claims to have none before it. The very first one may link to the
 * chain that its directory had before.
 */
export function faultOfFirst({ seq, prev_hash }: ChainLink): VerifyErrorCode | undefined {
  return seq > 1 && prev_hash === GENESIS ? "broken_link" : undefined;
}
