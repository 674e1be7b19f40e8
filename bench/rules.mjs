// Load, reload and index: run `npm run build` first, then `node bench/rules.mjs`. Prints one table of medians.
import { createCelCompiler } from "../dist/cel/index.js";
import { createRuleLoader } from "../dist/rules/index.js";

const RULES_MAX = 10_000;
const ACTIONS = ["tool_call", "http_request", "sql_query", "command_exec", "file_access", "message_send"];

/** What rule authors write: an action or two, a condition of some terms, most of them about a path that can be absent. */
const SHAPES = [
  (n) => [
    `{ type: tool_call, name: "svc${n}.refund" }`,
    `arguments.amount > ${n % 500}.0 && !("lead-${n % 40}" in identity.roles)`,
  ],
  (n) => [`{ type: http_request }`, `destination.domain == "api${n}.example.com" && arguments.method != "GET"`],
  (n) => [
    `{ type: [file_access, tool_call], name: "fs${n}.*" }`,
    `arguments.path.startsWith("/srv/app${n}/") && !arguments.path.contains("..")`,
  ],
  (n) => [
    `{ type: sql_query }`,
    `arguments.database == "db${n}" && arguments.query.matches("(?i)^\\\\s*(drop|truncate)\\\\s+t${n}")`,
  ],
  (n) => [
    `{ type: message_send }`,
    `arguments.to.endsWith("@partner${n}.example") && size(arguments.body) > ${n % 1000}`,
  ],
  (n) => [`{ name: "job${n}-*" }`, `identity.tenant == "tenant-${n % 200}" || "admin" in identity.roles`],
  (n) => [
    undefined,
    `action_name == "tool${n}" && "team-${n % 50}" in identity.roles && arguments.env in ["prod", "staging"]`,
  ],
];
const DECISIONS = ["deny", "approval_required", "allow"];

function ruleText(n, mark = "") {
  const [action, when] = SHAPES[n % SHAPES.length](n);
  return `  - id: rule-${n}
    name: Rule number ${n}
    description: Keeps what team ${n % 50} agreed on; see the register of decisions.
${action === undefined ? "" : `    action: ${action}\n`}    when: >-
      ${when}
    decision: ${DECISIONS[n % 3]}
    reason: Rule ${n} stops this because of an agreement${mark}. Ask team ${n % 50}.
    priority: ${n % 5}
`;
}

function fileOf(policy, from, to, changed) {
  const parts = [`version: 1\npolicy: ${policy}\nrules:\n`];
  for (let n = from; n < to; n++) parts.push(ruleText(n, n === changed ? " (changed)" : ""));
  return parts.join("");
}

function sourcesOf(count, files, changed) {
  const each = Math.ceil(count / files);
  return Array.from({ length: files }, (_, nth) => ({
    path: `rules-${String(nth).padStart(3, "0")}.yaml`,
    content: fileOf(`p${nth}`, nth * each, Math.min(count, (nth + 1) * each), changed),
  }));
}

function activationOf(n) {
  const tool = n % SHAPES.length;
  return {
    action_type: ACTIONS[n % ACTIONS.length],
    action_name: [`svc${n}.refund`, "POST /v1/x", `fs${n}.read`, "psql", "mail", `job${n}-run`, `tool${n}`][tool],
    arguments: {
      amount: n,
      method: "POST",
      path: `/srv/app${n}/x`,
      database: `db${n}`,
      query: "select 1",
      to: `a@partner${n}.example`,
      body: "hello",
      env: "prod",
    },
    // Every third action goes nowhere: the domain is absent.
    destination: n % 3 === 0 ? {} : { domain: `api${n}.example.com`, scheme: "https", port: 443 },
    identity: { name: "agent", roles: ["agent", `team-${n % 50}`], tenant: `tenant-${n % 200}`, attributes: {} },
    session: { id: "s" },
    context: {},
    request: { id: "r", time: 0 },
    now: 0,
  };
}

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
function timed(run) {
  const start = performance.now();
  run();
  return performance.now() - start;
}

function measureLoads(files) {
  const loads = [];
  const reloads = [];
  let loader;
  for (let round = 0; round < 3; round++) {
    loader = createRuleLoader({ compiler: createCelCompiler() });
    const sources = sourcesOf(RULES_MAX, files);
    loads.push(timed(() => ruleSetOf(loader, sources)));
  }
  for (let round = 0; round < 9; round++) {
    const sources = sourcesOf(RULES_MAX, files, (round * 1237) % RULES_MAX);
    reloads.push(timed(() => ruleSetOf(loader, sources)));
  }
  return { load: loads[0], loadAgain: median(loads), reload: median(reloads) };
}

function measureSelect(count) {
  const set = ruleSetOf(createRuleLoader({ compiler: createCelCompiler() }), sourcesOf(count, 1));
  const requests = Array.from({ length: 1024 }, (_, n) => activationOf(Math.floor((n * count) / 1024)));
  let candidates = 0;
  const runs = [];
  for (let round = 0; round < 9; round++) {
    candidates = 0;
    const rounds = 40;
    const ms = timed(() => {
      for (let again = 0; again < rounds; again++)
        for (const request of requests) candidates += set.select(request).candidates.length;
    });
    runs.push((ms * 1000) / (requests.length * rounds));
    candidates /= requests.length * rounds;
  }
  const notIndexable = set.warnings.filter((warning) => warning.code === "not-indexable").length;
  return { us: median(runs), candidates, notIndexable };
}

const rows = [["claim", "target", "measured"]];
for (const files of [1, 100]) {
  const { load, loadAgain, reload } = measureLoads(files);
  const where = files === 1 ? "one file" : `${files} files`;
  rows.push([
    `load 10,000 rules, ${where}`,
    "<= 1500 ms",
    `${load.toFixed(0)} ms first, ${loadAgain.toFixed(0)} ms median`,
  ]);
  rows.push([`reload after one changed rule, ${where}`, "<= 100 ms", `${reload.toFixed(0)} ms`]);
}
for (const count of [10, 100, 1000, 10_000]) {
  const target = { 1000: "<= 1.3 us", 10000: "<= 2 us" }[count] ?? "";
  const { us, candidates, notIndexable } = measureSelect(count);
  const note = `${candidates.toFixed(2)} candidates, ${notIndexable} rules not indexable`;
  rows.push([`select at ${count.toLocaleString("en")} rules`, target, `${us.toFixed(2)} us (${note})`]);
}
const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
rows.splice(
  1,
  0,
  widths.map((width) => "-".repeat(width)),
);
for (const row of rows) console.log(`| ${row.map((cell, column) => cell.padEnd(widths[column])).join(" | ")} |`);
