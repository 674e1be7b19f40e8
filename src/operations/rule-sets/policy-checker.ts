import type { AuditFilters } from "../../audit/index.ts";
import type { ReplayReport } from "../../replay/index.ts";
import type { RuleSource } from "../../rules/index.ts";

/**
 * Runs rules that somebody sends where they cannot slow decisions: in a thread of its own, with bounds on time and memory.
 * What is sent is read there too, since reading megabytes of JSON would hold decisions up as well. Never throws before it
 * returns a promise.
 * @throws AppError from every method: `malformed_json`, `invalid_request`, `rules_invalid`, `limit_exceeded`
 * @throws the signal's reason, once it is aborted
 */
export interface PolicyChecker {
  /** Resolves or rejects when all that it took is given back. @throws AppError `fixtures_invalid`, `not_ready` as well */
  dryRun(job: DryRunJob, signal: AbortSignal): Promise<DryRunResult>;
  /** @param body UTF-8 JSON, as the replay route takes it; given away */
  openReplay(body: Uint8Array<ArrayBuffer>, signal: AbortSignal): Promise<CandidateReplay>;
}

export interface DryRunJob {
  /** UTF-8 JSON, as the dry-run route takes it; given away. */
  readonly body: Uint8Array<ArrayBuffer>;
  readonly format: DryRunFormat;
  /** The rules that decide now, for a body that has none; undefined when there are none. */
  readonly active: ActiveSources | undefined;
}

export interface ActiveSources {
  readonly revision: string;
  readonly sources: readonly RuleSource[];
}

export const DRY_RUN_FORMATS = ["json", "junit"] as const;
export type DryRunFormat = (typeof DRY_RUN_FORMATS)[number];

export interface DryRunResult {
  /** Of the rules that the cases ran on. */
  readonly revision: string;
  readonly cases: number;
  readonly failed: number;
  /** The answer in the format that was asked for, in UTF-8: megabytes of text would take time to be written. */
  readonly answer: Uint8Array<ArrayBuffer>;
}

/** A candidate rule set that decides recorded decisions again. One call at a time. */
export interface CandidateReplay {
  readonly revision: string;
  /** Which decisions the body asks for. */
  readonly filters: Omit<AuditFilters, "kind">;
  /** Resolves when they are decided. @param lines as they are stored */
  add(lines: readonly string[]): Promise<void>;
  /** Of all that was added so far. */
  report(): Promise<ReplayReport>;
  /** Must be called once; may be called twice. */
  close(): Promise<void>;
  /** Resolves when all that it took is given back, however it ended. */
  readonly closed: Promise<void>;
}
