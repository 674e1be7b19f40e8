import { describe, expect, test } from "vitest";
import { fakeExport, fakeKeys, fakeLog } from "../../test/fake-audit-log.ts";
import { createExportVerifier, type ExportReport } from "./export-verifier.ts";
import type { VerifyingKey } from "./signing.ts";

const { signer, key } = fakeKeys();
const { lines } = fakeLog(signer, { records: 60, writers: 3, checkpointEvery: 5 });

function verify(file: Uint8Array, keys: readonly VerifyingKey[] = [key], chunkBytes = file.length): ExportReport {
  const verifier = createExportVerifier({ keys });
  for (let at = 0; at < file.length; at += chunkBytes) verifier.write(file.subarray(at, at + chunkBytes));
  return verifier.end();
}

describe("an export as it was written", () => {
  test("is valid, wherever its bytes are cut into chunks", () => {
    const file = fakeExport(signer, lines);
    const report = verify(file);
    expect(report).toMatchObject({ valid: true, records: 60, errors: 0, records_after_checkpoints: 0, unsigned: 0 });
    expect(report.export).toEqual({
      exported_at: "2026-02-01T00:00:00.000Z",
      filters: {},
      records: 60,
      key_id: signer.keyId,
    });
    for (const bytes of [1, 7, 1000]) expect(verify(file, [key], bytes)).toEqual(report);
  });
});
