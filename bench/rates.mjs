// Latency at fixed rates: 25, 50 and 75 % of what a closed loop reaches, each request counted from when it was due.
//
//   npm run bench -- rates [--seconds 10]
//
// With DATABASE_URL in server mode (and once embedded), without it embedded only.
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { BODIES, CONNECTIONS, loadOnce } from "./http-load.mjs";
import { askAtRate, UNCOUNTED_SECONDS } from "./open-loop.mjs";
import { distributionOf, percentile } from "./percentiles.mjs";
import { cpuOf, makeDatabase, PATIENT, spooledBy, startBare, startDatabaseGate, startVerdict } from "./processes.mjs";
import { startReport } from "./report.mjs";
import { bodiesOver, sourcesOf } from "./rule-set.mjs";
import { lineChart } from "./svg-chart.mjs";

const { values } = parseArgs({ options: { seconds: { type: "string", default: "10" } } });
const seconds = Number(values.seconds);
const WARM_UP_SECONDS = 5;
const SATURATION_SECONDS = 4;
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
  `Saturation is a closed loop of ${CONNECTIONS} connections; then ${seconds} s at each share of it. Latency counts from when a ` +
    `request was due; the ${UNCOUNTED_SECONDS} s before, on new connections, do not count. ` +
    "The generator naps for 0.1 ms at a time, which is in the latencies; what it sent late, because the machine was busy, is in the " +
    "latencies, and its most is in the last column. The bare `node:http` answers at the same rates in the same run: what it " +
    "shows is the machine. While the database is away, no PostgreSQL works beside the service.",
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
  const rates = await measure(configuration, server);
  await verdict.stop();
  verdict.remove();
  await database?.drop();
  if (configuration.hasBare) await measureBare(configuration, rates);
}

async function measure({ name, isCharted }, server) {
  await loadOnce(server, WARM_UP_SECONDS);
  const { perSecond } = await loadOnce(server, SATURATION_SECONDS);
  const rates = SHARES.map((share) => Math.round(perSecond * share));
  await measureAt({ name, ofWhat: "", chartedAs: isCharted && "Verdict" }, server, rates);
  return rates;
}

async function measureBare({ isCharted }, rates) {
  const bare = await startBare();
  const server = { ...bare, bodies: BODIES };
  await loadOnce(server, WARM_UP_SECONDS);
  await measureAt({ name: "bare node:http", ofWhat: " of that", chartedAs: isCharted && "bare" }, server, rates);
  await bare.stop();
}

async function measureAt({ name, ofWhat, chartedAs }, server, rates) {
  for (const [nth, rate] of rates.entries()) {
    await server.settle?.();
    const before = cpuOf(server.pid);
    const { latencies, lateMs, failed, asked } = await askAtRate({ ...server, rate, seconds });
    const cpuUs = (cpuOf(server.pid) - before) / asked;
    const share = `${SHARES[nth] * 100} %`;
    const ms = (value) => value.toFixed(2);
    const at = [0.5, 0.99, 0.999, 1].map((part) => ms(percentile(latencies, part)));
    rows.push([name, share + ofWhat, rate.toLocaleString("en"), cpuUs.toFixed(1), ...at, String(failed), ms(lateMs)]);
    if (chartedAs) lines.push({ name: `${chartedAs}, ${share}`, points: distributionOf(latencies) });
  }
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
