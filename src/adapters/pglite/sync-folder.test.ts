import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import * as fsPromises from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it, vi } from "vitest";
import { syncFolder } from "./sync-folder.ts";

vi.mock("node:fs/promises", async (original) => {
  const real = await original<typeof fsPromises>();
  return { ...real, open: vi.fn(real.open) };
});

const folder = mkdtempSync(join(tmpdir(), "verdict-sync-"));
afterAll(() => rmSync(folder, { recursive: true }));

it("puts every file and folder on the disk, and passes by a file that went meanwhile", async () => {
  mkdirSync(join(folder, "base", "1"), { recursive: true });
  const files = Array.from({ length: 40 }, (_, n) => join(folder, "base", "1", String(n)));
  for (const file of files) writeFileSync(file, "x");
  const open = vi.mocked(fsPromises.open);
  open.mockImplementationOnce(async () => Promise.reject(Object.assign(new Error("gone"), { code: "ENOENT" })));
  await syncFolder(folder);
  expect(open.mock.calls.map(([path]) => path).sort()).toEqual(
    [folder, join(folder, "base"), join(folder, "base", "1"), ...files].sort(),
  );
});

it("fails when the disk does: then nothing may count as safe", async () => {
  await expect(syncFolder(join(folder, "missing"))).rejects.toThrow("ENOENT");
  vi.mocked(fsPromises.open).mockImplementationOnce(async () =>
    Promise.reject(Object.assign(new Error("broken"), { code: "EIO" })),
  );
  await expect(syncFolder(folder)).rejects.toThrow("broken");
});
