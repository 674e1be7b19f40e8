import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { openFileSpool } from "../../src/adapters/fs/spool.ts";
import { CHAIN, describeSpool } from "./spool.ts";

const folder = mkdtempSync(join(tmpdir(), "verdict-spool-"));
afterAll(() => rmSync(folder, { recursive: true }));
let count = 0;

describeSpool("files", async ({ bytesMax = 1024 ** 3 }) => {
  count += 1;
  return openFileSpool({ directory: join(folder, String(count)), ...CHAIN, bytesMax });
});
describeSpool("files, with segments of a few records", async ({ bytesMax = 1024 ** 3 }) => {
  count += 1;
  return openFileSpool({ directory: join(folder, String(count)), ...CHAIN, bytesMax, segmentBytes: 3000 });
});
