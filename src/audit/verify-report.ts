/**
 * What verification says about a log. Plain data, ready for JSON.
 *
 * `valid` means: every line is byte for byte what was hashed, nothing is missing within a chain, and every signature is
 * one of the known keys'. It says nothing of records that no signature covers: who can write to the database could have
 * made or removed those. They are counted in `records_after_checkpoints` and `unsigned`.
 */
export interface VerifyReport {
  readonly valid: boolean;
  /** Lines that were read as records, faulty ones included. */
  readonly records: number;
  /** With a right signature by a known key. */
  readonly checkpoints: number;
  /**
   * Of writers that have a checkpoint, the records that none covers: those behind the last one, and with filters also
   * those whose connection to it was left out.
   */
  readonly records_after_checkpoints: number;
  /** Records of writers without any checkpoint. Anyone with access to the database could have made them. */
  readonly unsigned: number;
  /** In the order of their first records. */
  readonly writers: readonly WriterReport[];
  readonly errors: number;
  /** The first in the order of lines. Absent when there are none. */
  readonly first_error?: VerifyError;
}

/** Two reports fit together when `first_prev_hash` of the later one is `last_hash` of the earlier one. */
export interface WriterReport {
  readonly writer: string;
  readonly records: number;
  readonly first_seq: number;
  readonly first_prev_hash: string;
  readonly last_seq: number;
  readonly last_hash: string;
  readonly checkpoints: number;
  /** Of the last checkpoint; 0 when there is none. */
  readonly checkpointed_seq: number;
  /** Records that no checkpoint covers. */
  readonly uncovered: number;
}

/**
 * Why a log is not what was written. A closed list: scripts switch on it.
 * - `not_a_record`: the line does not have a record's shape.
 * - `hash_mismatch`: the line is not the one that was hashed: it was altered.
 * - `gap`: records of this writer are missing before this one.
 * - `missing_beginning`: the writer's first records are missing, and no signed `audit.expired` says they were let go.
 * - `missing_end`: the log ends before a record that is known to have been written: it was rolled back.
 * - `reordered`: the record stands behind one that was written after it.
 * - `duplicate`: the record's place in its chain, or its id, was taken by a record before it.
 * - `fork`: two different records in the same place of a chain.
 * - `broken_link`: the record does not follow from the one before it, which was altered and hashed again, or replaced.
 * - `bad_signature`: the signature of a checkpoint is not over this chain.
 * - `unknown_key`: signed with a key that is not among the known ones.
 * - `trailer_missing`: the export was cut off, or its end was removed.
 * - `trailer_signature`: the trailer is not what was signed.
 * - `trailer_digest`: the trailer was signed for other lines than these.
 * - `trailer_count`: the trailer was signed for another number of lines.
 * - `behind_trailer`: something was added behind the end.
 */
export const VERIFY_ERROR_CODES = [
  "not_a_record",
  "hash_mismatch",
  "gap",
  "missing_beginning",
  "missing_end",
  "reordered",
  "duplicate",
  "fork",
  "broken_link",
  "bad_signature",
  "unknown_key",
  "trailer_missing",
  "trailer_signature",
  "trailer_digest",
  "trailer_count",
  "behind_trailer",
] as const;
export type VerifyErrorCode = (typeof VERIFY_ERROR_CODES)[number];

export interface VerifyError {
  readonly code: VerifyErrorCode;
  /** From 1. */
  readonly line: number;
  /** As far as the line says. */
  readonly id?: string;
  readonly writer?: string;
  readonly seq?: number;
  /** What is wrong, for a person. */
  readonly detail: string;
}
