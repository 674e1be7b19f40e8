// `npm run bench`: every benchmark, one after the other, or those that are named. What begins with dashes goes to them:
//
//   npm run bench -- peers http
//   npm run bench -- soak --seconds 60
//
// The results are in bench/results/. DATABASE_URL and REDIS_URL name servers where databases and keys may be made; what needs
// one that is not named is skipped with a notice. Ends with 1 when a benchmark failed.
import { spawn } from "node:child_process";
import { startReport } from "./report.mjs";

/** `writes` says that it makes a report of its own; of the others what they print is the report. */
const BENCHMARKS = {
  engine: { claim: "The engine alone: decide, load, reload" },
  http: { claim: "HTTP beside bare node:http, closed loop; memory and start-up" },
  rates: { claim: "HTTP at fixed rates (open loop)", writes: true },
  audit: { claim: "What recording costs", needs: "DATABASE_URL" },
  peers: { claim: "Beside Cerbos, OPA and Cedar", writes: true },
  growth: { claim: "What grows with rules, roles, arguments, approvals and records", writes: true },
  reload: { claim: "Start-up, reload under load, memory", writes: true },
  overload: { claim: "Three times as much as it can do" },
  workers: { claim: "One process and two", needs: "DATABASE_URL" },
  soak: { claim: "Memory and event loop over time", writes: true },
  cel: { claim: "The CEL engine beside two in JavaScript" },
  parsers: { claim: "What a parser adds to a decision" },
  corpora: { claim: "The shipped packs on public corpora" },
  replay: { claim: "Recorded decisions made again" },
  sdk: { claim: "The TypeScript client" },
  "approval-store": { claim: "Approvals in Redis", needs: "REDIS_URL" },
  "audit-memory": { claim: "Memory of an export of millions of records", needs: "DATABASE_URL" },
};

const words = process.argv.slice(2);
const firstOption = words.findIndex((word) => word.startsWith("-"));
const names = words.slice(0, firstOption < 0 ? words.length : firstOption);
const options = words.slice(names.length);
const unknown = names.filter((name) => !Object.hasOwn(BENCHMARKS, name));
if (unknown.length > 0) {
  console.error(`unknown: ${unknown.join(", ")}. There are: ${Object.keys(BENCHMARKS).join(", ")}`);
  process.exit(2);
}

const failed = [];
for (const name of names.length > 0 ? names : Object.keys(BENCHMARKS)) {
  const { claim, needs, writes } = BENCHMARKS[name];
  console.log(`\n== ${name}: ${claim}\n`);
  if (needs !== undefined && process.env[needs] === undefined) console.log(`skipped, because ${needs} is not set`);
  else if (!(await run(name, claim, writes))) failed.push(name);
}
console.log(failed.length === 0 ? "\nresults are in bench/results/" : `\nfailed: ${failed.join(", ")}`);
process.exit(failed.length === 0 ? 0 : 1);

/** @returns whether it ended well */
async function run(name, claim, writes) {
  const report = writes ? undefined : startReport(name, claim);
  const script = new URL(`${name}.mjs`, import.meta.url).pathname;
  const child = spawn(process.execPath, [script, ...options], { stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (chunk) => {
    process.stdout.write(chunk);
    output += chunk;
  });
  const code = await new Promise((resolve) => child.once("close", resolve));
  if (code === 0 && report !== undefined) {
    report.keep(output.trim());
    report.write();
  }
  return code === 0;
}
