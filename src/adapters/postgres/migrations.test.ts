import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

it("the migrations give the schema: drizzle-kit finds nothing to add", () => {
  const copy = mkdtempSync(join(ROOT, "node_modules", ".drift-"));
  try {
    cpSync(join(ROOT, "src/adapters/postgres/migrations"), copy, { recursive: true });
    const before = readdirSync(copy, { recursive: true }).sort();
    const options = [
      "--dialect=postgresql",
      "--schema=./src/adapters/postgres/schema.ts",
      `--out=${relative(ROOT, copy)}`,
    ];
    execFileSync(process.execPath, ["node_modules/drizzle-kit/bin.cjs", "generate", ...options], {
      cwd: ROOT,
      stdio: "pipe",
    });
    expect(readdirSync(copy, { recursive: true }).sort()).toEqual(before);
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
});
