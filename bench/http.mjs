// HTTP against bare node:http in the same run, memory and start-up: `npm run build` first, then `node bench/http.mjs`.
// Server mode is measured when DATABASE_URL names a PostgreSQL where databases may be made (and REDIS_URL a Redis), once
// with the records moved there, whose cost counts until the last has arrived, and once while the database is away.
import { setTimeout as delay } from "node:timers/promises";
import { CONNECTIONS, loadOnce } from "./http-load.mjs";
import { median } from "./percentiles.mjs";
import { makeDatabase, PATIENT, rssOf, spooledBy, startBare, startDatabaseGate, startVerdict } from "./processes.mjs";
import { sourcesOf } from "./rule-set.mjs";

const RULES = 1000;
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 5);
const SECONDS = Number(process.env.BENCH_SECONDS ?? 4);
const WARM_UP_SECONDS = 6;

async function compare(name, verdict) {
  const bare = await startBare();
  const rounds = [];
  for (const server of [bare, verdict]) await loadOnce(server, WARM_UP_SECONDS);
  for (let round = 0; round < ROUNDS; round++) {
    rounds.push({ bare: await loadOnce(bare, SECONDS), verdict: await loadOnce(verdict, SECONDS) });
  }
  await bare.stop();
  const of = (who, figure) => median(rounds.map((round) => round[who][figure]));
  const ratio = median(rounds.map((round) => round.bare.cpuUs / round.verdict.cpuUs));
  console.log(
    `| ${name} | ${of("bare", "cpuUs").toFixed(1)} | ${of("verdict", "cpuUs").toFixed(1)} | **${ratio.toFixed(2)}** | ${of("verdict", "perSecond").toFixed(0)} | ${of("verdict", "p50")} / ${of("verdict", "p99")} ms |`,
  );
}

/** Measures a mode, and adds its line to the table of start-up and memory. @param prepare called before the load */
async function measure(name, env, prepare = arrived) {
  const options = { sources, env: { ...PATIENT, ...env } };
  const first = await startVerdict(options);
  await first.stop();
  const verdict = await startVerdict({ ...options, directory: first.directory });
  const idle = rssOf(verdict.pid);
  await compare(name, { ...verdict, settle: prepare(verdict) });
  const ms = (value) => `${value.toFixed(0)} ms`;
  lines.push(
    `| ${name} | ${ms(verdict.firstAnswerMs)} | ${ms(first.readyMs)} | ${ms(verdict.readyMs)} | ${idle.toFixed(0)} MB | ${rssOf(verdict.pid).toFixed(0)} MB |`,
  );
  await verdict.stop();
  verdict.remove();
}

function arrived(server) {
  return async () => {
    while ((await spooledBy(server)) > 0) await delay(100);
  };
}

const sources = sourcesOf(RULES, 1);
const { DATABASE_URL, REDIS_URL } = process.env;
const lines = [
  "| start-up and memory | first answer | ready, new directory | ready, again | RSS idle | RSS after load |",
  "|---|---|---|---|---|---|",
];
console.log(
  `HTTP, ${RULES} rules, authentication and audit on, ${CONNECTIONS} connections, median of ${ROUNDS} rounds`,
);
console.log(`Node ${process.version}\n`);
console.log(
  "| mode | bare node:http, us CPU a request | Verdict, us CPU a request | ratio | decisions/s | latency p50 / p99 |",
);
console.log("|---|---|---|---|---|---|");
await measure("embedded", {});
if (DATABASE_URL === undefined) console.log("\nserver mode: skipped, because DATABASE_URL is not set");
else {
  const redis = REDIS_URL === undefined ? {} : { REDIS_URL };
  const database = await makeDatabase(DATABASE_URL);
  const gate = await startDatabaseGate(database.url);
  await measure("server, database away", { DATABASE_URL: gate.url, ...redis }, () => {
    gate.shut();
  });
  await database.drop();
  // Last: PostgreSQL goes on working for a while after the records have arrived.
  const moved = await makeDatabase(DATABASE_URL);
  await measure("server", { DATABASE_URL: moved.url, ...redis });
  await moved.drop();
}
console.log(`\n${lines.join("\n")}`);
