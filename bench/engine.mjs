// The engine alone, without HTTP: decisions, the index, load and reload. `npm run build` first, then
// `node bench/engine.mjs`. Medians; CPU time of the whole process, which other load on the machine changes least.
import { createCelCompiler } from "../dist/cel/index.js";
import { decide } from "../dist/engine/index.js";
import { createRuleLoader } from "../dist/rules/index.js";
import { activationOf, sourcesOf } from "./rule-set.mjs";

const RULES_MAX = 10_000;

function ruleSetOf(loader, sources) {
  const result = loader.load(sources);
  if (!result.ok)
    throw new Error(
      result.diagnostics
        .slice(0, 3)
        .map((d) => `${d.file}:${d.line} ${d.message}`)
        .join("\n"),
    );
  return result.ruleSet;
}

const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];
/** Milliseconds of CPU, collector threads included, and of wall time. */
function timed(run) {
  const cpu = process.cpuUsage();
  const wall = performance.now();
  run();
  const { user, system } = process.cpuUsage(cpu);
  return { cpu: (user + system) / 1000, wall: performance.now() - wall };
}

function measureLoads(files) {
  const loads = [];
  const reloads = [];
  let loader;
  for (let round = 0; round < 5; round++) {
    loader = createRuleLoader({ compiler: createCelCompiler() });
    const sources = sourcesOf(RULES_MAX, files);
    loads.push(timed(() => ruleSetOf(loader, sources)));
  }
  for (let round = 0; round < 9; round++) {
    const sources = sourcesOf(RULES_MAX, files, (round * 1237) % RULES_MAX);
    reloads.push(timed(() => ruleSetOf(loader, sources)));
  }
  const of = (times) => (figure) => median(times.map((time) => time[figure]));
  return { load: of(loads), reload: of(reloads) };
}

function measureRequests(count, run) {
  const set = ruleSetOf(createRuleLoader({ compiler: createCelCompiler() }), sourcesOf(count, 1));
  const requests = Array.from({ length: 1024 }, (_, n) => activationOf(Math.floor((n * count) / 1024)));
  const rounds = 40;
  const times = [];
  for (let round = 0; round < 9; round++) {
    const { cpu } = timed(() => {
      for (let again = 0; again < rounds; again++) for (const request of requests) run(set, request);
    });
    times.push((cpu * 1000) / (requests.length * rounds));
  }
  const candidates = requests.reduce((sum, request) => sum + set.select(request).candidates.length, 0);
  return { us: median(times), candidates: candidates / requests.length };
}

const rows = [["claim", "target", "measured"]];
for (const files of [1, 100]) {
  const { load, reload } = measureLoads(files);
  const where = files === 1 ? "one file" : `${files} files`;
  const both = (of) => `${of("cpu").toFixed(0)} ms CPU, ${of("wall").toFixed(0)} ms wall`;
  rows.push([`load 10,000 rules, ${where}`, "<= 1500 ms", both(load)]);
  rows.push([`reload after one changed rule, ${where}`, files === 1 ? "" : "<= 100 ms", both(reload)]);
}
let sink = 0;
for (const count of [10, 100, 1000, 10_000]) {
  const target = { 1000: "<= 2 us", 10000: "<= 5 us" }[count] ?? "";
  const decided = measureRequests(count, (ruleSet, activation) => {
    sink += decide({ ruleSet, activation, cacheTtlSecondsMax: 5 }).rules.length;
  });
  const selected = measureRequests(count, (set, activation) => {
    sink += set.select(activation).candidates.length;
  });
  rows.push([
    `decide at ${count.toLocaleString("en")} rules`,
    target,
    `${decided.us.toFixed(2)} us, of which the index ${selected.us.toFixed(2)} us (${selected.candidates.toFixed(2)} candidates)`,
  ]);
}
if (sink === 0) throw new Error("no rule ever decided: this measures nothing");
const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
rows.splice(
  1,
  0,
  widths.map((width) => "-".repeat(width)),
);
for (const row of rows) console.log(`| ${row.map((cell, column) => cell.padEnd(widths[column])).join(" | ")} |`);
