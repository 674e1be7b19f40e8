// One and several workers on one address: `npm run build` first, then `DATABASE_URL=... node bench/workers.mjs` (it makes a
// database of its own). How many decisions a second, and what they cost, while the load generator shares the machine.
import { availableParallelism } from "node:os";
import autocannon from "autocannon";
import { BODIES } from "./http-load.mjs";
import { cpuOf, makeDatabase, startVerdict } from "./processes.mjs";
import { sourcesOf } from "./rule-set.mjs";
import { processesOf } from "./worker-processes.mjs";

const RULES = 1000;
const CONNECTIONS = 64;
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

async function loadOnce(server) {
  const headers = { "content-type": "application/json", ...server.headers };
  const requests = BODIES.map((body) => ({ method: "POST", path: "/v1/policy/evaluate", headers, body }));
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
    perSecond: result.requests.average,
    cpuUs: total / result.requests.total,
    cores: total / us,
    first: cpu[0] / us,
    generator: (user + system) / us,
    p50: result.latency.p50,
    p99: result.latency.p99,
    refused: result.non2xx + result.errors,
  };
}

const database = await makeDatabase(DATABASE_URL);
let directory;
let remove;

console.log(
  `Workers, ${RULES} rules, ${CONNECTIONS} connections, ${availableParallelism()} cores, Node ${process.version}`,
);
console.log("Every round is shown; the load generator and PostgreSQL share the cores.\n");
console.log(
  "| workers | decisions/s | us CPU each | cores: service (of it the first process), generator | p50 / p99 | refused |",
);
console.log("|---|---|---|---|---|---|");
for (let round = 0; round < ROUNDS; round++) {
  for (const workers of WORKERS) {
    const env = { DATABASE_URL: database.url, ...(REDIS_URL && { REDIS_URL }), VERDICT_WORKERS: workers };
    const server = await startVerdict({ sources: sourcesOf(RULES, 1), env, directory });
    ({ directory, remove } = server);
    await ready(server, Number(workers));
    await loadOnce(server);
    const one = await loadOnce(server);
    const cores = `${one.cores.toFixed(2)} (${one.first.toFixed(2)}), ${one.generator.toFixed(2)}`;
    console.log(
      `| ${workers} | ${one.perSecond.toFixed(0)} | ${one.cpuUs.toFixed(0)} | ${cores} | ${one.p50} / ${one.p99} ms | ${one.refused} |`,
    );
    await server.stop();
  }
}
remove();
await database.drop();
