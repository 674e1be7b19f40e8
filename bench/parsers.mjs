// What shell(), sql() and url() add to a decision: the same rule set and requests with a condition that calls them and with one
// that reads the same argument without, in one process, taken in turns; and what a rule set without such calls pays for them.
// `npm run build` first, then `node bench/parsers.mjs`.
// Commands and statements of `../shared/corpora` where it is there, else those below.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createCelCompiler, loadParsersFor } from "../dist/cel/index.js";
import { decide } from "../dist/engine/index.js";
import { createRuleLoader } from "../dist/rules/index.js";

const CORPORA = join(import.meta.dirname, "../../shared/corpora");
const TEXTS_MAX = 1000;
const ROUNDS = 15;

const KINDS = [
  {
    name: "shell()",
    call: (t) => `shell(${t}).ok && !shell(${t}).dynamic && "rm" in shell(${t}).programs`,
    files: ["shell_nl2bash_sample.jsonl", "shell_tldr_sample.jsonl"],
    field: "command",
    texts: ["ls -l src | wc -l", "git status && git diff --stat", "find . -name '*.log' -mtime +7 -exec gzip {} \\;"],
  },
  {
    name: "sql()",
    call: (t) => `sql(${t}).is_read_only && sql(${t}).statement_count == 1 && "t" in sql(${t}).writes`,
    files: ["sql_benign.jsonl"],
    field: "sql",
    texts: [
      "SELECT id, name FROM customers WHERE created_at > now() - interval '7 days' ORDER BY name LIMIT 20",
      "SELECT c.region, count(*), sum(o.total) FROM orders o JOIN customers c ON c.id = o.customer_id GROUP BY 1",
    ],
  },
  {
    name: "url()",
    call: (t) => `url(${t}).ok && url(${t}).is_private && url(${t}).registrable_domain == "example.com"`,
    files: [],
    field: "url",
    texts: [
      "https://api.example.com/v1/orders?page=2",
      "http://10.0.0.1:8080/health",
      "https://docs.example.co.uk/a/b#c",
    ],
  },
];

function textsOf({ files, field, texts }) {
  const paths = files.map((file) => join(CORPORA, file)).filter(existsSync);
  const found = paths.flatMap((path) =>
    readFileSync(path, "utf8")
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line))
      .map((record) => record[field] ?? record.cmd)
      .filter((text) => typeof text === "string"),
  );
  // As many as it takes until the code is as fast as it gets.
  if (found.length === 0) return { source: "own", texts: new Array(100).fill(texts).flat() };
  const step = Math.max(1, Math.floor(found.length / TEXTS_MAX));
  return { source: "corpora", texts: found.filter((_, nth) => nth % step === 0) };
}

function ruleSetOf(when) {
  const rule = { id: "r", action: { type: "tool_call" }, when, decision: "deny", reason: "Because." };
  const content = JSON.stringify({ version: 1, policy: "bench", rules: [rule] });
  const loaded = createRuleLoader({ compiler: createCelCompiler() }).load([{ path: "bench.yaml", content }]);
  if (!loaded.ok) throw new Error(loaded.diagnostics[0].message);
  return loaded.ruleSet;
}

const activationOf = (text) => ({
  action_type: "tool_call",
  action_name: "run",
  arguments: { text },
  destination: {},
  identity: { name: "ann", roles: [], attributes: {} },
  session: {},
  context: {},
  request: { id: "r1", time: 0 },
  now: 0,
});

let sink = 0;

/** Microseconds of each decision. */
function timed(ruleSet, activations) {
  return activations.map((activation) => {
    const from = performance.now();
    sink += decide({ ruleSet, activation, cacheTtlSecondsMax: 5 }).rules.length;
    return (performance.now() - from) * 1000;
  });
}

/**
 * Of each text with each rule set, the best of some rounds: what the machine does besides is not asked.
 * @returns microseconds by rule set and text
 */
function bestOf(sets, activations) {
  const best = sets.map(() => new Array(activations.length).fill(Number.POSITIVE_INFINITY));
  for (let round = 0; round < ROUNDS; round++) {
    for (const [nth, set] of sets.entries()) {
      for (const [at, us] of timed(set, activations).entries()) best[nth][at] = Math.min(best[nth][at], us);
    }
  }
  return best;
}

const megabytes = () => process.memoryUsage().rss / 1e6;

const quantile = (values, share) => [...values].sort((a, b) => a - b)[Math.floor(values.length * share)];

const plain = ruleSetOf('arguments.text == "x" && arguments.text == "y"');
const plainActivations = textsOf(KINDS[0]).texts.map(activationOf);
// As fast as the code gets, before the first look at the clock that counts.
for (let round = 0; round < 5; round++) bestOf([plain], plainActivations);
const unloaded = { us: quantile(bestOf([plain], plainActivations)[0], 0.5), mb: megabytes() };
const from = performance.now();
await loadParsersFor(["shell(", "sql(", "url("]);
const loadMs = performance.now() - from;
const rows = [];
for (const kind of KINDS) {
  const { source, texts } = textsOf(kind);
  const best = bestOf([plain, ruleSetOf(kind.call("arguments.text"))], texts.map(activationOf));
  const [without, withCall] = best.map((times) => quantile(times, 0.5));
  rows.push({
    call: kind.name,
    texts: `${texts.length} (${source})`,
    "median length": quantile(
      texts.map((text) => text.length),
      0.5,
    ),
    "p50 without, us": without.toFixed(2),
    "p50 with, us": withCall.toFixed(2),
    "p50 more, us": (withCall - without).toFixed(2),
    ratio: (withCall / without).toFixed(1),
    "p90 with, us": quantile(best[1], 0.9).toFixed(1),
    "p99 with, us": quantile(best[1], 0.99).toFixed(1),
    target: "<= 30 more",
  });
}
console.table(rows);
const loaded = { us: quantile(bestOf([plain], plainActivations)[0], 0.5), mb: megabytes() };
console.log(`A rule set without such calls loads no parser. Its decision, p50: ${unloaded.us.toFixed(2)} us with none loaded,
${loaded.us.toFixed(2)} us beside rule sets that use them (ratio ${(loaded.us / unloaded.us).toFixed(2)}). Loading took ${loadMs.toFixed(0)} ms, and with \
all that was parsed the process grew from ${unloaded.mb.toFixed(0)} to ${loaded.mb.toFixed(0)} MB.`);
if (sink < 0) console.log(sink);
