// Memory of the service while a large audit log is exported, and while its database is away:
//
//   npm run build && DATABASE_URL=... node bench/audit-memory.mjs [--records 5000000] [--seconds 60]
//
// Makes databases of its own on the server that DATABASE_URL names; five million records take 7 GB there. The export goes
// straight into `verdict audit verify -`. Prints the resident memory, sampled each second, and ends with 1 when the export
// is not valid or the memory grew by more than 50 MB.
import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { parseArgs } from "node:util";
import autocannon from "autocannon";
import { fillAuditLog } from "./audit-log-fill.mjs";
import { median, thirdsOf } from "./percentiles.mjs";
import { cpuOf, makeDatabase, PATIENT, rssOf, spooledBy, startDatabaseGate, startVerdict } from "./processes.mjs";
import { requestOf, sourcesOf } from "./rule-set.mjs";

const GROWTH_MB_MAX = 50;
const WARM_UP_RECORDS = 200_000;
const CONNECTIONS = 32;
const ROOT = new URL("..", import.meta.url).pathname;

const { values } = parseArgs({
  options: { records: { type: "string", default: "5000000" }, seconds: { type: "string", default: "60" } },
});
const [records, seconds] = [Number(values.records), Number(values.seconds)];
const { DATABASE_URL } = process.env;
if (DATABASE_URL === undefined) throw new TypeError("DATABASE_URL: name a PostgreSQL where databases may be made");
const sources = sourcesOf(100, 1);

/** Samples each second while `work` runs. */
async function sampled(pid, work) {
  const samples = [rssOf(pid)];
  const timer = setInterval(() => samples.push(rssOf(pid)), 1000);
  try {
    return { result: await work(), samples };
  } finally {
    clearInterval(timer);
  }
}

function describe(samples) {
  const sorted = [...samples].sort((a, b) => a - b);
  const [min, middle, max] = [sorted[0], median(samples), sorted.at(-1)].map((mb) => mb.toFixed(0));
  const thirds = thirdsOf(samples).map((mb) => mb.toFixed(0));
  return (
    `start ${samples[0].toFixed(0)}, min ${min}, median ${middle}, max ${max} MB; ` +
    `median of each third ${thirds.join(", ")} MB (${samples.length} samples)`
  );
}

async function exportInto({ url, keys }, filter, target) {
  const response = await fetch(`${url}/v1/audit/export${filter}`, {
    headers: { authorization: `Bearer ${keys.admin}` },
  });
  if (!response.ok) throw new Error(`the export was refused: ${response.status}`);
  await pipeline(Readable.fromWeb(response.body), target);
}

/** The verifier as an auditor runs it. */
function startVerifier(dataDir) {
  const folder = join(dataDir, "audit-keys");
  const publicKey = join(
    folder,
    readdirSync(folder).find((name) => name.endsWith(".pub.pem")),
  );
  const child = spawn(
    process.execPath,
    [join(ROOT, "dist/main.js"), "audit", "verify", "-", "--public-key", publicKey, "--json"],
    { stdio: ["pipe", "pipe", "inherit"] },
  );
  let output = "";
  child.stdout.on("data", (chunk) => {
    output += chunk;
  });
  let cpuUs = 0;
  const timer = setInterval(() => {
    cpuUs = cpuOf(child.pid);
  }, 100);
  const report = new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => {
      clearInterval(timer);
      resolve({ code, output, cpuUs });
    });
  });
  return { stdin: child.stdin, report };
}

async function measureExport() {
  const database = await makeDatabase(DATABASE_URL);
  const env = { DATABASE_URL: database.url };
  const first = await startVerdict({ sources, env });
  await first.stop();
  const dataDir = join(first.directory, "data");
  await fillAuditLog({ databaseUrl: database.url, dataDir, records });
  const service = await startVerdict({ sources, env, directory: first.directory });
  // The first pages make the heap as large as an export needs.
  const warmUp = new Date(Date.now() - records + Math.min(WARM_UP_RECORDS, records / 10)).toISOString();
  await exportInto(service, `?to=${warmUp}`, discard());

  const verifier = startVerifier(dataDir);
  const startedAt = performance.now();
  const { result, samples } = await sampled(service.pid, async () => {
    await exportInto(service, "", verifier.stdin);
    return verifier.report;
  });
  const elapsed = (performance.now() - startedAt) / 1000;
  const report = JSON.parse(result.output);
  const growth = Math.max(...samples) - samples[0];
  console.log(`export of ${records} records: RSS ${describe(samples)}, grew by ${growth.toFixed(0)} MB`);
  console.log(`  ${elapsed.toFixed(0)} s, ${(records / elapsed).toFixed(0)} records/s from database to verifier`);
  console.log(`  verifier: ${(records / (result.cpuUs / 1e6)).toFixed(0)} records a second of its CPU time`);
  console.log(`  verifier's report: ${JSON.stringify({ exit: result.code, ...report, writers: undefined })}`);
  await service.stop();
  service.remove();
  await database.drop();
  return result.code === 0 && growth <= GROWTH_MB_MAX;
}

const discard = () => async (source) => {
  for await (const _ of source);
};

async function measureDatabaseAway() {
  const database = await makeDatabase(DATABASE_URL);
  const gate = await startDatabaseGate(database.url);
  const env = { DATABASE_URL: gate.url, ...PATIENT };
  const service = await startVerdict({ sources, env });
  const requests = Array.from({ length: 64 }, (_, n) => ({
    method: "POST",
    path: "/v1/policy/evaluate",
    headers: { "content-type": "application/json", ...service.headers },
    body: JSON.stringify(requestOf(n * 15)),
  }));
  const load = (duration) => autocannon({ url: service.url, connections: CONNECTIONS, duration, requests });
  await load(5);
  gate.shut();
  const { result, samples } = await sampled(service.pid, () => load(seconds));
  const [first, , last] = thirdsOf(samples);
  const growth = last - first;
  console.log(`database away for ${seconds} s: RSS ${describe(samples)}, grew by ${growth.toFixed(0)} MB`);
  console.log(
    `  ${result.requests.average.toFixed(0)} decisions/s, ${result.non2xx + result.errors} refused, ` +
      `${await spooledBy(service)} records in the spool`,
  );
  await service.stop();
  service.remove();
  await database.drop();
  return result.non2xx + result.errors === 0 && growth <= GROWTH_MB_MAX;
}

const isFlat = [await measureDatabaseAway(), await measureExport()];
process.exit(isFlat.every(Boolean) ? 0 : 1);
