// `npm run check`: everything that CI checks besides the tests.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { prepareDependencies } from "./checkout.mjs";
import { ROOT } from "./checkout-hashes.mjs";

const CHECKS = [
  { name: "types", script: "node_modules/typescript/bin/tsc", args: ["-p", "tsconfig.json"] },
  {
    name: "lint, format and import rules",
    script: "node_modules/@biomejs/biome/bin/biome",
    args: ["check", "--error-on-warnings"],
  },
  {
    name: "dead code and dependencies",
    script: "node_modules/knip/bin/knip.js",
    args: ["--treat-config-hints-as-errors"],
  },
];

await prepareDependencies();
const failed = CHECKS.filter(({ name, script, args }) => {
  console.log(`\n== ${name}`);
  const { status, error } = spawnSync(process.execPath, [join(ROOT, script), ...args], { cwd: ROOT, stdio: "inherit" });
  if (error !== undefined) console.error(error.message);
  return status !== 0;
});
console.log(failed.length === 0 ? "\nall checks passed" : `\nfailed: ${failed.map(({ name }) => name).join("; ")}`);
process.exit(failed.length === 0 ? 0 : 1);
