import { setTimeout as delay } from "node:timers/promises";
import { loadOnce } from "../http-load.mjs";
import { median } from "../percentiles.mjs";
import { makeDatabase, PATIENT, spooledBy, startBare, startVerdict } from "../processes.mjs";
import { bodiesOver, sourcesOf } from "../rule-set.mjs";
import { lineChart } from "../svg-chart.mjs";

const RULES = 1000;
const SIZES_KB = [0.5, 4, 32, 128];
const ROUNDS = 3;
const SECONDS = 2;
const WARM_UP_SECONDS = 5;
const LINE = { path: "src/main.ts", text: "The customer wrote twice and asks for an answer.", line: 12, ok: true };

/** The service beside bare `node:http`: every byte is received, parsed, searched for secrets, hashed and written. */
export async function growArguments(report, { databaseUrl }) {
  const database = databaseUrl === undefined ? undefined : await makeDatabase(databaseUrl);
  report.text(`## Size of the arguments, ${database === undefined ? "embedded" : "server"} mode, 1,000 rules`);
  const env = { ...PATIENT, ...(database && { DATABASE_URL: database.url }) };
  const verdict = await startVerdict({ sources: sourcesOf(RULES, 1), env });
  const bare = await startBare();
  const settle = async () => {
    while ((await spooledBy(verdict)) > 0) await delay(100);
  };
  for (const server of [verdict, bare]) await loadOnce(server, WARM_UP_SECONDS);
  const rows = [];
  const points = { verdict: [], bare: [] };
  for (const size of SIZES_KB) {
    const bodies = bodiesOver(RULES, 16).map((body) => enlarged(JSON.parse(body), size * 1000));
    const servers = { verdict: { ...verdict, settle, bodies }, bare: { ...bare, bodies } };
    const results = [];
    for (const server of Object.values(servers)) await loadOnce(server, 1);
    for (let round = 0; round < ROUNDS; round++) {
      results.push({ verdict: await loadOnce(servers.verdict, SECONDS), bare: await loadOnce(servers.bare, SECONDS) });
    }
    const of = (name) => median(results.map((result) => result[name].cpuUs));
    const ratio = median(results.map((result) => result.bare.cpuUs / result.verdict.cpuUs));
    for (const name of ["verdict", "bare"]) points[name].push([bodies[0].length, of(name)]);
    rows.push([
      (bodies[0].length / 1000).toFixed(1),
      of("bare").toFixed(0),
      of("verdict").toFixed(0),
      `**${ratio.toFixed(2)}**`,
    ]);
  }
  report.table(["KB of body", "bare, us CPU", "Verdict, us CPU", "ratio"], rows);
  const lines = Object.entries(points).map(([name, each]) => ({ name, points: each }));
  const axes = { x: "bytes of body", y: "us CPU a request", logX: true, logY: true };
  report.chart(
    "growth-arguments",
    "CPU of a request by its size",
    lineChart({ title: "CPU of a request by its size", ...axes, lines }),
  );
  await bare.stop();
  await verdict.stop();
  verdict.remove();
  await database?.drop();
}

/** A request with a list of small objects, as a tool's arguments are, of about so many bytes. */
function enlarged(request, bytes) {
  const missing = bytes - JSON.stringify(request).length;
  const lines = Array.from(
    { length: Math.max(0, Math.floor(missing / (JSON.stringify(LINE).length + 1))) },
    () => LINE,
  );
  return JSON.stringify({ ...request, arguments: { ...request.arguments, ...(lines.length > 0 && { lines }) } });
}
