import { differenceLines, type RuleCoverage, type TestedCase, type TestReport } from "../operations/test-rules.ts";

export interface GithubOptions {
  readonly listsGaps: boolean;
  /** Gaps are errors then, and warnings else. */
  readonly isTooLow: boolean;
}

interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/**
 * Workflow commands that put annotations on lines: on the case that failed and on the rule it is about.
 * @see https://docs.github.com/actions/reference/workflow-commands-for-github-actions
 */
export function githubReport(report: TestReport, { listsGaps, isTooLow }: GithubOptions): string {
  if (report.status === "invalid") {
    return report.diagnostics
      .map((diagnostic) => command(diagnostic.severity, diagnostic, diagnostic.code, diagnostic.message))
      .join("");
  }
  const failed = report.cases.filter(({ differences }) => differences.length > 0);
  const gaps = listsGaps ? report.coverage.rules.flatMap((rule) => gapsOf(rule, isTooLow ? "error" : "warning")) : [];
  const { ruleShare, branchShare } = report.coverage;
  const summary = `${report.cases.length} cases, ${failed.length} failed, coverage ${ruleShare.percent}% of rules, ${branchShare.percent}% of branches\n`;
  return [...failed.flatMap(failureOf), ...gaps, summary].join("");
}

function failureOf(tested: TestedCase): string[] {
  const { name, position } = tested.case;
  const told = [...differenceLines(tested), `reason: ${tested.decision.reason}`].join("\n");
  return [
    command("error", position, name, told),
    ...tested.explanation
      .filter(({ outcome }) => outcome !== "outranked")
      .map(({ position: place, id, outcome, message }) => {
        const detail = message === undefined ? "" : ` (${message})`;
        return command("error", place, id, `${outcome.replace("_", " ")}${detail} in the case "${name}", which fails`);
      }),
  ];
}

function gapsOf({ id, position, gaps, branches }: RuleCoverage, severity: "error" | "warning"): string[] {
  return [
    ...gaps.map((gap) => command(severity, position, id, `no case shows this rule: ${gap.replaceAll("_", " ")}`)),
    ...branches
      .filter(({ missing }) => missing.length > 0)
      .map(({ position: at, missing, text }) => command(severity, at, id, `never ${missing.join(" or ")}: ${text}`)),
  ];
}

function command(severity: "error" | "warning", { file, line, column }: Place, title: string, message: string): string {
  const place = `file=${property(file)},line=${line},col=${column}`;
  return `::${severity} ${place},title=${property(title)}::${data(message)}\n`;
}

/** SECURITY: a name with a line break in it could otherwise begin a command of its own. */
const data = (text: string) => text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
const property = (text: string) => data(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
