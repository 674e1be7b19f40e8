// `node scripts/build.mjs [folder]` writes `dist`, or that folder: ECMAScript modules and CommonJS, each with its types.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const FOLDER = dirname(dirname(fileURLToPath(import.meta.url)));
const OUT = process.argv[2] ?? join(FOLDER, "dist");
const { resolve } = createRequire(import.meta.url);

rmSync(OUT, { recursive: true, force: true });
for (const [format, config, type] of [
  ["esm", "tsconfig.json", "module"],
  ["cjs", "tsconfig.cjs.json", "commonjs"],
]) {
  compile(config, join(OUT, format));
  mkdirSync(join(OUT, format), { recursive: true });
  writeFileSync(join(OUT, format, "package.json"), `${JSON.stringify({ type })}\n`);
}

/** With this folder's compiler, or else with the service's. Without LangChain installed, what extends it is left out. */
function compile(config, outDir) {
  const tsc = join(dirname(find("typescript7/package.json") ?? resolve("typescript/package.json")), "bin", "tsc");
  const hasLangchain = find("langchain/package.json") !== undefined;
  if (!hasLangchain) console.log(`${config}: without ./langchain, since LangChain is not installed here (\`npm ci\`)`);
  const folder = mkdtempSync(join(tmpdir(), "verdict-sdk-"));
  const project = join(folder, "tsconfig.json");
  const exclude = hasLangchain ? [] : [join(FOLDER, "src", "langchain.ts")];
  writeFileSync(project, JSON.stringify({ extends: join(FOLDER, config), compilerOptions: { outDir }, exclude }));
  const { status } = spawnSync(process.execPath, [tsc, "-p", project], { stdio: "inherit" });
  rmSync(folder, { recursive: true });
  if (status !== 0) process.exit(status ?? 1);
}

function find(specifier) {
  try {
    return resolve(specifier);
  } catch {
    return undefined;
  }
}
