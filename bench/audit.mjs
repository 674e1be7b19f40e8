// What recording a decision costs: `npm run build` first, then `DATABASE_URL=postgres://... node bench/audit.mjs`. The same
// service without recording, with it at both durabilities while the database is away, and with the records moved there;
// one after the other in every round.
import { setTimeout as delay } from "node:timers/promises";
import { loadOnce } from "./http-load.mjs";
import { median } from "./percentiles.mjs";
import { makeDatabase, PATIENT, spooledBy, startDatabaseGate, startVerdict } from "./processes.mjs";
import { sourcesOf } from "./rule-set.mjs";

const RULES = 1000;
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 8);
const SECONDS = Number(process.env.BENCH_SECONDS ?? 4);
const WARM_UP_SECONDS = 6;

const { DATABASE_URL } = process.env;
if (DATABASE_URL === undefined) {
  console.log("skipped, because DATABASE_URL is not set");
  process.exit();
}

const databases = [];
async function start(env, options = {}) {
  const database = await makeDatabase(DATABASE_URL);
  const gate = await startDatabaseGate(database.url);
  const server = await startVerdict({
    sources,
    env: { DATABASE_URL: gate.url, ...PATIENT, ...env },
    ...options,
  });
  databases.push(database);
  return { ...server, gate };
}

const sources = sourcesOf(RULES, 1);
const servers = {
  "not recorded": await start({}, { entry: ["bench/unaudited-server.mjs"] }),
  "recorded, `os`": await start({}),
  "recorded, `disk`": await start({ VERDICT_AUDIT_DURABILITY: "disk" }),
  "recorded, `os`, and moved to PostgreSQL": await start({}),
};
const [off, os, disk, moved] = Object.values(servers);
for (const { gate } of [off, os, disk]) gate.shut();
moved.settle = async () => {
  while ((await spooledBy(moved)) > 0) await delay(100);
};

for (const server of Object.values(servers)) await loadOnce(server, WARM_UP_SECONDS);
const rounds = [];
for (let round = 0; round < ROUNDS; round++) {
  const results = {};
  // A place in the round costs up to 5 us: each server has each of them in turn.
  const names = Object.keys(servers);
  for (let nth = 0; nth < names.length; nth++) {
    const name = names[(nth + round) % names.length];
    results[name] = await loadOnce(servers[name], SECONDS);
  }
  rounds.push(results);
}

console.log(`Recording, ${RULES} rules, median of ${ROUNDS} rounds, Node ${process.version}\n`);
console.log("| decisions are | us CPU a request | against not recorded | decisions/s | latency p50 / p99 |");
console.log("|---|---|---|---|---|");
for (const name of Object.keys(servers)) {
  const of = (figure) => median(rounds.map((round) => round[name][figure]));
  const ratio = median(rounds.map((round) => round[name].cpuUs / round["not recorded"].cpuUs));
  console.log(
    `| ${name} | ${of("cpuUs").toFixed(1)} | **${ratio.toFixed(2)}** | ${of("perSecond").toFixed(0)} | ${of("p50")} / ${of("p99")} ms |`,
  );
}
for (const server of Object.values(servers)) {
  await server.stop();
  server.remove();
}
for (const database of databases) await database.drop();
process.exit();
