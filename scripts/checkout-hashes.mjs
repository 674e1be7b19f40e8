import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
export const LOCK_HASH_FILE = join(ROOT, "node_modules", ".verdict-lock-hash");
export const BUILD_HASH_FILE = join(ROOT, "dist", ".build-hash");

const BUILD_INPUTS = [
  "package.json",
  "tsconfig.json",
  "tsconfig.build.json",
  "scripts/build.mjs",
  "scripts/seed-pglite.mjs",
];

/** The platform is part of it: some packages come as one binary per platform. */
export function hashLockFile() {
  return hashFiles([join(ROOT, "package-lock.json")], `${process.platform} ${process.arch}`);
}

/** Everything that `dist` is made of. */
export function hashBuildInputs() {
  const sources = readdirSync(join(ROOT, "src"), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && isBuildInput(entry.name))
    .map((entry) => join(entry.parentPath, entry.name));
  return hashFiles([...BUILD_INPUTS.map((path) => join(ROOT, path)), ...sources].sort(), hashLockFile());
}

/** Undefined when there is none. */
export function readHash(path) {
  return readIfPresent(path)?.toString();
}

function isBuildInput(name) {
  return !name.endsWith(".test.ts") && !name.endsWith(".md");
}

function hashFiles(paths, seed) {
  const hash = createHash("sha256").update(seed);
  for (const path of paths) {
    const content = readIfPresent(path);
    hash.update(`\0${relative(ROOT, path)}\0${content?.length ?? "absent"}\0`);
    if (content !== undefined) hash.update(content);
  }
  return hash.digest("hex");
}

function readIfPresent(path) {
  try {
    return readFileSync(path);
  } catch (error) {
    if (error.code === "ENOENT") return undefined;
    throw error;
  }
}
