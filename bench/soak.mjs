// Memory and event loop over time, at a fixed rate:
//
//   npm run bench -- soak [--seconds 600] [--rate 1000]
//
// With DATABASE_URL in server mode, without it embedded. Ends with 1 when a request failed or the memory kept growing.
import { parseArgs } from "node:util";
import { BODIES } from "./http-load.mjs";
import { askAtRate } from "./open-loop.mjs";
import { percentile, thirdsOf } from "./percentiles.mjs";
import { makeDatabase, rssOf, startVerdict } from "./processes.mjs";
import { startReport } from "./report.mjs";
import { sourcesOf } from "./rule-set.mjs";
import { lineChart } from "./svg-chart.mjs";

const { values } = parseArgs({
  options: { seconds: { type: "string", default: "600" }, rate: { type: "string", default: "1000" } },
});
const [seconds, rate] = [values.seconds, values.rate].map(Number);
const WARM_UP_SECONDS = 10;
const SAMPLES = 300;
const GROWTH_MB_MAX = 50;
/** The service looks at its event loop in this rhythm, and Node counts the wait for it as delay. */
const RHYTHM_MS = 20;
const { DATABASE_URL } = process.env;

const database = DATABASE_URL === undefined ? undefined : await makeDatabase(DATABASE_URL);
const env = database === undefined ? {} : { DATABASE_URL: database.url };
const server = await startVerdict({ sources: sourcesOf(1000, 1), env });
const report = startReport("soak", "Soak: memory and event loop over time");
report.text(
  `${database === undefined ? "Embedded" : "Server"} mode, 1,000 rules, ${rate.toLocaleString("en")} decisions/s for ${seconds} s.`,
);
await askAtRate({ ...server, bodies: BODIES, rate, seconds: WARM_UP_SECONDS });

/** What the service's own metrics say since they were last read: reading starts them anew. */
async function eventLoopMs() {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  const of = (name) => {
    const seconds = Number(new RegExp(`^nodejs_eventloop_lag_${name}_seconds (\\S+)$`, "m").exec(text)?.[1]);
    return Math.max(0, seconds * 1000 - RHYTHM_MS);
  };
  return { p50: of("p50"), p99: of("p99"), max: of("max") };
}

const samples = [];
const startedAt = performance.now();
const sample = async () => {
  samples.push({ at: (performance.now() - startedAt) / 1000, rss: rssOf(server.pid), ...(await eventLoopMs()) });
};
await eventLoopMs();
const timer = setInterval(sample, Math.max(1000, (seconds * 1000) / SAMPLES));
const { latencies, failed, lateMs } = await askAtRate({ ...server, bodies: BODIES, rate, seconds });
clearInterval(timer);
await server.stop();
server.remove();
await database?.drop();

const over = (figure) => samples.map((each) => each[figure]);
const row = (name, figure, digits) => {
  const shown = thirdsOf(over(figure)).map((value) => value.toFixed(digits));
  return [name, ...shown, Math.max(...over(figure)).toFixed(digits)];
};
report.table(
  ["", "median of the first third", "of the second", "of the last", "most"],
  [
    row("RSS, MB", "rss", 0),
    row("event loop delay p50, ms", "p50", 2),
    row("event loop delay p99, ms", "p99", 2),
    row("event loop delay max, ms", "max", 2),
  ],
);
const [p50, p99, p999, max] = [0.5, 0.99, 0.999, 1].map((share) => percentile(latencies, share).toFixed(2));
report.text(
  `${latencies.length.toLocaleString("en")} decisions, ${failed} failed. Latency p50 ${p50}, p99 ${p99}, p99.9 ${p999}, max ${max} ms from when ` +
    `they were due; sent late by ${lateMs.toFixed(1)} ms at most. Event loop delays are those of \`/metrics\`, without the ${RHYTHM_MS} ms between two looks at it.`,
);
const lineOf = (name, figure) => ({ name, points: samples.map((each) => [each.at, each[figure]]) });
const overTime = (title, y, lines) => lineChart({ title, x: "seconds", y, lines });
report.chart("soak-memory", "Memory over time", overTime("Resident memory", "MB", [lineOf("RSS", "rss")]));
report.chart(
  "soak-event-loop",
  "Event loop delay over time",
  overTime("Event loop delay", "ms", [lineOf("p50", "p50"), lineOf("p99", "p99"), lineOf("max", "max")]),
);
report.write();
const [first, , last] = thirdsOf(over("rss"));
process.exit(failed === 0 && last - first <= GROWTH_MB_MAX ? 0 : 1);
