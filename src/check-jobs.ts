import { bundleProblem } from "./http/bundle-files.ts";
import { dryRunText } from "./http/dry-run-answer.ts";
import { type DryRunRequest, readDryRun } from "./http/dry-run-body.ts";
import { readReplay } from "./http/replay-body.ts";
import { AppError } from "./model/errors.ts";
import { CHECK_LIMITS } from "./model/limits.ts";
import { openCandidate, type Replay, type ReplayReport } from "./operations/replay/replay-candidate.ts";
import { loadParsers } from "./operations/rule-sets/load-parsers.ts";
import type {
  ActiveSources,
  CandidateReplay,
  DryRunFormat,
  DryRunResult,
} from "./operations/rule-sets/policy-checker.ts";
import { type RanDryRun, runDryRun } from "./operations/rule-sets/run-dry-run.ts";

/** What a `PolicyChecker` does aside: one dry run or one replay, in steps. Arguments and values are plain data. */
export interface CheckJobs {
  /** @returns whether it is about the rules that are sent with it, and not about the active ones */
  readDryRun(body: Uint8Array): boolean;
  dryRun(job: { readonly format: DryRunFormat; readonly active: ActiveSources | undefined }): Promise<DryRunResult>;
  openReplay(body: Uint8Array): Promise<Pick<CandidateReplay, "revision" | "filters">>;
  replayLines(lines: readonly string[]): void;
  replayReport(): ReplayReport;
}

export function createCheckJobs(): CheckJobs {
  let request: DryRunRequest | undefined;
  let replay: Replay | undefined;
  return {
    readDryRun(body) {
      request = readDryRun(body);
      return request.rules !== undefined;
    },
    async dryRun({ format, active }) {
      await loadParsers(request!.rules ?? active?.sources ?? []);
      const ran = run(request!, active);
      const { revision, cases, failed } = ran;
      const answer = new TextEncoder().encode(dryRunText(ran, format));
      return { revision, cases: cases.length, failed, answer };
    },
    async openReplay(body) {
      const { rules, examples, filters } = readReplay(body);
      await loadParsers(rules);
      const candidate = openCandidate(rules, examples);
      if (!candidate.ok) throw bundleProblem("rules_invalid", { rules }, candidate.diagnostics);
      replay = candidate.replay;
      return { revision: candidate.revision, filters };
    },
    replayLines(lines) {
      for (const line of lines) replay!.line(line);
    },
    replayReport: () => replay!.report(),
  };
}

function run({ rules, fixtures, coverage }: DryRunRequest, active: ActiveSources | undefined): RanDryRun {
  const sources = rules ?? active?.sources;
  if (sources === undefined) throw new AppError("not_ready", "No valid rule set is active; send `rules`.");
  const outcome = runDryRun({ rules: sources, fixtures, coverage });
  if (outcome.status === "too_many_cases") {
    const detail = `There are ${outcome.cases} cases, and a dry run may have ${CHECK_LIMITS.casesMax}. Send them in parts.`;
    throw new AppError("limit_exceeded", detail);
  }
  if (outcome.status === "invalid") {
    const isOfBundle = outcome.what === "fixtures" || rules !== undefined;
    if (!isOfBundle) throw new Error("the active rules do not load any more");
    throw bundleProblem(`${outcome.what}_invalid`, { rules, fixtures }, outcome.diagnostics);
  }
  // INVARIANT: the answer is about the rules that it names.
  if (rules === undefined && outcome.revision !== active?.revision)
    throw new Error(`the active rules ${active?.revision} became ${outcome.revision}`);
  return outcome;
}
