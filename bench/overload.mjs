// Overload: `npm run build` first, then `node bench/overload.mjs` (with DATABASE_URL for server mode). Finds how much the
// service can do with the shipped rules, asks three times as much for a minute at a fixed rate, and checks from the audit log
// that every answered decision is recorded as it was answered, and nothing else is. Exits with 1 when it is not.

import { readdirSync, readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { cpuOf, makeDatabase, rssOf, spooledBy, startVerdict } from "./processes.mjs";
import { processesOf } from "./worker-processes.mjs";

const SECONDS = Number(process.env.BENCH_SECONDS ?? 60);
const FACTOR = Number(process.env.BENCH_FACTOR ?? 3);
const CONNECTIONS = Number(process.env.BENCH_CONNECTIONS ?? 500);
const SATURATION_SECONDS = 6;
const SATURATION_CONNECTIONS = 16;
const RECOVERED_MS = 2000;
const WATCHED_AFTER_MS = 6000;

const RULES = new URL("../rules/", import.meta.url);
const sources = readdirSync(RULES)
  .filter((name) => name.endsWith(".yaml") && !name.endsWith(".test.yaml"))
  .map((path) => ({ path, content: readFileSync(new URL(path, RULES), "utf8") }));

/** What agents do all day. None asks a person: that waits for the store of approvals, which has bounds of its own. */
const BODIES = [
  {
    action_type: "command_exec",
    action_name: "bash",
    arguments: { command: "git status && npm test 2>&1 | tail -n 40" },
  },
  {
    action_type: "sql_query",
    action_name: "orders-db",
    arguments: { query: "select id, total from orders where customer = 42" },
  },
  { action_type: "tool_call", action_name: "crm.get_customer", arguments: { id: "cus_42" } },
  { action_type: "command_exec", action_name: "bash", arguments: { command: "rm -rf /srv/data" } },
  { action_type: "tool_call", action_name: "stripe.refund", arguments: { charge: "ch_1", amount: 20 } },
];

function requestsFor({ headers }) {
  return BODIES.map((body) => {
    const text = JSON.stringify(body);
    const lines = ["POST /v1/policy/evaluate HTTP/1.1", "Host: localhost", `Authorization: ${headers.authorization}`];
    lines.push("Content-Type: application/json", `Content-Length: ${text.length}`);
    return `${lines.join("\r\n")}\r\n\r\n${text}`;
  });
}

function load(server, perSecond, seconds, connectionsMax) {
  const workerData = {
    port: new URL(server.url).port,
    perSecond,
    seconds,
    connectionsMax,
    requests: requestsFor(server),
  };
  const worker = new Worker(new URL("./overload-load.mjs", import.meta.url), { workerData });
  return new Promise((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
  });
}

/** One request after the other, until it is told to end: what a probe and a patient agent see meanwhile. */
function probe(run) {
  const seen = [];
  let isOver = false;
  const done = (async () => {
    while (!isOver) {
      const from = performance.now();
      const status = await run().catch(() => 0);
      seen.push({ at: Date.now(), ms: performance.now() - from, status });
      await delay(20);
    }
    return seen;
  })();
  return () => {
    isOver = true;
    return done;
  };
}

async function exported(server) {
  const headers = { authorization: `Bearer ${server.keys.admin}` };
  const response = await fetch(`${server.url}/v1/audit/export`, { headers });
  const found = new Map();
  for await (const line of createInterface({ input: Readable.fromWeb(response.body) })) {
    const record = JSON.parse(line);
    if (record.kind === "decision")
      found.set(record.request_id, [...(found.get(record.request_id) ?? []), record.decision.decision]);
  }
  return found;
}

async function workersOf({ url }) {
  const text = await (await fetch(`${url}/metrics`)).text();
  return text.match(/^verdict_rules[ {]/gm)?.length ?? 0;
}

/** User and system time of all processes of a service, in microseconds. */
const cpuOfAll = ({ pid }) => processesOf(pid).reduce((sum, each) => sum + cpuOf(each), 0);

const verified = async (server) =>
  (
    await fetch(`${server.url}/v1/audit/verify`, {
      method: "POST",
      headers: { authorization: `Bearer ${server.keys.admin}` },
    })
  ).json();

const at = (sorted, part) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
function shown(values) {
  const sorted = Float64Array.from(values).sort();
  return [0.5, 0.99, 0.999, 1].map((part) => at(sorted, part).toFixed(1)).join(" / ");
}

const { DATABASE_URL, REDIS_URL } = process.env;
const database = DATABASE_URL === undefined ? undefined : await makeDatabase(DATABASE_URL);
const settings = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => /^VERDICT_(QUEUE|IN_FLIGHT|AUDIT|WORKERS)/.test(name)),
);
const env = { ...(database && { DATABASE_URL: database.url, ...(REDIS_URL && { REDIS_URL }) }), ...settings };
const server = await startVerdict({ sources, env });
// Workers start one after the other.
for (const workers = Number(settings.VERDICT_WORKERS ?? 1); (await workersOf(server)) < workers; ) await delay(50);

