import { createHash } from "node:crypto";
import { createLineSplitter } from "./export-lines.ts";
import { type ExportTrailer, filtersOf, isTrailer, openTrailer } from "./export-trailer.ts";
import { createVerifier, type VerifierOptions } from "./verifier.ts";
import { createFindings, type Findings } from "./verifier-findings.ts";
import type { VerifyReport } from "./verify-report.ts";

/** What the signed trailer says. An old export is as valid as a new one: `exported_at` tells them apart. */
export interface ExportReport extends VerifyReport {
  /** Absent when there is no trailer with a right signature. */
  readonly export?: Pick<ExportTrailer, "exported_at" | "filters" | "records" | "key_id">;
}

/** Takes an export's bytes in chunks of any size. Memory grows with the number of writers and the longest line only. */
export interface ExportVerifier {
  write(chunk: Uint8Array): void;
  end(): ExportReport;
}

/** Many times what the longest record takes. */
const LINE_BYTES_MAX = 16 * 1024 * 1024;

/**
 * Verifies an export: every byte of it by the trailer's digest, and the chains in it as `createVerifier` does.
 * With filters besides `from` and `to`, records between those in the file were left out on purpose; then the trailer
 * says that the service gave out these records, and only that.
 * @throws TypeError without a key
 */
export function createExportVerifier(options: VerifierOptions): ExportVerifier {
  const records = createVerifier(options);
  const findings = createFindings();
  const hash = createHash("sha256");
  let lines = 0;
  let isEnded = false;
  let trailer: ExportTrailer | undefined;

  const splitter = createLineSplitter(LINE_BYTES_MAX, (bytes) => {
    lines += 1;
    const line = bytes.subarray(0, -1);
    if (isEnded) findings.add("behind_trailer", { line: lines });
    else if (isTrailer(line)) readTrailer(line);
    else {
      hash.update(bytes);
      records.line(line);
    }
  });

  function readTrailer(line: Uint8Array): void {
    isEnded = true;
    const opened = openTrailer(line, options.keys);
    if (typeof opened === "string") {
      findings.add(opened, { line: lines });
      return;
    }
    trailer = opened;
    if (trailer.sha256 !== hash.digest("hex")) findings.add("trailer_digest", { line: lines });
    if (trailer.records !== lines - 1) findings.add("trailer_count", { line: lines });
  }

  return {
    write: splitter.write,
    end() {
      if (!isEnded) findings.add("trailer_missing", { line: lines + 1 });
      else if (splitter.rest > 0) findings.add("behind_trailer", { line: lines + 1 });
      const report = withFindings(records.end(trailer && filtersOf(trailer)), findings);
      return trailer === undefined ? report : { ...report, export: summaryOf(trailer) };
    },
  };
}

function summaryOf({ exported_at, filters, records, key_id }: ExportTrailer): NonNullable<ExportReport["export"]> {
  return { exported_at, filters, records, key_id };
}

function withFindings(report: VerifyReport, findings: Findings): VerifyReport {
  const { errors, first_error } = findings.total(true);
  // Whatever the trailer is found to be, it stands behind the records.
  const first = report.first_error ?? first_error;
  return {
    ...report,
    valid: report.valid && errors === 0,
    errors: report.errors + errors,
    ...(first === undefined ? undefined : { first_error: first }),
  };
}
