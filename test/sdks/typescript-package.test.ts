import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { packageRoot } from "../../src/package-root.ts";

const SDK = join(packageRoot, "sdks", "typescript");
const isInstalled = existsSync(join(SDK, "node_modules", "openapi-typescript"));
if (!isInstalled)
  console.log("skipped: the TypeScript package, its generated types and its frameworks (`npm ci` in sdks/typescript)");

const readManifest = (folder: string) =>
  JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { version: string };

describe("the TypeScript package", () => {
  it("has the service's version", () => {
    expect(readManifest(SDK).version).toBe(readManifest(packageRoot).version);
  });

  // What it needs is 270 MB, most of it the frameworks: a developer's machine may lack it, and CI may not.
  it.skipIf(!isInstalled && process.env.CI !== "true")(
    "passes its own tests: generated types, frameworks, publint and attw",
    { timeout: 180_000 },
    async () => {
      // A failure has the output in its message.
      await expect(promisify(execFile)("npm", ["test"], { cwd: SDK, timeout: 170_000 })).resolves.toBeDefined();
    },
  );
});
