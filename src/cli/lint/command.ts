import { resolve } from "node:path";
import { type Finding, lintRules, pageOf, type RulesLint } from "../../operations/rule-sets/lint-rules.ts";
import type { CliDeps } from "../deps.ts";
import { EXIT } from "../exit-codes.ts";
import { createPaint } from "../paint.ts";
import { printable, printableJson } from "../printable.ts";
import { formatDiagnostics, located, type RulesPlace, rulesPlace } from "../rules/diagnostics-text.ts";
import { githubLintReport } from "./report-github.ts";

export interface LintOptions {
  readonly format: "pretty" | "json" | "github";
  readonly fix?: boolean;
  readonly maxWarnings?: number;
}

/**
 * Lints the rules of a directory together with their fixtures.
 * @returns the exit code: 1 for errors, and for more warnings than are allowed
 * @throws CliError when a file that was mended cannot be written
 */
export async function runLint(deps: CliDeps, given: string | undefined, options: LintOptions): Promise<number> {
  // As `verdict test`: not the shipped rules, which all is well with.
  const place = rulesPlace(deps, given ?? (deps.env.VERDICT_RULES_DIR ? undefined : "rules"));
  const [rules, fixtures] = await Promise.all([deps.readRules(place.dir), deps.testFiles.readFixtures(place.dir)]);
  const result = lintRules({ rules, fixtures, isFixing: options.fix === true });
  for (const { path, before, after } of result.changes)
    await deps.lintFiles.replace(resolve(place.dir, path), before, after);
  const isOk = result.errors === 0 && result.warnings <= (options.maxWarnings ?? Number.POSITIVE_INFINITY);
  deps.stdout(render(deps, result, place, options, isOk));
  return isOk ? EXIT.ok : EXIT.failed;
}

function render(deps: CliDeps, result: RulesLint, place: RulesPlace, { format }: LintOptions, isOk: boolean): string {
  const findings = result.findings.map((finding) => located(finding, place));
  if (format === "json") return printableJson(reportOf({ ...result, findings }, place, isOk), deps.isInteractive);
  if (format === "github") return githubLintReport(findings, summaryOf(result));
  const paint = createPaint(deps.env, deps.isInteractive);
  const problems = formatDiagnostics(
    findings.map((finding) => ({ ...finding, code: finding.id })),
    paint,
  );
  const mended = result.changes.map(({ path }) => `mended ${printable(located({ file: path }, place).file)}\n`);
  const summary = isOk ? paint.good(summaryOf(result)) : paint.bad(summaryOf(result));
  const page = findings.length === 0 ? "" : `${paint.quiet("docs/lint.md says what each means")}\n`;
  return `${mended.join("")}${problems}${summary}\n${page}`;
}

function reportOf({ findings, suppressed, ...result }: RulesLint, place: RulesPlace, isOk: boolean) {
  const { errors, warnings, fixed, files = null } = result;
  const changed = result.changes.map(({ path }) => located({ file: path }, place).file);
  return {
    ok: isOk,
    errors,
    warnings,
    fixed,
    changed,
    files,
    findings: findings.map(shown),
    suppressed: suppressed.map((finding) => ({ ...shown(located(finding, place)), reason: finding.reason })),
  };
}

function shown({ id, severity, message, file, line, column, rule_id, edit }: Finding) {
  const about = rule_id === undefined ? {} : { rule_id };
  return { id, severity, message, file, line, column, ...about, fixable: edit !== undefined, page: pageOf(id) };
}

function summaryOf({ errors, warnings, files, findings, suppressed, fixed }: RulesLint): string {
  const found = errors + warnings === 0 ? "no problems" : `${count(errors, "error")}, ${count(warnings, "warning")}`;
  const fixable = findings.filter(({ edit }) => edit !== undefined).length;
  const notes = [
    ...(fixed > 0 ? [`${fixed} mended`] : []),
    ...(fixable > 0 ? [`${fixable} can be mended with --fix`] : []),
    ...(suppressed.length > 0 ? [`${suppressed.length} suppressed`] : []),
  ];
  const searched = files === undefined ? "" : ` in ${count(files, "file")}`;
  return `${found}${searched}${notes.length === 0 ? "" : `; ${notes.join(", ")}`}`;
}

const count = (number: number, noun: string) => `${number} ${noun}${number === 1 ? "" : "s"}`;
