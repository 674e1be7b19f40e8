// Plants faults in rules, one at a time, and prints how many of them their fixtures notice, and which they do not.
// `npm run build` first, then `node scripts/mutation-check.mjs [dir]`. Exit 1 when fewer than 95 of 100 are noticed.
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { createCelCompiler, loadParsersFor } from "../dist/cel/index.js";
import { checkMutants, readFixtureFile, runCases } from "../dist/fixtures/index.js";
import { createRuleLoader } from "../dist/rules/index.js";
import { ROOT } from "./checkout-hashes.mjs";

const PERCENT_MIN = 95;

const dir = resolve(process.argv[2] ?? join(ROOT, "rules"));
const files = readdirSync(dir)
  .filter((path) => path.endsWith(".yaml"))
  .map((path) => ({ path, content: readFileSync(join(dir, path), "utf8") }));
const isFixtures = ({ path }) => path.endsWith(".test.yaml");
const sources = files.filter((file) => !isFixtures(file));

await loadParsersFor(sources.map(({ content }) => content));
const loaded = createRuleLoader({ compiler: createCelCompiler() }).load(sources);
if (!loaded.ok) fail(loaded.diagnostics);
const read = files.filter(isFixtures).map(readFixtureFile);
fail(read.flatMap(({ diagnostics }) => diagnostics));
const results = read.flatMap(({ file }) => runCases(loaded.ruleSet, file));
if (results.some(({ differences }) => differences.length > 0)) {
  console.error("some fixtures do not hold for the rules as they are; `verdict test` says which");
  process.exit(1);
}

const startedAt = performance.now();
const cases = results.map((result) => result.case);
const { covered, total, percent, survivors } = checkMutants({ ruleSet: loaded.ruleSet, sources, cases });
const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
for (const { id, position, operator, before, after } of survivors) {
  console.log(`${position.file}:${position.line}:${position.column}  ${id}  ${operator}`);
  console.log(`    ${short(before)}${after === "" ? "" : `  =>  ${short(after)}`}`);
}
console.log(`${covered} of ${total} planted faults were noticed by ${cases.length} cases: ${percent}% (${seconds} s)`);
process.exit(percent >= PERCENT_MIN ? 0 : 1);

function short(text) {
  return text.length > 120 ? `${text.slice(0, 117)}...` : text;
}

function fail(diagnostics) {
  if (diagnostics.length === 0) return;
  for (const { file, line, column, message } of diagnostics) console.error(`${file}:${line}:${column}: ${message}`);
  process.exit(1);
}
