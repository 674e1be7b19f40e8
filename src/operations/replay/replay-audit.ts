import type { StoredLine } from "../../audit/index.ts";
import { assertScope, type Caller } from "../../identity/index.ts";
import { AppError } from "../../model/errors.ts";
import { instantText } from "../../model/instant.ts";
import { instantOfUuidv7 } from "../../model/uuid.ts";
import { assertFlushed } from "../audit/export-audit.ts";
import { openScan, type Pages } from "../audit/read-audit.ts";
import type { CandidateReplay, PolicyChecker } from "../rule-sets/policy-checker.ts";
import { type ReadBody, readBundle } from "../rule-sets/read-bundle.ts";
import { recordEvent, type Service } from "../service.ts";
import type { ReplayReport } from "./replay-candidate.ts";

export type { ReplayReport };

/** What a replay tells while it goes on; the report is the last of it. */
export type ReplayStep =
  | { readonly kind: "progress"; readonly progress: ReplayProgress }
  | { readonly kind: "report"; readonly report: ReplayReport };

export interface ReplayProgress extends Pick<ReplayReport, "revision" | "decisions" | "changed"> {
  readonly undecidable: number;
  /** Of the last decision that was made again (RFC 3339); null before the first one. */
  readonly time: string | null;
}

type ReplayService = Pick<
  Service,
  | "policyChecker"
  | "auditStore"
  | "auditPartitions"
  | "flushAudit"
  | "spool"
  | "redactor"
  | "clock"
  | "newId"
  | "logger"
>;

/** One at a time: each reads the whole log. */
const running = new WeakSet<PolicyChecker>();

const PROGRESS_MICROSECONDS = 1_000_000;

/**
 * Makes the decisions in the log again with a candidate rule set. The next records are read when those before are decided and
 * the step before was taken. It leaves one event in the log that it was done, finished or not, and nothing else.
 * @param signal calls it off; must be aborted in the end
 * @returns steps that throw what comes in between: `storage_unavailable`, `limit_exceeded`, `audit_unavailable`
 * @throws AppError `insufficient_scope`, `too_many_requests`, `storage_unavailable` (recorded decisions that do not reach the
 * database too), and those of `PolicyChecker`
 * @throws what `readBody` throws
 */
export async function replayAudit(
  service: ReplayService,
  caller: Caller,
  readBody: ReadBody,
  signal: AbortSignal,
): Promise<AsyncGenerator<ReplayStep, void>> {
  assertScope(caller, "dry-run");
  assertScope(caller, "audit:read");
  const { policyChecker } = service;
  assertFree(policyChecker);
  const body = await readBundle(policyChecker, readBody);
  // Another one may have been faster.
  assertFree(policyChecker);
  running.add(policyChecker);
  const candidate = await policyChecker.openReplay(body, signal).catch((error: unknown) => {
    running.delete(policyChecker);
    throw error;
  });
  void candidate.closed.then(() => running.delete(policyChecker));
  try {
    await assertFlushed(service);
    const pages = await openScan(service, { ...candidate.filters, kind: "decision" });
    return stepsOf(service, caller, candidate, pages);
  } catch (error) {
    await candidate.close();
    throw error;
  }
}

function assertFree(policyChecker: PolicyChecker): void {
  if (!running.has(policyChecker)) return;
  throw new AppError("too_many_requests", "A replay is under way, and there is one at a time; wait for its end.");
}

async function* stepsOf(
  service: ReplayService,
  caller: Caller,
  candidate: CandidateReplay,
  pages: Pages,
): AsyncGenerator<ReplayStep, void> {
  const { clock, logger } = service;
  let report: ReplayReport | undefined;
  let isRecorded = false;
  const record = (isComplete: boolean) => {
    isRecorded = true;
    return recordReplay(service, caller, candidate, report, isComplete);
  };
  try {
    report = await candidate.report();
    yield { kind: "progress", progress: progressOf(report, undefined) };
    let toldAt = clock.microseconds();
    for await (const page of overlapped(candidate, pages)) {
      if (clock.microseconds() - toldAt < PROGRESS_MICROSECONDS) continue;
      report = await candidate.report();
      yield { kind: "progress", progress: progressOf(report, page.at(-1)) };
      toldAt = clock.microseconds();
    }
    report = await candidate.report();
    await record(true);
    yield { kind: "report", report };
  } finally {
    await candidate.close();
    if (!isRecorded) await record(false).catch((error) => logger.error({ err: error }, "a replay was not recorded"));
  }
}

/** The pages, each once it is decided, while the one behind it is read. */
async function* overlapped(candidate: CandidateReplay, pages: Pages): Pages {
  let before: { readonly page: readonly StoredLine[]; readonly decided: Promise<void> } | undefined;
  for await (const page of pages) {
    await before?.decided;
    if (before !== undefined) yield before.page;
    const decided = candidate.add(page.map(({ line }) => line));
    // Whether it fails is seen when it is waited for.
    decided.catch(() => undefined);
    before = { page, decided };
  }
  await before?.decided;
  if (before !== undefined) yield before.page;
}

function progressOf(
  { revision, decisions, changed, undecidable }: ReplayReport,
  last: StoredLine | undefined,
): ReplayProgress {
  const time = last === undefined ? null : instantText(instantOfUuidv7(last.id));
  return { revision, decisions, changed, undecidable: undecidable.count, time };
}

/** @param report of all of it, or of as much as was seen of it */
function recordReplay(
  service: ReplayService,
  { keyId }: Caller,
  { revision, filters: { from, to, ...filters } }: CandidateReplay,
  report: ReplayReport | undefined,
  isComplete: boolean,
): Promise<void> {
  return recordEvent(service, "policy.replay", keyId, {
    revision,
    filters: {
      ...(from !== undefined && { from: instantText(from) }),
      ...(to !== undefined && { to: instantText(to) }),
      ...filters,
    },
    decisions: report?.decisions ?? 0,
    changed: report?.changed ?? 0,
    undecidable: report?.undecidable.count ?? 0,
    is_complete: isComplete,
  });
}
