import type {
  RanReport,
  RuleCoverage,
  RuleExplanation,
  TestedCase,
  TestReport,
} from "../../operations/rule-sets/test-rules.ts";
import type { Paint } from "../paint.ts";
import { printable } from "../printable.ts";
import { formatDiagnostics } from "../rules/diagnostics-text.ts";

export interface PrettyOptions {
  readonly listsGaps: boolean;
  readonly minCoverage: number | undefined;
  readonly isTooLow: boolean;
  /** How long it took. */
  readonly ms: number;
}

/** What failed and why, then a summary. */
export function prettyReport(report: TestReport, options: PrettyOptions, paint: Paint): string {
  if (report.status === "invalid") {
    const { diagnostics } = report;
    const errors = diagnostics.filter(({ severity }) => severity === "error").length;
    const summary = paint.bad(`${errors} error${errors === 1 ? "" : "s"}, so nothing was tested`);
    return `${formatDiagnostics(diagnostics, paint)}${summary}\n`;
  }
  const failed = report.cases.filter(({ differences }) => differences.length > 0);
  const gaps = options.listsGaps ? gapLines(report.coverage.rules) : [];
  return [
    ...failed.map((tested) => failureText(tested, paint)),
    ...(gaps.length > 0 ? [`never shown by a case:\n${gaps.join("")}\n`] : []),
    summaryText(report, failed.length, options, paint),
  ].join("");
}

function failureText(tested: TestedCase, paint: Paint): string {
  const { position, name } = tested.case;
  const { decision, differences, explanation } = tested;
  const fields = [
    ...differences.map(({ field, expected, actual }): [string, string] => {
      return [field, `expected ${paint.good(printable(expected))}, got ${paint.bad(printable(actual))}`];
    }),
    ["reason", printable(decision.reason)] as const,
    ...decision.errors.map(({ rule_id, message }): [string, string] => [
      "error in",
      printable(`${rule_id}: ${message}`),
    ]),
  ];
  const head = `${paint.bad("FAIL")}  ${placeText(position)}  ${printable(name)}\n`;
  const told = fields.map(([label, text]) => `  ${paint.quiet(label.padEnd(11))}  ${text}\n`);
  return `${head}${told.join("")}${explanation.map((rule) => ruleText(rule, paint)).join("")}\n`;
}

const MARK = { decided: "+", outranked: "=", not_matched: "-", error: "!" } as const;

function ruleText(
  { id, position, decision, priority, outcome, message, falseTerms }: RuleExplanation,
  paint: Paint,
): string {
  const told = message === undefined ? outcome.replace("_", " ") : `${outcome}: ${message}`;
  const place = paint.quiet(placeText(position));
  const line = `  ${MARK[outcome]} ${printable(id)}  ${decision}, priority ${priority}, ${printable(told)}  ${place}\n`;
  if (falseTerms === undefined) return line;
  if (falseTerms.length === 0) return `${line}      the action is another one\n`;
  const terms = falseTerms.map(
    (term) => `      false: ${short(term.text)}  ${paint.quiet(placeText(term.position))}\n`,
  );
  return line + terms.join("");
}

const GAPS = {
  never_matched: "never matched",
  always_matched: "there is no case that it does not match",
  never_decided: "never decided",
} as const;

function gapLines(rules: readonly RuleCoverage[]): string[] {
  return rules.flatMap(({ id, position, gaps, branches }) => [
    ...gaps.map((gap) => `  ${placeText(position)}  ${printable(id)}: ${GAPS[gap]}\n`),
    ...branches
      .filter(({ missing }) => missing.length > 0)
      .map(
        ({ position, missing, text }) => `  ${placeText(position)}  never ${missing.join(" or ")}: ${short(text)}\n`,
      ),
  ]);
}

function summaryText(report: RanReport, failed: number, options: PrettyOptions, paint: Paint): string {
  const { cases, omitted, coverage } = report;
  const files = new Set(cases.map(({ file }) => file)).size;
  const left = omitted === 0 ? "" : `, ${omitted} left out by the filter`;
  const outcome = failed === 0 ? paint.good("all hold") : paint.bad(`${failed} failed`);
  const took = paint.quiet(`(${(options.ms / 1000).toFixed(2)} s)`);
  const { ruleShare: rules, branchShare: branches } = coverage;
  const shown = [
    `${rules.percent}% of rules (${rules.covered} of ${rules.total})`,
    `${branches.percent}% of branches (${branches.covered} of ${branches.total})`,
  ].join(", ");
  const subject = omitted === 0 ? "coverage" : "coverage of these cases";
  const wanted = options.isTooLow ? paint.bad(`, below ${options.minCoverage}%`) : "";
  return `${count(cases.length, "case")} in ${count(files, "file")}, ${outcome}${left} ${took}\n${subject} ${shown}${wanted}\n`;
}

const count = (number: number, noun: string) => `${number} ${noun}${number === 1 ? "" : "s"}`;

function placeText({ file, line, column }: { file: string; line: number; column: number }): string {
  return `${printable(file)}:${line}:${column}`;
}

/** Conditions can fill a screen. */
function short(text: string): string {
  const line = printable(text);
  return line.length > 100 ? `${line.slice(0, 97)}...` : line;
}
