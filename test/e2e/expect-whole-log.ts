import { expect } from "vitest";
import type { VerifyReport } from "../../src/audit/index.ts";
import type { Ledger } from "./audit-ledger.ts";
import type { LogProof } from "./audit-proof.ts";

/** Nothing that was answered is missing, doubled or changed, and each writer has one chain without a fault. */
export function expectWholeLog(proof: LogProof, ledger: Ledger, writers = 1): void {
  expect(ledger.repeated).toEqual([]);
  expect(proof.missing).toEqual([]);
  expect(proof.duplicated).toEqual([]);
  expect(proof.different).toEqual([]);
  expect(proof.unexpected).toEqual([]);
  expect(proof.keysMissing).toEqual([]);
  expect(proof.notReproduced).toEqual([]);
  expect(proof.found).toBe(ledger.decisions.size);
  for (const report of [proof.offline, proof.online]) expectUnbroken(report, writers);
}

function expectUnbroken(report: VerifyReport, writers: number): void {
  expect(report.first_error).toBeUndefined();
  expect(report).toMatchObject({ valid: true, errors: 0, unsigned: 0 });
  expect(report.writers).toHaveLength(writers);
  for (const { first_seq, last_seq, records, checkpoints, checkpointed_seq, uncovered } of report.writers) {
    expect([first_seq, last_seq]).toEqual([1, records]);
    expect(checkpoints).toBeGreaterThan(0);
    // What is not signed is what came behind the last signature, and nothing else.
    expect(uncovered).toBe(last_seq - checkpointed_seq);
  }
}

/** For a person, after many rounds. */
export function describeProof(proof: LogProof, ledger: Ledger): string {
  const { offline } = proof;
  return [
    `answered ${ledger.decisions.size} (and ${ledger.keys.size} keys), refused ${ledger.refused.length}`,
    `found ${proof.found}, missing ${proof.missing.length}, duplicated ${proof.duplicated.length}`,
    `different ${proof.different.length}, recorded but never answered ${proof.unanswered}`,
    `denied as not recorded ${ledger.unrecorded.size}, of these in the log ${proof.unexpected.length}`,
    `verified ${offline.records} records, ${offline.checkpoints} checkpoints, ${offline.errors} errors, ` +
      `${offline.records_after_checkpoints} behind the last checkpoint`,
    `reproduced ${proof.reproduced}, not reproduced ${proof.notReproduced.length}, redacted ${proof.redacted}`,
  ].join("\n");
}
