import { createCelCompiler, createKeptTexts } from "../../cel/index.ts";
import {
  type CaseResult,
  type Coverage,
  checkReferences,
  coverageOf,
  probeRules,
  readFixtureFile,
  runCases,
} from "../../fixtures/index.ts";
import { CHECK_LIMITS } from "../../model/limits.ts";
import { createRuleLoader, type Diagnostic, type RuleSource, sortDiagnostics } from "../../rules/index.ts";

export { coverageJson, junitReport } from "../../fixtures/index.ts";
export type { CaseResult, Diagnostic, RuleSource };

export interface DryRun {
  readonly rules: readonly RuleSource[];
  readonly fixtures: readonly RuleSource[];
  /** Whether to find out what the cases show of the rules: it takes each rule in each case. */
  readonly coverage: boolean;
}

/** What came of it. Nothing ran when anything has an error, or there are more cases than may be. */
export type DryRunOutcome =
  | { readonly status: "invalid"; readonly what: "rules" | "fixtures"; readonly diagnostics: readonly Diagnostic[] }
  | { readonly status: "too_many_cases"; readonly cases: number }
  | RanDryRun;

export interface RanDryRun {
  readonly status: "passed" | "failed";
  readonly revision: string;
  /** By file, then in the file's order. */
  readonly cases: readonly CaseResult[];
  readonly failed: number;
  readonly warnings: readonly Diagnostic[];
  readonly coverage: Coverage | undefined;
}

/** Runs fixtures against rules as the service would decide them. Pure; never throws. */
export function runDryRun({ rules, fixtures, coverage }: DryRun): DryRunOutcome {
  const kept = createKeptTexts();
  const loaded = createRuleLoader({ compiler: createCelCompiler({ kept }) }).load(rules);
  const read = fixtures.map(readFixtureFile);
  const faults = read.flatMap(({ diagnostics }) => diagnostics);
  if (!loaded.ok) return invalid("rules", [...loaded.diagnostics, ...faults]);
  const { ruleSet } = loaded;
  const files = read.map(({ file }) => file);
  const misled = [...faults, ...checkReferences(ruleSet, files)];
  if (misled.length > 0) return invalid("fixtures", misled);
  const total = files.reduce((sum, { cases }) => sum + cases.length, 0);
  if (total > CHECK_LIMITS.casesMax) return { status: "too_many_cases", cases: total };
  const cases = files.flatMap((file) => runCases(ruleSet, file));
  const failed = cases.filter(({ differences }) => differences.length > 0).length;
  return {
    status: failed === 0 ? "passed" : "failed",
    revision: ruleSet.revision,
    cases,
    failed,
    warnings: ruleSet.warnings,
    coverage: coverage ? coverageOf(probeRules(rules, kept), cases) : undefined,
  };
}

function invalid(what: "rules" | "fixtures", diagnostics: readonly Diagnostic[]): DryRunOutcome {
  return { status: "invalid", what, diagnostics: sortDiagnostics(diagnostics) };
}
