import type { BenchReport } from "../../operations/rule-sets/bench-rules.ts";
import type { Paint } from "../paint.ts";
import { formatTable } from "../table.ts";

/** Figures, with ratios to an earlier run where there is one, and the rules that take most of the time. */
export function formatBench(report: BenchReport, earlier: BenchReport | undefined, paint: Paint): string {
  const { rules, requests, decisions, outcomes, candidates } = report;
  const head = `${decisions.toLocaleString("en")} decisions by ${rules} rules on ${requests} requests: ${outcomes.allow} allow, ${outcomes.deny} deny, ${outcomes.approval_required} approval_required\n`;
  const figures: [string, number, number | undefined, string][] = [
    ["decisions/s", report.decisions_per_second, earlier?.decisions_per_second, ""],
    ["p50", report.latency_us.p50, earlier?.latency_us.p50, " us"],
    ["p90", report.latency_us.p90, earlier?.latency_us.p90, " us"],
    ["p99", report.latency_us.p99, earlier?.latency_us.p99, " us"],
    ["max", report.latency_us.max, earlier?.latency_us.max, " us"],
    ["allocated", report.allocated_bytes, earlier?.allocated_bytes, " bytes"],
    ["rules looked at", candidates, earlier?.candidates, ""],
  ];
  const header = earlier === undefined ? ["A DECISION", "NOW"] : ["A DECISION", "NOW", "BEFORE", "RATIO"];
  const rows = figures.map(([name, now, before, unit]) => [
    name,
    shown(now, unit),
    ...(earlier === undefined ? [] : [shown(before, unit), ratio(now, before)]),
  ]);
  const costs = report.expensive_rules.map(({ id, us, share }) => [
    id,
    `${us.toFixed(2)} us`,
    `${(100 * share).toFixed(1)} %`,
  ]);
  return [
    paint.attention(head),
    `\n${formatTable(header, rows)}`,
    `\n${formatTable(["RULE", "A DECISION", "OF ALL RULES"], costs)}`,
    ...(earlier === undefined || earlier.policy_revision === report.policy_revision
      ? []
      : [`\nThe rules are not those of the earlier run.\n`]),
  ].join("");
}

const shown = (value: number | undefined, unit: string) =>
  value === undefined ? "-" : `${value.toLocaleString("en")}${unit}`;

const ratio = (now: number, before: number | undefined) =>
  before === undefined || before === 0 ? "-" : `${(now / before).toFixed(2)}`;
