import type { ChainLink } from "./chain.ts";
import type { VerifyError, VerifyErrorCode } from "./verify-report.ts";

/** Where something is wrong. */
export interface Finding {
  readonly line: number;
  readonly id?: string;
  readonly link?: Pick<ChainLink, "writer" | "seq">;
  /** The record of this writer that was read before. */
  readonly before?: Pick<ChainLink, "seq"> | undefined;
}

/** The errors of a verification: their number and the first of them, which is what a report of any log has room for. */
export interface Findings {
  add(code: VerifyErrorCode, finding: Finding): void;
  /** @param isContiguous whether nothing may be missing: no filter leaves a record out between two that it selects */
  total(isContiguous: boolean): { readonly errors: number; readonly first_error?: VerifyError };
}

/** Only an error where no record was left out on purpose. */
const MISSING: ReadonlySet<VerifyErrorCode> = new Set(["gap", "missing_beginning", "missing_end"]);

export function createFindings(): Findings {
  const faults: Tally = { errors: 0, first: undefined };
  const missing: Tally = { errors: 0, first: undefined };
  return {
    add(code, finding) {
      const tally = MISSING.has(code) ? missing : faults;
      tally.errors += 1;
      if (tally.first === undefined || finding.line < tally.first.line) tally.first = toError(code, finding);
    },
    total(isContiguous) {
      const counted = isContiguous ? [faults, missing] : [faults];
      const first = counted.flatMap((tally) => tally.first ?? []).sort((a, b) => a.line - b.line)[0];
      const errors = counted.reduce((sum, tally) => sum + tally.errors, 0);
      return first === undefined ? { errors } : { errors, first_error: first };
    },
  };
}

interface Tally {
  errors: number;
  first: VerifyError | undefined;
}

function toError(code: VerifyErrorCode, { line, id, link, before }: Finding): VerifyError {
  return {
    code,
    line,
    ...(id === undefined ? undefined : { id }),
    ...(link === undefined ? undefined : { writer: link.writer, seq: link.seq }),
    detail: code === "gap" && link && before ? gapDetail(before.seq + 1, link.seq - 1) : DETAILS[code],
  };
}

const gapDetail = (from: number, to: number) =>
  from === to
    ? `the writer's record ${from} is missing before this one`
    : `the writer's records ${from} to ${to} are missing before this one`;

const DETAILS: Readonly<Record<VerifyErrorCode, string>> = {
  not_a_record: "the line does not have the shape of a record",
  hash_mismatch: "the record is not the one that was hashed: it was altered",
  gap: "records of this writer are missing before this one",
  missing_beginning:
    "the writer's records before this one are missing, and no signed `audit.expired` says they were let go",
  missing_end: "this record is known to have been written, but the log ends before it: it was rolled back",
  reordered: "the record stands behind one that was written after it",
  duplicate: "the place of this record was taken by a record before it",
  fork: "another record is known in the same place of this chain",
  broken_link: "the record does not follow from the one before it, which was altered and hashed again, or replaced",
  bad_signature: "the signature of this checkpoint is not over the chain before it",
  unknown_key: "signed with a key that is not among the known ones",
  trailer_missing: "the end of the export is missing: it was cut off",
  trailer_signature: "the last line of the export is not what was signed",
  trailer_digest: "the export was signed for other lines than these",
  trailer_count: "the export was signed for another number of lines",
  behind_trailer: "the line was added behind the end of the export",
};
