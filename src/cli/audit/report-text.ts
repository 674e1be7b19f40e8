import type { VerifyError, VerifyErrorCode, VerifyReport } from "../../audit/index.ts";
import type { Paint } from "../paint.ts";
import { printable } from "../printable.ts";
import type { Comparison } from "./compare.ts";

type Field = readonly [label: string, value: string | undefined];

/** A report for people: whether it is valid, what was read, what no signature covers, and the first error. */
export function formatReport(title: string, report: VerifyReport, paint: Paint): string {
  const { records, checkpoints, writers, records_after_checkpoints: behind, unsigned, first_error: first } = report;
  const fields: Field[] = [
    ["records", number(records)],
    ["checkpoints", number(checkpoints)],
    ["chains", number(writers.length)],
    ["not signed", behind === 0 ? undefined : `${number(behind)} behind the last checkpoint of their chain`],
    [
      "unsigned",
      unsigned === 0 ? undefined : `${number(unsigned)} in chains without any checkpoint: anyone could have made them`,
    ],
    ...(first === undefined ? [] : errorFields(first, report.errors)),
  ];
  return `${verdictOf(report.valid, paint)}  ${printable(title)}\n${fieldLines(fields, paint)}`;
}

/** The same for what came of holding an export against the service. */
export function formatComparison(comparison: Comparison, paint: Paint): string {
  const { same, different, missing, first_difference: first } = comparison;
  const place = first === undefined ? undefined : `line ${number(first.line)}, record ${printable(first.id)}`;
  const fields: Field[] = [
    ["the same", number(same)],
    ["different", different === 0 ? undefined : `${number(different)}; the service has these records in another form`],
    [
      "missing",
      missing === 0 ? undefined : `${number(missing)}; removed, or let go after their time (see audit.expired)`,
    ],
    ["first", place],
  ];
  return `${verdictOf(different + missing === 0, paint)}  records of the file in the service's log\n${fieldLines(fields, paint)}`;
}

const verdictOf = (isValid: boolean, paint: Paint) => (isValid ? paint.good("VALID") : paint.bad("NOT VALID"));

function fieldLines(fields: readonly Field[], paint: Paint): string {
  const told = fields.filter(([, value]) => value !== undefined);
  return told.map(([label, value]) => `  ${paint.quiet(label.padEnd(11))}  ${value}\n`).join("");
}

function errorFields({ code, line, id, writer, seq, detail }: VerifyError, errors: number): Field[] {
  return [
    ["errors", number(errors)],
    ["first error", `${code}: ${printable(detail)}`],
    ["line", number(line)],
    [
      "chain",
      writer === undefined
        ? undefined
        : `${printable(writer)}${seq === undefined ? "" : `, record ${number(seq)} of it`}`,
    ],
    ["id", id === undefined ? undefined : printable(id)],
    ["it means", MEANINGS[code]],
  ];
}

/** A newer service may know more codes; then the detail has to do. */
const MEANINGS: Readonly<Record<VerifyErrorCode, string>> = {
  not_a_record: "something that is no record was put there, or a record was damaged",
  hash_mismatch: "this record was changed after it was written",
  gap: "records before this one were removed",
  missing_beginning: "the first records of this chain were removed, and no signed record says that they were let go",
  missing_end: "records that were written are gone: the log was rolled back to an earlier state",
  reordered: "records were moved, or put in where they do not belong",
  duplicate: "a record was put in a second time",
  fork: "one of two records that claim the same place was forged",
  broken_link: "the record before this one was changed and hashed again, or replaced",
  bad_signature: "the records up to here are not those that were signed",
  unknown_key: "it was signed by somebody else, or with a key that was not given",
  trailer_missing: "the file was cut off, or its end was removed",
  trailer_signature: "the last line was changed, or signed with a key that was not given",
  trailer_digest: "a line of the file was changed, removed or put in",
  trailer_count: "lines of the file were removed or put in",
  behind_trailer: "something was added to the file",
};

const number = (value: number) => value.toLocaleString("en-US");
