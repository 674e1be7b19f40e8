import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { createLintFiles } from "./files.ts";

const { replace } = createLintFiles();
const folders: string[] = [];
let folder: string;
let path: string;

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "verdict-lint-")));
  folders.push(folder);
  path = join(folder, "a.yaml");
  writeFileSync(path, "before\n");
});
afterAll(() => {
  for (const each of folders) rmSync(each, { recursive: true, force: true });
});

describe("replacing a rule file", () => {
  test("keeps its mode and leaves nothing beside it", async () => {
    chmodSync(path, 0o640);
    await replace(path, "before\n", "after\n");
    expect(readFileSync(path, "utf8")).toBe("after\n");
    expect(statSync(path).mode & 0o777).toBe(0o640);
    expect(readdirSync(folder)).toEqual(["a.yaml"]);
  });

  test("keeps the byte order mark that reading took off", async () => {
    writeFileSync(path, "\uFEFFbefore\n");
    await replace(path, "before\n", "after\n");
    expect(readFileSync(path, "utf8")).toBe("\uFEFFafter\n");
  });

  test("writes to where a link leads, and keeps the link", async () => {
    const link = join(folder, "link.yaml");
    symlinkSync(path, link);
    await replace(link, "before\n", "after\n");
    expect(readFileSync(path, "utf8")).toBe("after\n");
    expect(readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isSymbolicLink())).toHaveLength(1);
  });

  test("loses nobody's work: a file that is another by now is left alone", async () => {
    await expect(replace(path, "earlier\n", "after\n")).rejects.toThrow("was changed meanwhile");
    expect(readFileSync(path, "utf8")).toBe("before\n");
  });

  test("a file that is gone is named", async () => {
    await expect(replace(join(folder, "b.yaml"), "", "")).rejects.toThrow(/b\.yaml cannot be written \(ENOENT\)/);
  });
});
