import { createCelCompiler, createKeptTexts } from "../../cel/index.ts";
import {
  type CaseResult,
  checkReferences,
  coverageOf,
  explainCase,
  type FixtureFile,
  type ProbedRule,
  probeRules,
  readFixtureFile,
  runCases,
  type TestReport,
} from "../../fixtures/index.ts";
import {
  createRuleLoader,
  type Diagnostic,
  type ReadResult,
  type RuleSource,
  sortDiagnostics,
} from "../../rules/index.ts";

export {
  type Coverage,
  coverageJson,
  differenceLines,
  junitReport,
  type RanReport,
  type RuleCoverage,
  type RuleExplanation,
  type TestedCase,
  type TestReport,
} from "../../fixtures/index.ts";

export interface RuleTest {
  readonly rules: ReadResult;
  readonly fixtures: ReadResult;
  /** Runs only cases whose name or file has this in it, whatever its case. */
  readonly filter?: string;
}

export interface RuleTester {
  /** Never throws. */
  test(input: RuleTest): TestReport;
}

/** Runs fixtures against rules as the service would decide them. Keeps what it compiled: the next run costs what changed. */
export function createRuleTester(): RuleTester {
  const kept = createKeptTexts();
  const loader = createRuleLoader({ compiler: createCelCompiler({ kept }) });
  let probed: { readonly sources: string; readonly rules: readonly ProbedRule[] } | undefined;
  const probe = (sources: readonly RuleSource[]) => {
    const key = JSON.stringify(sources);
    if (probed?.sources !== key) probed = { sources: key, rules: probeRules(sources, kept) };
    return probed.rules;
  };
  return {
    test({ rules, fixtures, filter }) {
      if (!rules.ok) return invalid(rules.diagnostics);
      const loaded = loader.load(rules.sources);
      const { files, faults } = readFixtures(fixtures);
      if (!loaded.ok) return invalid([...loaded.diagnostics, ...faults]);
      const { ruleSet } = loaded;
      const diagnostics = [...faults, ...checkReferences(ruleSet, files)];
      if (diagnostics.length > 0) return invalid(diagnostics);
      const chosen = files.map((file) => chooseCases(file, filter));
      const results = chosen.flatMap((file) => runCases(ruleSet, file));
      const total = files.reduce((sum, { cases }) => sum + cases.length, 0);
      return reportOf(results, probe(rules.sources), ruleSet.revision, total - results.length);
    },
  };
}

function reportOf(
  results: readonly CaseResult[],
  rules: readonly ProbedRule[],
  revision: string,
  omitted: number,
): TestReport {
  const isFailed = ({ differences }: CaseResult) => differences.length > 0;
  return {
    status: results.some(isFailed) ? "failed" : "passed",
    revision,
    cases: results.map((result) => ({ ...result, explanation: isFailed(result) ? explainCase(rules, result) : [] })),
    omitted,
    coverage: coverageOf(rules, results),
  };
}

function invalid(diagnostics: readonly Diagnostic[]): TestReport {
  return { status: "invalid", diagnostics: sortDiagnostics(diagnostics) };
}

function readFixtures(read: ReadResult): { files: readonly FixtureFile[]; faults: readonly Diagnostic[] } {
  if (!read.ok) return { files: [], faults: read.diagnostics };
  if (read.sources.length === 0) {
    const message = "there is no fixture file: put one with the name `*.test.yaml` beside the rules";
    const place = { file: ".", line: 1, column: 1 };
    return { files: [], faults: [{ ...place, severity: "error", code: "no-fixture-files", message }] };
  }
  const all = read.sources.map(readFixtureFile);
  return { files: all.map(({ file }) => file), faults: all.flatMap(({ diagnostics }) => diagnostics) };
}

function chooseCases(file: FixtureFile, filter: string | undefined): FixtureFile {
  if (filter === undefined) return file;
  const wanted = filter.toLowerCase();
  if (file.path.toLowerCase().includes(wanted)) return file;
  return { ...file, cases: file.cases.filter(({ name }) => name.toLowerCase().includes(wanted)) };
}
