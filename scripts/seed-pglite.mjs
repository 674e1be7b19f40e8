// Makes the image that a new embedded database is unpacked from. Runs after the compiler, as part of the build.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const IMAGE = join(ROOT, "dist", "adapters", "pglite", "seed.tar.gz");
const INPUTS_FILE = `${IMAGE}.inputs`;

const inputs = hashInputs();
if (!existsSync(IMAGE) || !existsSync(INPUTS_FILE) || readFileSync(INPUTS_FILE, "utf8") !== inputs) {
  const { writeSeedImage } = await import("../dist/adapters/pglite/seed-image.js");
  await writeSeedImage(IMAGE);
  writeFileSync(INPUTS_FILE, inputs);
}

/** An image takes seconds to make and depends on little: PGlite's version, its settings and the migrations. */
function hashInputs() {
  const migrations = join(ROOT, "dist", "adapters", "postgres", "migrations");
  const files = readdirSync(migrations, { recursive: true })
    .filter((name) => String(name).endsWith(".sql"))
    .sort();
  const hash = createHash("sha256");
  for (const path of [
    ...files.map((name) => join(migrations, String(name))),
    join(ROOT, "dist", "adapters", "pglite", "pglite-client.js"),
    join(ROOT, "dist", "adapters", "pglite", "seed-image.js"),
    join(ROOT, "node_modules", "@electric-sql", "pglite", "package.json"),
  ]) {
    hash.update(readFileSync(path));
  }
  return hash.digest("hex");
}
