// Gives the parsers of commands and SQL texts that nobody would write, for as long as is asked:
//
//   npm run build && node scripts/fuzz-parsers.mjs --seconds 300 [--only sql]
//
// Nothing may be thrown, no text may take more than 50 ms, and `ok` must be what the reference says (PostgreSQL itself, which
// PGlite brings along; bash where it is installed). Starts from `../shared/corpora` where it is there. Prints how many texts
// there were; ends with 1 and the smallest text it can find when something is wrong.
import { parseArgs } from "node:util";
import fc from "fast-check";
import { createShellFuzz } from "./fuzz-shell.mjs";
import { createSqlFuzz } from "./fuzz-sql.mjs";

const MS_MAX = 50;
/** A slow call is tried again: the machine may have been at something else. */
const TRIES = 5;

const CREATE = { shell: createShellFuzz, sql: createSqlFuzz };

const { values } = parseArgs({ options: { seconds: { type: "string", default: "60" }, only: { type: "string" } } });
const names = Object.keys(CREATE).filter((name) => values.only === undefined || name === values.only);
if (!/^[1-9]\d{0,5}$/.test(values.seconds) || names.length === 0)
  throw new TypeError("expected --seconds N and --only NAME");

function timed(analyze, text) {
  const from = performance.now();
  const value = analyze(text);
  return { value, ms: performance.now() - from };
}

async function fuzz({ name, texts, analyze, problem, close }, seconds) {
  const counts = { texts: 0, ok: 0, slowestMs: 0 };
  const property = fc.asyncProperty(texts, async (text) => {
    let { value, ms } = timed(analyze, text);
    for (let tries = 1; ms > MS_MAX && tries < TRIES; tries++) ms = Math.min(ms, timed(analyze, text).ms);
    counts.texts += 1;
    counts.ok += value.ok ? 1 : 0;
    counts.slowestMs = Math.max(counts.slowestMs, ms);
    if (ms > MS_MAX) throw new Error(`takes ${ms.toFixed(0)} ms`);
    const wrong = await problem(text, value);
    if (wrong !== undefined) throw new Error(wrong);
  });
  const bounds = { interruptAfterTimeLimit: seconds * 1000, markInterruptAsFailure: false };
  const result = await fc.check(property, { ...bounds, numRuns: 1_000_000_000 });
  await close();
  const share = ((100 * counts.ok) / counts.texts).toFixed(0);
  console.log(`${name}: ${counts.texts} texts, ${share}% ok, slowest ${counts.slowestMs.toFixed(1)} ms`);
  if (result.failed) {
    console.log(`${name}: seed ${result.seed}, path ${result.counterexamplePath}`);
    console.log(JSON.stringify(result.counterexample?.[0]));
    console.log(String(result.errorInstance?.stack ?? result.errorInstance));
  }
  return !result.failed;
}

let isGood = true;
for (const name of names) isGood = (await fuzz(await CREATE[name](), Number(values.seconds) / names.length)) && isGood;
process.exit(isGood ? 0 : 1);
