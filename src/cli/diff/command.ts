import { diffRules, type RulesDiff } from "../../operations/rule-sets/diff-rules.ts";
import type { CliDeps } from "../deps.ts";
import { EXIT } from "../exit-codes.ts";
import { createPaint } from "../paint.ts";
import { printableJson } from "../printable.ts";
import { rulesPlace } from "../rules/diagnostics-text.ts";
import { loadRules } from "../rules/load-rules.ts";
import { formatDiff, printableLines } from "./report-text.ts";

export interface DiffOptions {
  /** Requests to try. */
  readonly budget: number;
  readonly format: "pretty" | "json" | "yaml";
  readonly exitCode?: boolean;
}

/**
 * Compares the rules of two directories.
 * @returns 6 with `--exit-code` when a request is decided differently
 * @throws CliError when the rules of either have errors
 */
export async function runDiff(
  deps: CliDeps,
  [before, after]: readonly [string, string],
  { budget, format, exitCode }: DiffOptions,
): Promise<number> {
  const places = [rulesPlace(deps, before), rulesPlace(deps, after)];
  const [old, now] = await Promise.all(
    places.map((place) =>
      loadRules(deps, place, `the rules in \`${place.shown}\` have errors, so nothing was compared`),
    ),
  );
  const fixtures = (await Promise.all(places.map(({ dir }) => deps.testFiles.readFixtures(dir)))).flatMap((read) =>
    read.ok ? read.sources : [],
  );
  const diff = diffRules({ before: old!, after: now!, fixtures, triesMax: budget });
  deps.stdout(shown(deps, diff, format));
  const isDifferent = diff.differences.some(({ kind }) => kind === "decision");
  return isDifferent && exitCode === true ? EXIT.different : EXIT.ok;
}

function shown({ env, isInteractive }: CliDeps, diff: RulesDiff, format: DiffOptions["format"]): string {
  if (format === "yaml") return isInteractive ? printableLines(diff.fixture) : diff.fixture;
  return format === "json" ? printableJson(diff, isInteractive) : formatDiff(diff, createPaint(env, isInteractive));
}
