import { coverageJson, type TestedCase, type TestReport } from "../../operations/rule-sets/test-rules.ts";

/** One JSON value with everything; `docs/cli.md` describes it. */
export function jsonReport(report: TestReport, isOk: boolean): unknown {
  if (report.status === "invalid") return { ok: false, status: report.status, diagnostics: report.diagnostics };
  const { status, revision, cases, omitted, coverage } = report;
  const failed = cases.filter(({ differences }) => differences.length > 0).length;
  return {
    ok: isOk,
    status,
    revision,
    passed: cases.length - failed,
    failed,
    omitted,
    cases: cases.map(caseJson),
    coverage: coverageJson(coverage),
  };
}

function caseJson({ case: { name, position }, decision, differences, explanation }: TestedCase): unknown {
  const { decision: effect, reason, reason_code, rules, obligations, errors } = decision;
  return {
    name,
    ...position,
    ok: differences.length === 0,
    decision: { decision: effect, reason, reason_code, rules, obligations, errors },
    ...(differences.length > 0 && {
      differences,
      rules: explanation.map(({ id, position: place, falseTerms, ...rule }) => ({
        rule_id: id,
        ...place,
        ...rule,
        ...(falseTerms !== undefined && {
          false_terms: falseTerms.map(({ text, position: at }) => ({ text, ...at })),
        }),
      })),
    }),
  };
}
