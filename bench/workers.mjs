// One and several workers on one address: `npm run build` first, then `DATABASE_URL=... node bench/workers.mjs` (it makes
// databases of its own). How many decisions a second, and what they cost, while the load generator shares the machine: with
// the records moved to PostgreSQL, which takes as much of a core as a worker, and while it is away; and with requests of sixteen
// decisions, so that the generator leaves nearly all of a second core.
import { availableParallelism } from "node:os";
import autocannon from "autocannon";
import { BODIES } from "./http-load.mjs";
import { cpuOf, makeDatabase, startDatabaseGate, startVerdict } from "./processes.mjs";
import { sourcesOf } from "./rule-set.mjs";
import { processesOf } from "./worker-processes.mjs";

const RULES = 1000;
const CONNECTIONS = 64;
const BATCH = 16;
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 5);
const SECONDS = Number(process.env.BENCH_SECONDS ?? 4);
const WORKERS = (process.env.BENCH_WORKERS ?? "1,2").split(",");

const { DATABASE_URL, REDIS_URL } = process.env;
if (DATABASE_URL === undefined) throw new Error("workers need server mode: set DATABASE_URL");

async function ready(server, workers) {
  const count = async () =>
    (await (await fetch(`${server.url}/metrics`)).text()).match(/^verdict_rules(\{| )/gm)?.length ?? 0;
  while ((await count()) < workers) await new Promise((resolve) => setTimeout(resolve, 50));
}

/** Path and body of each request. */
function bodiesOf(size) {
  if (size === 1) return BODIES.map((body) => ["/v1/policy/evaluate", body]);
  return Array.from({ length: BODIES.length / size }, (_, nth) => [
    "/v1/policy/evaluate/batch",
    `{"requests":[${BODIES.slice(nth * size, (nth + 1) * size).join()}]}`,
  ]);
}

/** @param size decisions in a request */
async function loadOnce(server, size) {
  const headers = { "content-type": "application/json", ...server.headers };
  const requests = bodiesOf(size).map(([path, body]) => ({ method: "POST", path, headers, body }));
  const pids = processesOf(server.pid);
  const before = pids.map(cpuOf);
  const own = process.cpuUsage();
  const from = performance.now();
  const result = await autocannon({ url: server.url, connections: CONNECTIONS, duration: SECONDS, requests });
  const us = (performance.now() - from) * 1000;
  const { user, system } = process.cpuUsage(own);
  const cpu = pids.map((pid, nth) => cpuOf(pid) - before[nth]);
  const total = cpu.reduce((sum, each) => sum + each, 0);
  return {
    perSecond: result.requests.average * size,
    cpuUs: total / result.requests.total / size,
    cores: total / us,
    first: cpu[0] / us,
    generator: (user + system) / us,
    p50: result.latency.p50,
    p99: result.latency.p99,
    refused: result.non2xx + result.errors,
  };
}

/** One start, warmed up and measured. @returns a line of the table */
async function measure(workers, isAway, size) {
  const database = await makeDatabase(DATABASE_URL);
  const gate = await startDatabaseGate(database.url);
  const env = {
    ...(REDIS_URL && { REDIS_URL }),
    ...{ DATABASE_URL: isAway ? gate.url : database.url, VERDICT_WORKERS: workers },
    ...{ VERDICT_AUDIT_SPOOL_BYTES_MAX: "64GiB", VERDICT_SHUTDOWN_TIMEOUT_MS: "1000" },
  };
  const server = await startVerdict({ sources: sourcesOf(RULES, 1), env });
  await ready(server, Number(workers));
  gate.shut();
  await loadOnce(server, size);
  const one = await loadOnce(server, size);
  await server.stop();
  server.remove();
  await database.drop();
  const cores = `${one.cores.toFixed(2)} (${one.first.toFixed(2)}), ${one.generator.toFixed(2)}`;
  return `${one.perSecond.toFixed(0)} | ${one.cpuUs.toFixed(0)} | ${cores} | ${one.p50} / ${one.p99} ms | ${one.refused}`;
}

console.log(
  `Workers, ${RULES} rules, ${CONNECTIONS} connections, ${availableParallelism()} cores, Node ${process.version}`,
);
console.log("Every round is shown; the load generator and PostgreSQL share the cores.\n");
console.log(
  "| database | decisions in a request | workers | decisions/s | us CPU each | cores: service (of it the first process), generator | p50 / p99 | refused |",
);
console.log("|---|---|---|---|---|---|---|---|");
for (const [place, isAway, size] of [
  ["there", false, 1],
  ["away", true, 1],
  ["away", true, BATCH],
]) {
  for (let round = 0; round < ROUNDS; round++) {
    for (const workers of WORKERS)
      console.log(`| ${place} | ${size} | ${workers} | ${await measure(workers, isAway, size)} |`);
  }
}
