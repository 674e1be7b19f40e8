import { resolve } from "node:path";
import {
  createRuleTester,
  junitReport,
  type RuleTester,
  type TestReport,
} from "../../operations/rule-sets/test-rules.ts";
import { CliError } from "../cli-error.ts";
import type { CliDeps } from "../deps.ts";
import { EXIT } from "../exit-codes.ts";
import { createPaint } from "../paint.ts";
import { printableJson } from "../printable.ts";
import { type RulesPlace, rulesPlace } from "../rules/diagnostics-text.ts";
import { githubReport } from "./report-github.ts";
import { htmlReport } from "./report-html.ts";
import { jsonReport } from "./report-json.ts";
import { locatedReport } from "./report-place.ts";
import { prettyReport } from "./report-pretty.ts";
import { tapReport } from "./report-tap.ts";
import { readSources, type TestSources, watchTests } from "./watch.ts";

export interface TestOptions {
  readonly filter?: string;
  readonly watch?: boolean;
  readonly format: "pretty" | "json" | "junit" | "tap" | "github";
  readonly coverage?: boolean;
  /** 0 to 100. */
  readonly minCoverage?: number;
  readonly html?: string;
}

/**
 * Runs the fixtures of a rules directory, once or whenever something changes.
 * @returns the exit code, with `watch` that of the last run
 * @throws CliError when the options contradict one another, no case is left, or the report cannot be written
 */
export async function runTest(deps: CliDeps, given: string | undefined, options: TestOptions): Promise<number> {
  if (options.filter !== undefined && options.minCoverage !== undefined) {
    const hint = "What some of the cases show says nothing about all of them.";
    throw new CliError("--min-coverage does not go with --filter", { exitCode: EXIT.usage, hint });
  }
  // Not the shipped rules: whoever stands in a folder with rules of their own would hear that all is well with others.
  const place = rulesPlace(deps, given ?? (deps.env.VERDICT_RULES_DIR ? undefined : "rules"));
  const tester = createRuleTester();
  const run = (sources: TestSources) => runOnce(deps, tester, place, options, sources);
  return options.watch === true ? watchTests(deps, place.dir, run) : run(await readSources(deps, place.dir));
}

async function runOnce(
  deps: CliDeps,
  tester: RuleTester,
  place: RulesPlace,
  options: TestOptions,
  sources: TestSources,
): Promise<number> {
  const startedAt = deps.now();
  const { filter, minCoverage, html } = options;
  const report = locatedReport(tester.test({ ...sources, ...(filter !== undefined && { filter }) }), place);
  if (report.status !== "invalid" && report.cases.length === 0) {
    const hint = "The filter is a part of the name of a case or of its file.";
    throw new CliError(`no case has \`${filter}\` in its name`, { exitCode: EXIT.usage, hint });
  }
  const exitCode = exitCodeOf(report, minCoverage);
  deps.stdout(render(deps, report, options, exitCode, deps.now() - startedAt));
  if (exitCode === EXIT.coverageTooLow) deps.stderr(`the coverage is below ${minCoverage}%\n`);
  if (html !== undefined) await writeHtml(deps, html, htmlReport(report));
  return exitCode;
}

function exitCodeOf(report: TestReport, minCoverage = 0): number {
  if (report.status === "invalid") return EXIT.usage;
  if (report.status === "failed") return EXIT.failed;
  const { ruleShare, branchShare } = report.coverage;
  return Math.min(ruleShare.percent, branchShare.percent) < minCoverage ? EXIT.coverageTooLow : EXIT.ok;
}

function render(deps: CliDeps, report: TestReport, options: TestOptions, exitCode: number, ms: number): string {
  const isTooLow = exitCode === EXIT.coverageTooLow;
  const listsGaps = options.coverage === true || isTooLow;
  switch (options.format) {
    case "json":
      return printableJson(jsonReport(report, exitCode === EXIT.ok), deps.isInteractive);
    case "junit":
      return junitReport(report);
    case "tap":
      return tapReport(report);
    case "github":
      return githubReport(report, { listsGaps, isTooLow });
    case "pretty":
      return prettyReport(
        report,
        { listsGaps, minCoverage: options.minCoverage, isTooLow, ms },
        createPaint(deps.env, deps.isInteractive),
      );
  }
}

async function writeHtml(deps: CliDeps, file: string, page: string): Promise<void> {
  try {
    await deps.testFiles.write(resolve(deps.cwd, file), page);
  } catch (error) {
    const reason = error instanceof Error && "code" in error ? String(error.code) : "unknown error";
    throw new CliError(`\`${file}\` cannot be written (${reason})`, { exitCode: EXIT.usage, cause: error });
  }
}
