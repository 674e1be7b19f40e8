import { execFileSync } from "node:child_process";
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { packageRoot } from "../src/package-root.ts";

const { scripts } = JSON.parse(readFileSync(join(packageRoot, "package.json"), "utf8"));

/** A checkout as `git clone` leaves it, and an npm that only notes that it was called. */
function freshClone(): { folder: string; calls: () => string; run: (script: string, ...args: string[]) => void } {
  const folder = mkdtempSync(join(tmpdir(), "verdict-clone-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const name of ["package.json", "package-lock.json", "scripts"]) {
    cpSync(join(packageRoot, name), join(folder, name), { recursive: true });
  }
  const bin = join(folder, "bin");
  mkdirSync(bin);
  writeFileSync(join(bin, "npm"), `#!/bin/sh\nmkdir -p '${folder}/node_modules'\necho "$@" >>'${bin}/calls'\n`);
  chmodSync(join(bin, "npm"), 0o755);
  const env = { PATH: `${bin}${delimiter}${process.env.PATH}` };
  return {
    folder,
    calls: () => (existsSync(join(bin, "calls")) ? readFileSync(join(bin, "calls"), "utf8") : ""),
    run: (script, ...args) =>
      void execFileSync(process.execPath, [join(folder, script), ...args], { cwd: folder, env, stdio: "pipe" }),
  };
}

it("in a fresh clone, the dependencies are installed once before anything is built", () => {
  const { folder, calls, run } = freshClone();
  run("scripts/prepare.mjs", "--dependencies");
  expect(calls()).toMatch(/^ci .*\n$/);
  run("scripts/prepare.mjs", "--dependencies");
  expect(calls()).toMatch(/^ci .*\n$/);
  expect(existsSync(join(folder, "dist", "main.js"))).toBe(false);
});

it.each(["start", "test", "build", "openapi"])("`npm run %s` works in a fresh clone: it prepares it first", (name) => {
  expect(scripts[name]).toBeDefined();
  expect(scripts[`pre${name}`]).toMatch(/^node scripts\/prepare\.mjs( --dependencies)?$/);
});
