// How fast recorded decisions are decided again: `npm run build` first, then `node bench/replay.mjs [records]`. Makes an export of
// records of about 1.4 KB in a temporary folder (200,000 take 280 MB) and replays it as `verdict replay --export` does, over
// the rules that decided and over a change of them, in one thread and in as many as there are processors, as the
// command does after a second; then with the command itself, from its start to its end, over these and over five times as
// many. Best and median of some rounds.
import { spawnSync } from "node:child_process";
import { createReadStream, createWriteStream, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { finished } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { GENESIS, linkRecord, serializeRecord } from "../dist/audit/index.js";
import { createCelCompiler } from "../dist/cel/index.js";
import { decide } from "../dist/engine/index.js";
import { toActivation } from "../dist/model/to-activation.js";
import { createUuidv7 } from "../dist/model/uuid.js";
import { openReplayThreads } from "../dist/open-replay-threads.js";
import { replayExport } from "../dist/operations/replay/replay-export.js";
import { createRuleLoader } from "../dist/rules/index.js";
import { activationOf, requestOf, sourcesOf } from "./rule-set.mjs";

const RECORDS = Number(process.argv[2] ?? 200_000);
const RULES = 1000;
const ROUNDS = 5;
const START = Date.UTC(2026, 0, 15);

function ruleSetOf(sources) {
  const loaded = createRuleLoader({ compiler: createCelCompiler() }).load(sources);
  if (!loaded.ok) throw new Error(loaded.diagnostics[0].message);
  return loaded.ruleSet;
}

/** As a service writes them: one in fifty has a redacted argument. */
async function writeExport(path, ruleSet, records) {
  const out = createWriteStream(path);
  const newId = createUuidv7((bytes) => bytes.fill(7));
  let head = { writer: "01890b6e-7c00-7000-8000-000000000002", seq: 0, hash: GENESIS };
  for (let n = 0; n < records; n++) {
    const id = newId(START + n);
    const request = requestOf(n % RULES);
    const { identity } = activationOf(n % RULES);
    const decision = decide({
      ruleSet,
      activation: toActivation(request, identity, id, START + n),
      cacheTtlSecondsMax: 5,
    });
    const isRedacted = n % 50 === 0;
    const linked = linkRecord(
      serializeRecord({
        version: 1,
        kind: "decision",
        id,
        request_id: id,
        time: new Date(START + n).toISOString(),
        request: isRedacted
          ? { ...request, arguments: { ...request.arguments, token: "[redacted:token:0123456789abcdef]" } }
          : request,
        identity,
        decision,
        key_id: "01890b6e-7c00-7000-8000-000000000001",
        latency_us: 21,
        ...(isRedacted && { redacted: ["/request/arguments/token"] }),
      }),
      head,
    );
    head = linked.head;
    if (!out.write(`${linked.line}\n`)) await new Promise((resolve) => out.once("drain", resolve));
  }
  await finished(out.end());
}

/** Records a second, and microseconds of CPU for each. */
async function measured(work) {
  const rates = [];
  const costs = [];
  for (let round = 0; round < ROUNDS; round++) {
    const cpu = process.cpuUsage();
    const wall = performance.now();
    await work();
    const { user, system } = process.cpuUsage(cpu);
    rates.push((RECORDS / (performance.now() - wall)) * 1e3);
    costs.push((user + system) / RECORDS);
  }
  const cpu = `${Math.min(...costs).toFixed(1)} us of CPU each (median ${medianOf(costs).toFixed(1)})`;
  return `${ratesText(rates)}, ${cpu}`;
}

const medianOf = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];
const ratesText = (rates) => `${number(Math.max(...rates))} records/s (median ${number(medianOf(rates))})`;
const number = (value) => Math.round(value).toLocaleString("en");

function commandRates(rules, path, records) {
  const main = fileURLToPath(new URL("../dist/main.js", import.meta.url));
  return Array.from({ length: ROUNDS }, () => {
    const startedAt = performance.now();
    const argv = [main, "replay", rules, "--export", path, "--format", "json"];
    const { status, stdout, stderr } = spawnSync(process.execPath, argv, { encoding: "utf8", env: {} });
    if (status !== 0 || JSON.parse(stdout).unchanged !== records) throw new Error(stderr);
    return (records / (performance.now() - startedAt)) * 1e3;
  });
}

const folder = mkdtempSync(join(tmpdir(), "verdict-bench-replay-"));
try {
  const path = join(folder, "export.ndjson");
  const sources = sourcesOf(RULES, 1);
  const ruleSet = ruleSetOf(sources);
  await writeExport(path, ruleSet, RECORDS);
  console.log(
    `${RECORDS.toLocaleString("en")} records of ${Math.round(statSync(path).size / RECORDS)} bytes, ${RULES} rules`,
  );
  // What any reader of such a file has to do: the rates below are to be seen beside it.
  const parsing = await measured(async () => {
    let rest = "";
    for await (const chunk of createReadStream(path, { encoding: "utf8", highWaterMark: 64 * 1024 })) {
      const lines = (rest + chunk).split("\n");
      rest = lines.pop();
      for (const line of lines) JSON.parse(line);
    }
  });
  console.log(`reading and JSON.parse alone: ${parsing}`);
  const changed = sources.map(({ content, ...rest }) => ({
    ...rest,
    content: content.replaceAll("decision: allow", "decision: deny"),
  }));
  const told = { filters: {}, examplesMax: 5 };
  for (const [name, candidate] of [
    ["the same rules", sources],
    ["every allow made a deny", changed],
  ]) {
    const rules = ruleSetOf(candidate);
    const open = (signal) => openReplayThreads({ sources: candidate, ...told }, signal);
    for (const [shown, threads] of [
      ["one thread", undefined],
      [`${availableParallelism()} threads`, { afterMs: 0, now: () => performance.now(), open }],
    ]) {
      let report;
      const figures = await measured(async () => {
        const chunks = createReadStream(path, { highWaterMark: 1024 * 1024 });
        report = await replayExport({ chunks, ruleSet: rules, ...told, threads });
      });
      const found = `${report.unchanged} unchanged, ${report.changed} changed, ${report.undecidable.count} undecidable`;
      console.log(`${name}, ${shown}: ${figures} (${found})`);
    }
  }
  const rulesFolder = join(folder, "rules");
  mkdirSync(rulesFolder);
  for (const source of sources) writeFileSync(join(rulesFolder, source.path), source.content);
  for (const records of [RECORDS, RECORDS * 5]) {
    if (records !== RECORDS) await writeExport(path, ruleSet, records);
    const rates = commandRates(rulesFolder, path, records);
    console.log(`the command over ${number(records)}, from start to end: ${ratesText(rates)}`);
  }
  console.log(`resident ${Math.round(process.resourceUsage().maxRSS / 1024)} MB at most; target 100,000 records/s`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
