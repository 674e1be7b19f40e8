import { expect } from "vitest";
import type { Ledger } from "./audit-ledger.ts";
import type { LogProof } from "./audit-proof.ts";

/** Nothing that was answered is missing, doubled or changed, and the chain of the one writer is without a fault. */
export function expectWholeLog(proof: LogProof, ledger: Ledger): void {
  expect(ledger.repeated).toEqual([]);
  expect(proof.missing).toEqual([]);
  expect(proof.duplicated).toEqual([]);
  expect(proof.different).toEqual([]);
  expect(proof.unexpected).toEqual([]);
  expect(proof.keysMissing).toEqual([]);
  expect(proof.notReproduced).toEqual([]);
  expect(proof.found).toBe(ledger.decisions.size);
  for (const report of [proof.offline, proof.online]) {
    expect(report.first_error).toBeUndefined();
    expect(report).toMatchObject({ valid: true, errors: 0, unsigned: 0 });
    expect(report.writers).toHaveLength(1);
    const [writer] = report.writers;
    expect(writer).toMatchObject({ first_seq: 1, records: report.records, last_seq: report.records });
    expect(writer!.checkpoints).toBeGreaterThan(0);
    // What is not signed is what came behind the last signature, and nothing else.
    expect(writer!.uncovered).toBe(writer!.last_seq - writer!.checkpointed_seq);
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
