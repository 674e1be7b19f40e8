import { differenceLines, type TestedCase, type TestReport } from "../../operations/rule-sets/test-rules.ts";
import { printable } from "../printable.ts";

/** TAP version 14, with a YAML block for each case that failed. @see https://testanything.org/tap-version-14-specification.html */
export function tapReport(report: TestReport): string {
  if (report.status === "invalid") {
    const [first] = report.diagnostics;
    const told = first === undefined ? "" : ` ${first.file}:${first.line}:${first.column}: ${first.message}`;
    return `TAP version 14\nBail out!${escapeTap(told)}\n`;
  }
  const points = report.cases.map((tested, at) => pointOf(tested, at + 1));
  return `TAP version 14\n1..${report.cases.length}\n${points.join("")}`;
}

function pointOf(tested: TestedCase, number: number): string {
  const { name, position } = tested.case;
  const isOk = tested.differences.length === 0;
  const point = `${isOk ? "ok" : "not ok"} ${number} - ${escapeTap(`${position.file}: ${name}`)}\n`;
  if (isOk) return point;
  const fields = {
    at: `${position.file}:${position.line}:${position.column}`,
    differences: differenceLines(tested),
    reason: tested.decision.reason,
    rules: tested.explanation.map(({ id, outcome }) => `${id}: ${outcome}`),
  };
  // JSON is YAML, and needs no quoting rules of its own.
  const lines = Object.entries(fields).map(([key, value]) => `  ${key}: ${printable(JSON.stringify(value))}\n`);
  return `${point}  ---\n${lines.join("")}  ...\n`;
}

/** `#` begins a directive, and a backslash escapes. */
const escapeTap = (text: string) => printable(text).replace(/[\\#]/g, "\\$&");
