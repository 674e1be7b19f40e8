// Start-up, memory by rules, and reloads while requests come at a fixed rate:
//
//   npm run bench -- reload [--starts 5] [--reloads 10] [--rate 500]
//
// With DATABASE_URL in server mode, without it embedded. Ends with 1 when a request failed during the reloads.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { loadOnce } from "./http-load.mjs";
import { askAtRate, UNCOUNTED_SECONDS } from "./open-loop.mjs";
import { median, percentile } from "./percentiles.mjs";
import { makeDatabase, PATIENT, rssOf, startVerdict } from "./processes.mjs";
import { startReport } from "./report.mjs";
import { bodiesOver, sourcesOf } from "./rule-set.mjs";

const { values } = parseArgs({
  options: {
    starts: { type: "string", default: "5" },
    reloads: { type: "string", default: "10" },
    rate: { type: "string", default: "500" },
  },
});
const [starts, reloads, rate] = [values.starts, values.reloads, values.rate].map(Number);
const WARM_UP_SECONDS = 5;
const RELOAD_EVERY_MS = 2000;
const RULES = 10_000;
const FILES = 100;
const SLOW_MS = 20;
const { DATABASE_URL } = process.env;
const report = startReport("reload", "Start-up, memory, and reload under load");
const mode = DATABASE_URL === undefined ? "embedded" : "server";
report.text(`The service runs in ${mode} mode, authentication and audit (\`os\`) on.`);

/** Calls back with what starts services on a database of their own, if any. */
async function withDatabase(work) {
  const database = DATABASE_URL === undefined ? undefined : await makeDatabase(DATABASE_URL);
  const env = database === undefined ? {} : { DATABASE_URL: database.url };
  try {
    return await work((options) => startVerdict({ ...options, env: { ...env, ...options.env } }));
  } finally {
    await database?.drop();
  }
}

async function measureStarts(start) {
  const times = [];
  const sources = sourcesOf(1000, 1);
  let directory;
  for (let nth = 0; nth <= starts; nth++) {
    const server = await start({ sources, directory });
    directory = server.directory;
    times.push(server);
    await server.stop();
    if (nth === starts) server.remove();
  }
  const [first, ...again] = times;
  const row = (name, some) => [
    name,
    ...["firstAnswerMs", "readyMs"].map((what) => `${median(some.map((one) => one[what])).toFixed(0)} ms`),
  ];
  report.text(`## Start-up, 1,000 rules, the median of ${starts} on a directory that was used`);
  report.table(["start", "first answer", "first decision"], [row("new directory, once", [first]), row("again", again)]);
}

async function measureMemory(start, count) {
  const server = await start({ sources: sourcesOf(count, Math.ceil(count / 100)), env: PATIENT });
  const idle = rssOf(server.pid);
  await loadOnce(server, WARM_UP_SECONDS);
  const row = [count.toLocaleString("en"), `${idle.toFixed(0)} MB`, `${rssOf(server.pid).toFixed(0)} MB`];
  await server.stop();
  server.remove();
  return row;
}

/** Changes a rule of one file, and has the files loaded again. @returns when it began and ended, on the clock of `performance` */
async function reload(server, nth) {
  const from = performance.now();
  const { path, content } = sourcesOf(RULES, FILES, (nth * 1237) % RULES).find(({ content }) =>
    content.includes("(changed)"),
  );
  writeFileSync(join(server.directory, "rules", path), content);
  const askedAt = performance.now();
  const response = await fetch(`${server.url}/v1/policy/reload`, {
    method: "POST",
    headers: { authorization: `Bearer ${server.keys.admin}` },
  });
  const { rules } = await response.json();
  if (rules !== RULES) throw new Error(`a reload was answered with ${response.status}`);
  return { from, to: performance.now(), ms: performance.now() - askedAt };
}

async function measureReloads(start) {
  const server = await start({ sources: sourcesOf(RULES, FILES) });
  const bodies = bodiesOver(RULES);
  await askAtRate({ ...server, bodies, rate, seconds: WARM_UP_SECONDS });
  const answers = [];
  const onAnswer = (dueAt, latency) => answers.push({ dueAt, latency });
  const seconds = ((reloads + 1) * RELOAD_EVERY_MS) / 1000;
  const load = askAtRate({ ...server, bodies, rate, seconds, onAnswer });
  const windows = [];
  await delay(UNCOUNTED_SECONDS * 1000);
  for (let nth = 0; nth < reloads; nth++) {
    await delay(RELOAD_EVERY_MS);
    windows.push(await reload(server, nth));
  }
  const { failed, lateMs } = await load;
  await server.stop();
  server.remove();
  const isDuring = ({ dueAt, latency }) => windows.some(({ from, to }) => dueAt < to && dueAt + latency > from);
  reportReloads(windows, {
    during: answers.filter(isDuring),
    others: answers.filter((one) => !isDuring(one)),
    failed,
    lateMs,
  });
  return failed;
}

function reportReloads(windows, { during, others, failed, lateMs }) {
  const times = windows.map(({ ms }) => ms).sort((a, b) => a - b);
  report.text(
    `## ${windows.length} reloads after one changed file of ${FILES}, ${RULES.toLocaleString("en")} rules, at ${rate} decisions/s`,
  );
  report.text(
    `A reload takes ${median(times).toFixed(0)} ms (${times[0].toFixed(0)} to ${times.at(-1).toFixed(0)}) until it is answered. ` +
      `Requests that failed: ${failed}. The generator was late by ${lateMs.toFixed(1)} ms at most, which is in the latencies.`,
  );
  const row = (name, some) => {
    const sorted = some.map(({ latency }) => latency).sort((a, b) => a - b);
    const at = [0.5, 0.99, 1].map((share) => (sorted.length === 0 ? "" : percentile(sorted, share).toFixed(2)));
    return [name, String(some.length), ...at, String(sorted.filter((latency) => latency > SLOW_MS).length)];
  };
  report.table(
    ["requests", "count", "p50 ms", "p99 ms", "max ms", `over ${SLOW_MS} ms`],
    [row("under way during a reload", during), row("at other times", others)],
  );
}

await withDatabase(measureStarts);
report.text(`## Memory, idle and after ${WARM_UP_SECONDS} s of load`);
const memory = [];
for (const count of [10, 1000, 10_000]) memory.push(await withDatabase((start) => measureMemory(start, count)));
report.table(["rules", "RSS idle", "RSS after load"], memory);
const failed = await withDatabase(measureReloads);
report.write();
process.exit(failed === 0 ? 0 : 1);
