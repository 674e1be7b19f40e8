import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { packageRoot } from "../../src/package-root.ts";
import { temporaryFolder } from "../e2e/temporary-folder.ts";

const SCRIPT = join(packageRoot, "scripts", "set-version.mjs");
const PLACES = [
  "package.json",
  "package-lock.json",
  "src/model/version.ts",
  "openapi/openapi.json",
  "sdks/typescript/package.json",
  "sdks/typescript/package-lock.json",
  "sdks/python/src/verdict_sdk/_version.py",
  "sdks/go/version.go",
  "sdks/go/README.md",
  "sdks/go/generated.sha256",
];

function run(...input: string[]) {
  const { status, stderr } = spawnSync(process.execPath, [SCRIPT, ...input], { encoding: "utf8" });
  return { status, stderr };
}

function copy(): string {
  const folder = temporaryFolder();
  for (const path of PLACES) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    cpSync(join(packageRoot, path), join(folder, path));
  }
  return folder;
}
const readAll = (folder: string) => PLACES.map((path) => readFileSync(join(folder, path), "utf8"));
const { version } = JSON.parse(readFileSync(join(packageRoot, "package.json"), "utf8")) as { version: string };

describe("the version", () => {
  it("is the same wherever it stands", () => {
    expect(run("--check")).toEqual({ status: 0, stderr: "" });
  });

  it("is written wherever it stands, and nothing else is", () => {
    const folder = copy();
    expect(run("12.3.4-rc.5", folder)).toEqual({ status: 0, stderr: "" });
    expect(run("--check", folder)).toEqual({ status: 0, stderr: "" });
    const changed = readAll(folder);
    for (const [index, text] of changed.slice(0, -1).entries()) expect(text, PLACES[index]).toContain("12.3.4-rc.5");
    const lock = JSON.parse(changed[1]!) as { version: string; packages: Record<string, { version: string }> };
    expect([lock.version, lock.packages[""]!.version]).toEqual(["12.3.4-rc.5", "12.3.4-rc.5"]);
    expect(run(version, folder).status).toBe(0);
    expect(readAll(folder)).toEqual(readAll(packageRoot));
  });

  it.each(PLACES.slice(1))("is missed where it is another one: %s", (path) => {
    const folder = copy();
    const file = join(folder, path);
    const text = readFileSync(file, "utf8");
    const sum = text.slice(0, 8);
    writeFileSync(file, path.endsWith(".sha256") ? text.replace(sum, "00000000") : text.replace(version, "9.9.9"));
    const { status, stderr } = run("--check", folder);
    expect([status, stderr]).toEqual([1, expect.stringContaining(path)]);
  });

  it.each(["1.2", "v1.2.3", "01.2.3", "1.2.3-dirty", "1.2.3\n", "--write", ""])("cannot be %j", (wanted) => {
    const folder = copy();
    expect(run(wanted, folder).status).toBe(1);
    expect(readAll(folder)).toEqual(readAll(packageRoot));
  });

  it("is said how to be written", () => {
    expect(() => execFileSync(process.execPath, [SCRIPT], { stdio: "pipe" })).toThrow("X.Y.Z");
  });
});
