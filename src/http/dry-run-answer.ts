import { z } from "zod";
import { EFFECTS, REASON_CODES } from "../model/decision.ts";
import { CHECK_LIMITS } from "../model/limits.ts";
import type { DryRunFormat } from "../operations/rule-sets/policy-checker.ts";
import { type CaseResult, coverageJson, junitReport, type RanDryRun } from "../operations/rule-sets/run-dry-run.ts";
import { DIAGNOSTIC, diagnosticSchema } from "./diagnostic-schema.ts";

/** A dry run's answer. INVARIANT: `JSON.parse` of the JSON is as `dryRunSchema` says. */
export function dryRunText(ran: RanDryRun, format: DryRunFormat): string {
  if (format === "junit") return junitReport(ran);
  const { revision, cases, failed, warnings, coverage } = ran;
  return JSON.stringify({
    revision,
    passed: cases.length - failed,
    failed,
    cases: cases.map(caseJson),
    warnings: warnings.slice(0, CHECK_LIMITS.diagnosticsMax),
    ...(coverage !== undefined && { coverage: coverageJson(coverage) }),
  });
}

function caseJson({ case: { name, position }, decision, differences }: CaseResult) {
  const { decision: effect, reason_code, rule_id } = decision;
  return {
    ...position,
    name,
    ok: differences.length === 0,
    decision: effect,
    reason_code,
    ...(rule_id !== undefined && { rule_id }),
    ...(differences.length > 0 && { differences }),
  };
}

const place = {
  file: z.string().meta({ description: "Its path in the request." }),
  line: z.int().meta({ description: "From 1." }),
  column: z.int().meta({ description: "From 1." }),
};

const caseSchema = z
  .object({
    ...place,
    name: z.string().meta({ description: "Its name; unique in the file." }),
    ok: z.boolean().meta({ description: "Whether it came out as expected." }),
    decision: z.enum(EFFECTS).meta({ description: "What the rules decide." }),
    reason_code: z.enum(REASON_CODES).meta({ description: "Why, from a closed list." }),
    rule_id: z.string().optional().meta({ description: "The rule that decides." }),
    differences: z
      .array(
        z.object({
          field: z
            .enum(["decision", "rule", "reason_code", "obligations", "near_miss"])
            .meta({ description: "What differs." }),
          expected: z.string().meta({ description: "What the case expects, in words." }),
          actual: z.string().meta({ description: "What is, in words." }),
        }),
      )
      .optional()
      .meta({ description: "Of a case that is not `ok`." }),
  })
  .meta({ id: "DryRunCase", description: "What became of a case." });

const shareSchema = z
  .object({
    covered: z.int().meta({ description: "How many are shown." }),
    total: z.int().meta({ description: "How many there are." }),
    percent: z.number().meta({ description: "0 to 100, rounded down to a tenth." }),
  })
  .meta({ id: "CoverageShare", description: "How much of something is shown." });

const OUTCOMES = ["true", "false", "taken"] as const;

const gapSchema = z
  .object({
    rule_id: z.string().meta({ description: "Full id of the rule." }),
    ...place,
    file: z.string().meta({ description: "The rule's file." }),
    gaps: z
      .array(z.enum(["never_matched", "always_matched", "never_decided"]))
      .meta({ description: "What no case shows of the rule as a whole." }),
    branches: z
      .array(
        z.object({
          role: z.enum(["condition", "term", "test", "arm", "predicate"]).meta({ description: "Which part it is." }),
          text: z.string().meta({ description: "The part as CEL." }),
          ...place,
          file: z.string().meta({ description: "The rule's file." }),
          seen: z.array(z.enum(OUTCOMES)).meta({ description: "What it gave in some case." }),
          missing: z.array(z.enum(OUTCOMES)).meta({ description: "What it gave in no case." }),
        }),
      )
      .meta({ description: "Parts of its condition that do not go every way." }),
  })
  .meta({ id: "CoverageGap", description: "A rule of which something is not shown." });

export const dryRunSchema = z
  .object({
    revision: z.string().meta({ description: "Digest of the rules that the cases ran on." }),
    passed: z.int().meta({ description: "Cases that came out as expected." }),
    failed: z.int().meta({ description: "Cases that did not." }),
    cases: z.array(caseSchema).meta({ description: "By file, then in the file's order." }),
    warnings: z
      .array(diagnosticSchema)
      .meta({ description: `About the rules; the first ${CHECK_LIMITS.diagnosticsMax}.` }),
    coverage: z
      .object({
        rules: shareSchema.meta({ description: "Rules that match, do not match and decide in some case." }),
        branches: shareSchema.meta({ description: "Ways that parts of conditions go in some case." }),
        gaps: z.array(gapSchema).meta({ description: "What is not shown, by rule." }),
      })
      .optional()
      .meta({ description: "What the cases show of the rules, where it was asked for." }),
  })
  .meta({ id: "DryRun", description: "What came of fixtures." });

export const DRY_RUN = {
  revision: `sha256:${"0".repeat(64)}`,
  passed: 1,
  failed: 1,
  cases: [
    {
      file: "payments.test.yaml",
      line: 3,
      column: 11,
      name: "a small refund",
      ok: true,
      decision: "allow",
      reason_code: "rule_matched",
      rule_id: "payments/refund-small",
    },
    {
      file: "payments.test.yaml",
      line: 6,
      column: 11,
      name: "a refund at the cap",
      ok: false,
      decision: "approval_required",
      reason_code: "rule_matched",
      rule_id: "payments/refund-over-cap",
      differences: [{ field: "decision", expected: "allow", actual: "approval_required" }],
    },
  ],
  warnings: [DIAGNOSTIC],
  coverage: {
    rules: { covered: 1, total: 2, percent: 50 },
    branches: { covered: 3, total: 4, percent: 75 },
    gaps: [
      {
        rule_id: "payments/refund-small",
        file: "payments.yaml",
        line: 4,
        column: 5,
        gaps: [],
        branches: [
          {
            role: "term",
            text: "arguments.amount > 0",
            file: "payments.yaml",
            line: 6,
            column: 11,
            seen: ["true"],
            missing: ["false"],
          },
        ],
      },
    ],
  },
};
