import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, existsSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { BUILD_HASH_FILE, hashBuildInputs, ROOT } from "./checkout-hashes.mjs";

const SRC = join(ROOT, "src");
const DIST = join(ROOT, "dist");

// Taken before the work, so that what is edited meanwhile is built the next time.
const inputs = hashBuildInputs();
rmSync(BUILD_HASH_FILE, { force: true });
removeStaleOutputs();
run("node_modules/typescript/bin/tsc", "-p", "tsconfig.build.json");
copyAssets();
const cli = join(DIST, "main.js");
if (existsSync(cli)) chmodSync(cli, 0o755);
run("scripts/seed-pglite.mjs");
writeFileSync(BUILD_HASH_FILE, inputs);

/** What is left of a deleted source: a module that must not stay importable, a migration that must not run. */
function removeStaleOutputs() {
  for (const path of filesIn(DIST)) {
    const isStaleModule =
      /\.js(?:\.map)?$/.test(path) && !existsSync(join(SRC, path.replace(/\.js(?:\.map)?$/, ".ts")));
    const isStaleMigration = path.split(sep).includes("migrations") && !existsSync(join(SRC, path));
    if (isStaleModule || isStaleMigration) rmSync(join(DIST, path));
  }
}

/** What the service reads at run time beside its code: migrations, scripts of other languages and the like. */
function copyAssets() {
  for (const path of filesIn(SRC)) if (!/\.(?:ts|md)$/.test(path)) cpSync(join(SRC, path), join(DIST, path));
}

/** Paths relative to `folder`. */
function filesIn(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)));
}

function run(script, ...args) {
  const { status, error } = spawnSync(process.execPath, [join(ROOT, script), ...args], { cwd: ROOT, stdio: "inherit" });
  if (error !== undefined) throw error;
  if (status !== 0) process.exit(status ?? 1);
}
