// Latency at fixed rates: 25, 50 and 75 % of what a closed loop reaches, each request counted from when it was due.
//
//   npm run bench -- rates [--seconds 5]
//
// With DATABASE_URL in server mode (and once embedded), without it embedded only.
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { BODIES, CONNECTIONS, loadOnce } from "./http-load.mjs";
import { askAtRate, UNCOUNTED_SECONDS } from "./open-loop.mjs";
import { distributionOf, median, percentile } from "./percentiles.mjs";
import {
  assertRecorded,
  cpuOf,
  makeDatabase,
  PATIENT,
  spooledBy,
  startBare,
  startDatabaseGate,
  startVerdict,
} from "./processes.mjs";
import { startReport } from "./report.mjs";
import { bodiesOver, sourcesOf } from "./rule-set.mjs";
import { lineChart } from "./svg-chart.mjs";

const { values } = parseArgs({ options: { seconds: { type: "string", default: "5" } } });
const seconds = Number(values.seconds);
const WARM_UP_SECONDS = 5;
const SATURATION_SECONDS = 4;
const ROUNDS = 3;
const SHARES = [0.25, 0.5, 0.75];
const UNAUDITED = { entry: ["bench/unaudited-server.mjs"] };
const { DATABASE_URL } = process.env;

/** One thing differs from the charted one at a time. What keeps PostgreSQL busy is behind what does not. */
const mode = DATABASE_URL === undefined ? "embedded" : "server";
const CONFIGURATIONS = [
  ...(mode === "server"
    ? [{ name: "server, database away, 1,000 rules, `os`", rules: 1000, isAway: true, hasBare: true }]
    : []),
  { name: `${mode}, 1,000 rules, \`os\``, rules: 1000, hasBare: true, isCharted: true },
  { name: `${mode}, 1,000 rules, not recorded`, rules: 1000, options: UNAUDITED },
  { name: `${mode}, 1,000 rules, \`disk\``, rules: 1000, env: { VERDICT_AUDIT_DURABILITY: "disk" } },
  { name: `${mode}, 10 rules, \`os\``, rules: 10 },
  { name: `${mode}, 10,000 rules, \`os\``, rules: 10_000 },
  ...(mode === "server" ? [{ name: "embedded, 1,000 rules, `os`", rules: 1000, isEmbedded: true }] : []),
];

const report = startReport("rates", "HTTP at fixed rates (open loop)");
if (DATABASE_URL === undefined) report.text("Server mode is **skipped**, because DATABASE_URL is not set.");
report.text(
  `Saturation is a closed loop of ${CONNECTIONS} connections; then ${ROUNDS} times ${seconds} s at each share of it, where there is a line ` +
    "of the bare `node:http` in turns with that at the same rate: what it shows is the machine. Medians of the rounds; the most of all " +
    "rounds where it says max or most; in the chart the last round. Latency counts from when a request was due. It has in it " +
    "the naps of the generator, of 0.1 ms and what the system adds, which make up some 0.25 ms of each p50, and what was sent late because " +
    `the machine was busy or all connections waited for answers. The ${UNCOUNTED_SECONDS} s before, on new connections, are in the CPU ` +
    "time and in what failed, but in no latency. While the database is away, no PostgreSQL works beside the service.",
);
const rows = [];
const lines = [];

for (const configuration of CONFIGURATIONS) {
  const { rules, env = {}, options = {}, isEmbedded = mode === "embedded", isAway = false } = configuration;
  const database = isEmbedded ? undefined : await makeDatabase(DATABASE_URL);
  const gate = isAway ? await startDatabaseGate(database.url) : undefined;
  const connection = database === undefined ? {} : { DATABASE_URL: (gate ?? database).url };
  const verdict = await startVerdict({
    sources: sourcesOf(rules, 1),
    env: { ...connection, ...PATIENT, ...env },
    ...options,
  });
  const server = {
    ...verdict,
    bodies: bodiesOver(rules),
    settle: options === UNAUDITED || isAway ? undefined : () => arrived(verdict),
  };
  gate?.shut();
  await measure(configuration, server);
  await verdict.stop();
  verdict.remove();
  await database?.drop();
}

async function measure({ name, hasBare, isCharted }, server) {
  await loadOnce(server, WARM_UP_SECONDS);
  const { perSecond } = await loadOnce(server, SATURATION_SECONDS);
  const bare = hasBare ? { ...(await startBare()), bodies: BODIES } : undefined;
  if (bare !== undefined) await loadOnce(bare, WARM_UP_SECONDS);
  for (const share of SHARES) {
    const rate = Math.round(perSecond * share);
    const ofShare = `${share * 100} %`;
    const [windows, bareWindows] = [[], []];
    for (let round = 0; round < ROUNDS; round++) {
      if (bare !== undefined && round % 2 === 1) bareWindows.push(await ask(bare, rate));
      windows.push(await ask(server, rate));
      if (bare !== undefined && round % 2 === 0) bareWindows.push(await ask(bare, rate));
    }
    addRow([name, ofShare], rate, windows);
    if (isCharted) lines.push({ name: `Verdict, ${ofShare}`, points: distributionOf(windows.at(-1).latencies) });
    if (bare === undefined) continue;
    addRow(["bare node:http", `${ofShare} of that`], rate, bareWindows);
    if (isCharted) lines.push({ name: `bare, ${ofShare}`, points: distributionOf(bareWindows.at(-1).latencies) });
  }
  await bare?.stop();
}

async function ask(server, rate) {
  await server.settle?.();
  const before = cpuOf(server.pid);
  const window = await askAtRate({ ...server, rate, seconds });
  await server.settle?.();
  if (server.keys !== undefined) await assertRecorded(server);
  return { ...window, cpuUs: (cpuOf(server.pid) - before) / window.asked };
}

function addRow(names, rate, windows) {
  const medianOf = (figure) => median(windows.map(figure));
  const ms = (value) => value.toFixed(2);
  const most = (figure) => Math.max(...windows.map(figure));
  rows.push([
    ...names,
    rate.toLocaleString("en"),
    medianOf(({ cpuUs }) => cpuUs).toFixed(1),
    ...[0.5, 0.99, 0.999].map((part) => ms(medianOf(({ latencies }) => percentile(latencies, part)))),
    ms(most(({ latencies }) => latencies.at(-1))),
    String(windows.reduce((sum, { failed }) => sum + failed, 0)),
    ms(most(({ lateMs }) => lateMs)),
  ]);
}

async function arrived(server) {
  while ((await spooledBy(server)) > 0) await delay(100);
}

report.table(
  [
    "configuration",
    "of saturation",
    "decisions/s",
    "us CPU each",
    "p50 ms",
    "p99 ms",
    "p99.9 ms",
    "max ms",
    "failed",
    "sent late, most ms",
  ],
  rows,
);
report.chart(
  "rates",
  "Latency at fixed rates, Verdict and bare node:http",
  lineChart({
    title: `Latency by percentile, ${CONFIGURATIONS.find(({ isCharted }) => isCharted).name.replaceAll("`", "")}`,
    x: "one request in ... takes longer",
    y: "ms",
    logX: true,
    logY: true,
    lines,
  }),
);
report.write();
process.exit();
