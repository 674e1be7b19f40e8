import { assertScope, type Caller } from "../../identity/index.ts";
import { AppError } from "../../model/errors.ts";
import { recordEvent, type Service } from "../service.ts";
import type { DryRunJob, DryRunResult, PolicyChecker } from "./policy-checker.ts";
import { type ReadBody, readBundle } from "./read-bundle.ts";

export interface DryRunCall extends Pick<DryRunJob, "format"> {
  readonly readBody: ReadBody;
}

/** One at a time, so that tests never take more than one processor from decisions. */
const running = new WeakSet<PolicyChecker>();

/**
 * Runs fixtures against the active rules, or against rules that are sent with them. It leaves one event in the log that it was
 * done, and nothing else: nobody is asked, nothing is decided.
 * @param signal calls it off
 * @throws AppError `insufficient_scope`, `too_many_requests`, `audit_unavailable`, and those of `PolicyChecker`
 * @throws what `readBody` throws
 */
export async function dryRun(
  service: Pick<Service, "policyChecker" | "activeRules" | "spool" | "redactor" | "clock" | "newId">,
  caller: Caller,
  { readBody, format }: DryRunCall,
  signal: AbortSignal,
): Promise<DryRunResult> {
  assertScope(caller, "dry-run");
  const { policyChecker, activeRules } = service;
  assertFree(policyChecker);
  const body = await readBundle(policyChecker, readBody);
  // Another one may have been faster.
  assertFree(policyChecker);
  running.add(policyChecker);
  try {
    const revision = activeRules.current()?.revision;
    const active = revision === undefined ? undefined : { revision, sources: activeRules.sources() };
    const result = await policyChecker.dryRun({ body, format, active }, signal);
    const { revision: ranOn, cases, failed } = result;
    await recordEvent(service, "policy.dry_run", caller.keyId, { revision: ranOn, cases, failed });
    return result;
  } finally {
    running.delete(policyChecker);
  }
}

function assertFree(policyChecker: PolicyChecker): void {
  if (!running.has(policyChecker)) return;
  throw new AppError("too_many_requests", "A dry run is under way, and there is one at a time; try again in a moment.");
}