const warmUp = await load(server, undefined, SATURATION_SECONDS, SATURATION_CONNECTIONS);
const cpuBefore = cpuOfAll(server);
const saturated = await load(server, undefined, SATURATION_SECONDS, SATURATION_CONNECTIONS);
const cpuUs = (cpuOfAll(server) - cpuBefore) / saturated.statuses[200];
// A busy machine has good and bad seconds: three times the better ones.
const perSecond = Math.round(Math.max(warmUp.statuses[200], saturated.statuses[200]) / SATURATION_SECONDS);
while ((await spooledBy(server)) > 0) await delay(100);

const ask = () =>
  fetch(`${server.url}/v1/policy/evaluate`, {
    method: "POST",
    headers: { ...server.headers, "content-type": "application/json" },
    body: JSON.stringify(BODIES[2]),
  });
const probes = {
  decision: probe(async () => {
    const response = await ask();
    const body = await response.json();
    if (response.status === 200) asked.set(body.request_id, body.decision);
    return response.status;
  }),
  health: probe(async () => (await fetch(`${server.url}/healthz`)).status),
  metrics: probe(async () => (await fetch(`${server.url}/metrics`)).status),
};
const asked = new Map();
await delay(1000);
const startedAt = Date.now();
const cpuFrom = cpuOfAll(server);
const overload = await load(server, perSecond * FACTOR, SECONDS, CONNECTIONS);
const cpuOverload = cpuOfAll(server) - cpuFrom;
const rss = rssOf(server.pid);
const spooled = await spooledBy(server);
await delay(WATCHED_AFTER_MS);
const seen = Object.fromEntries(
  await Promise.all(Object.entries(probes).map(async ([name, end]) => [name, await end()])),
);
while ((await spooledBy(server)) > 0) await delay(100);

const answered = new Map([...warmUp.answered, ...saturated.answered, ...overload.answered, ...asked]);
const recorded = await exported(server);
const report = await verified(server);
const lost = [...answered].filter(
  ([id, decision]) => recorded.get(id)?.length !== 1 || recorded.get(id)[0] !== decision,
);
const unrecordedAllows = lost.filter(([, decision]) => decision === "allow");

const during = (name) => seen[name].filter(({ at: time }) => time >= startedAt && time <= overload.endedAt);
const after = seen.decision.filter(({ at: time }) => time > overload.endedAt);
const before = seen.decision.filter(({ at: time }) => time < startedAt);
const lastRefused = after.filter(({ status }) => status !== 200).at(-1);
const refusedForMs = lastRefused === undefined ? 0 : lastRefused.at - overload.endedAt;
const later = after.filter(({ at: time }) => time > overload.endedAt + RECOVERED_MS);
const total = overload.sent + overload.unsent;
const row = (name, value) => console.log(`| ${name} | ${value} |`);

console.log(
  `Overload, shipped rules, ${database ? "server" : "embedded"} mode, Node ${process.version}, ${JSON.stringify(settings)}\n`,
);
console.log("| | |\n|---|---|");
row(
  `at saturation (closed loop, ${SATURATION_CONNECTIONS} connections)`,
  `${perSecond} decisions/s, ${cpuUs.toFixed(0)} us CPU each; ${saturated.statuses[503] ?? 0} refused; p50 / p99 / p99.9 / max ${shown(saturated.waits[200])} ms`,
);
row(
  "asked",
  `${Math.round(total / SECONDS)}/s for ${SECONDS} s over ${overload.connectionsMost} connections; ${overload.unsent} had none free`,
);
row("the load generator was late by at most", `${overload.lateMs.toFixed(0)} ms`);
row(
  "answered with 200",
  `${Math.round((overload.statuses[200] ?? 0) / SECONDS)}/s; p50 / p99 / p99.9 / max ${shown(overload.waits[200])} ms`,
);
row("refused with 503", `${Math.round((overload.statuses[503] ?? 0) / SECONDS)}/s; ${shown(overload.waits[503])} ms`);
row(
  "other statuses, broken, unanswered",
  `${total - overload.unsent - (overload.statuses[200] ?? 0) - (overload.statuses[503] ?? 0)}, ${overload.broken}, ${overload.unanswered}`,
);
row('refused without `Retry-After` or `"decision":"deny"`', overload.withoutRetryAfter.length);
for (const name of ["health", "metrics"]) {
  const looks = during(name);
  row(
    `/${name} meanwhile`,
    `${looks.filter(({ status }) => status === 200).length} of ${looks.length} answered; ${shown(looks.map(({ ms }) => ms))} ms`,
  );
}
row("processor time of the service meanwhile", `${(cpuOverload / SECONDS / 1e6).toFixed(2)} of a core`);
row("records waiting for the database, RSS at the end", `${spooled}, ${rss.toFixed(0)} MB`);
row("the last refusal after the end", `${refusedForMs} ms`);
row(
  `one decision after the other: before, and from ${RECOVERED_MS} ms after the end`,
  `${shown(before.map(({ ms }) => ms))} ms, ${shown(later.map(({ ms }) => ms))} ms`,
);
row("answered decisions, of these not in the log once as answered", `${answered.size}, **${lost.length}**`);
row("allows without a record", `**${unrecordedAllows.length}**`);
row("records nobody was answered", [...recorded.keys()].filter((id) => !answered.has(id)).length);
row("the log verifies", report.valid);

await server.stop();
server.remove();
await database?.drop();
process.exit(
  lost.length > 0 || report.valid !== true || overload.withoutRetryAfter.length > 0 || overload.broken > 0 ? 1 : 0,
);
