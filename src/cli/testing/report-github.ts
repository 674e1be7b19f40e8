import {
  differenceLines,
  type RuleCoverage,
  type TestedCase,
  type TestReport,
} from "../../operations/rule-sets/test-rules.ts";
import { githubCommand } from "../github-command.ts";

export interface GithubOptions {
  readonly listsGaps: boolean;
  /** Gaps are errors then, and warnings else. */
  readonly isTooLow: boolean;
}

/** Annotations on lines: on the case that failed and on the rule it is about. */
export function githubReport(report: TestReport, { listsGaps, isTooLow }: GithubOptions): string {
  if (report.status === "invalid") {
    return report.diagnostics
      .map((diagnostic) => githubCommand(diagnostic.severity, diagnostic, diagnostic.code, diagnostic.message))
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
    githubCommand("error", position, name, told),
    ...tested.explanation
      .filter(({ outcome }) => outcome !== "outranked")
      .map(({ position: place, id, outcome, message }) => {
        const detail = message === undefined ? "" : ` (${message})`;
        return githubCommand(
          "error",
          place,
          id,
          `${outcome.replace("_", " ")}${detail} in the case "${name}", which fails`,
        );
      }),
  ];
}

function gapsOf({ id, position, gaps, branches }: RuleCoverage, severity: "error" | "warning"): string[] {
  return [
    ...gaps.map((gap) => githubCommand(severity, position, id, `no case shows this rule: ${gap.replaceAll("_", " ")}`)),
    ...branches
      .filter(({ missing }) => missing.length > 0)
      .map(({ position: at, missing, text }) =>
        githubCommand(severity, at, id, `never ${missing.join(" or ")}: ${text}`),
      ),
  ];
}
