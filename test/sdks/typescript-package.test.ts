import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, it } from "vitest";
import { packageRoot } from "../../src/package-root.ts";

const SDK = join(packageRoot, "sdks", "typescript");
const TIMEOUT_MS = 240_000;
// A failure has the output in its message.
const npm = (...args: string[]) => promisify(execFile)("npm", args, { cwd: SDK, timeout: TIMEOUT_MS });

describe("the TypeScript package", () => {
  it("passes its own tests: generated types, frameworks, publint and attw", { timeout: TIMEOUT_MS }, async ({
    skip,
  }) => {
    // 270 MB, most of it the frameworks: CI installs them, a developer's machine may do without.
    if (!existsSync(join(SDK, "node_modules", ".package-lock.json"))) {
      const why = "skipped: the TypeScript package's own tests; `npm ci` in sdks/typescript installs what they need";
      if (process.env.CI !== "true") {
        console.warn(why);
        return skip(why);
      }
      // `ai` asks for Node.js 22, and works on 20.
      await npm("ci", "--ignore-scripts", "--engine-strict=false");
    }
    await npm("test");
  });
});
