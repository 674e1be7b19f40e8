import type { TestReport } from "../../operations/rule-sets/test-rules.ts";
import { located, type RulesPlace } from "../rules/diagnostics-text.ts";

interface Placed {
  readonly position: { readonly file: string; readonly line: number; readonly column: number };
}

/** The same report with paths that are right where the command was started. */
export function locatedReport(report: TestReport, place: RulesPlace): TestReport {
  if (report.status === "invalid") {
    return { ...report, diagnostics: report.diagnostics.map((diagnostic) => located(diagnostic, place)) };
  }
  const at = <T extends Placed>(part: T): T => ({ ...part, position: located(part.position, place) });
  return {
    ...report,
    cases: report.cases.map((tested) => ({
      ...tested,
      file: located({ file: tested.file }, place).file,
      case: at(tested.case),
      explanation: tested.explanation.map((rule) => {
        const { falseTerms } = rule;
        return { ...at(rule), ...(falseTerms !== undefined && { falseTerms: falseTerms.map(at) }) };
      }),
    })),
    coverage: {
      ...report.coverage,
      rules: report.coverage.rules.map((rule) => ({ ...at(rule), branches: rule.branches.map(at) })),
    },
  };
}
