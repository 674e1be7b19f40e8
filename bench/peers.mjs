// Decisions per CPU second beside Cerbos, OPA and Cedar, with equivalent rules that are generated from one description and
// give equal decisions before anything is timed:
//
//   npm run bench -- peers [--rules 1000] [--rounds 7] [--seconds 3] [--checked 10000]
//
// A peer that is not installed is skipped with a notice. DATABASE_URL names a PostgreSQL where databases may be made.
import { parseArgs } from "node:util";
import { askEach, CONNECTIONS, loadOnce } from "./http-load.mjs";
import { findCedar } from "./peers/cedar.mjs";
import { findCerbos } from "./peers/cerbos.mjs";
import { compareInProcess } from "./peers/in-process.mjs";
import { findOpa, INSTALL_OPA } from "./peers/opa.mjs";
import { requestsOf, rulesOf } from "./peers/rules.mjs";
import { startServers } from "./peers/servers.mjs";
import { verdict } from "./peers/verdict.mjs";
import { median } from "./percentiles.mjs";
import { startReport } from "./report.mjs";
import { barChart } from "./svg-chart.mjs";

const { values } = parseArgs({
  options: {
    rules: { type: "string", default: "1000" },
    rounds: { type: "string", default: "7" },
    seconds: { type: "string", default: "3" },
    checked: { type: "string", default: "10000" },
  },
});
const [rounds, seconds, checked] = [values.rounds, values.seconds, values.checked].map(Number);
const WARM_UP_SECONDS = 5;
const BODIES = 256;

const INSTALL_PACKAGES = "npm --prefix bench/peers ci";
const peers = { cerbos: findCerbos(), opa: findOpa(), cedar: findCedar() };
const report = startReport("peers", "Peers: decisions per CPU second");
report.list([
  peers.cerbos === undefined
    ? `Cerbos: **skipped**, not installed here: \`${INSTALL_PACKAGES}\` (Linux on x64)`
    : `Cerbos ${peers.cerbos.version}, decision log into a file`,
  peers.opa === undefined
    ? `OPA: **skipped**, not installed: \`${INSTALL_OPA}\``
    : `OPA ${peers.opa.version}, decision log to the console, which is a file`,
  peers.cedar === undefined
    ? `Cedar: **skipped**, not installed: \`${INSTALL_PACKAGES}\``
    : `Cedar ${peers.cedar.version}, wasm, policies parsed before`,
]);

/** @throws when an engine decides one request differently, or by other rules if it tells them: then nothing is compared */
async function assertEqualDecisions({ name, server, engine }, requests, expected) {
  const bodies = requests.map((request) => JSON.stringify(engine.bodyOf(request)));
  const answers = await askEach({ ...server, path: engine.path }, bodies);
  for (const [nth, text] of answers.entries()) {
    const answer = JSON.parse(text);
    const rules = engine.rulesOf?.(answer).sort() ?? expected[nth].rules;
    const decided = JSON.stringify({ decision: engine.decisionOf(answer), rules });
    if (decided !== JSON.stringify(expected[nth])) {
      throw new Error(`${name} says ${text} to ${bodies[nth]}, and not ${JSON.stringify(expected[nth])}`);
    }
  }
}

async function measureServers(servers, requests) {
  const loaded = servers.map(({ name, server, engine = verdict }) => {
    const bodies = requests.slice(0, BODIES).map((request) => JSON.stringify(engine.bodyOf(request)));
    return { name, server: { ...server, path: engine.path, bodies } };
  });
  for (const { server } of loaded) await loadOnce(server, WARM_UP_SECONDS);
  const results = [];
  for (let round = 0; round < rounds; round++) {
    const result = {};
    // Each has every place in the round in turn.
    for (let nth = 0; nth < loaded.length; nth++) {
      const { name, server } = loaded[(nth + round) % loaded.length];
      result[name] = await loadOnce(server, seconds);
    }
    results.push(result);
  }
  return results;
}

function reportServers(servers, results, ruleCount) {
  const of = (name, figure) => median(results.map((result) => result[name][figure]));
  const ours = servers.filter(({ engine }) => engine === verdict);
  const ratio = (name, mine) => {
    const all = results.map((result) => result[name].cpuUs / result[mine].cpuUs).sort((a, b) => a - b);
    return `**${median(all).toFixed(1)}** (${all[0].toFixed(1)} to ${all.at(-1).toFixed(1)})`;
  };
  report.table(
    [
      "engine",
      "us CPU a decision",
      "decisions per CPU second",
      "p50 / p99",
      ...ours.map(({ name }) => `CPU against ${name}`),
    ],
    servers.map(({ name, engine }) => [
      name,
      of(name, "cpuUs").toFixed(1),
      Math.round(1e6 / of(name, "cpuUs")).toLocaleString("en"),
      `${of(name, "p50")} / ${of(name, "p99")} ms`,
      ...ours.map((mine) => (engine === verdict ? "" : ratio(name, mine.name))),
    ]),
  );
  report.chart(
    `peers-${ruleCount}-rules`,
    "Decisions per CPU second of each engine",
    barChart({
      title: `Decisions per CPU second over HTTP, ${ruleCount.toLocaleString("en")} rules, decision logs on`,
      unit: "/s",
      bars: servers.map(({ name, engine }) => ({ name, value: 1e6 / of(name, "cpuUs"), isOurs: engine === verdict })),
    }),
  );
}

async function compareAt(ruleCount) {
  const rules = rulesOf(ruleCount);
  const requests = requestsOf(checked, ruleCount);
  report.text(`## ${ruleCount.toLocaleString("en")} rules`);
  const inProcess = compareInProcess({ rules, requests, cedar: peers.cedar, rounds });
  const { servers, stop } = await startServers({ rules, peers, databaseUrl: process.env.DATABASE_URL });
  try {
    for (const each of servers) if (each.engine) await assertEqualDecisions(each, requests, inProcess.decisions);
    const allowed = inProcess.decisions.filter(({ decision }) => decision === "allow").length;
    report.text(
      `All decide ${requests.length.toLocaleString("en")} requests equally (${allowed} allowed), by the same rules. Over HTTP, ` +
        `${CONNECTIONS} connections, medians of ${rounds} rounds of ${seconds} s, ratios with the least and the most of a round:`,
    );
    reportServers(servers, await measureServers(servers, requests), ruleCount);
    if (inProcess.row !== undefined) {
      report.text("In process, one after the other in every round:");
      report.table(
        ["Verdict, us CPU a decision", "Cedar, us CPU a decision", "Cedar against Verdict"],
        [inProcess.row],
      );
    }
  } finally {
    await stop();
  }
}

for (const count of values.rules.split(",").map(Number)) await compareAt(count);
report.text("## What is not equal");
report.list([
  "Verdict looks up an API key and its right to name an identity; Cerbos and OPA let everybody ask.",
  "Verdict's answer waits until its record is written (`os`), without what looks like a secret, in a chain of hashes with signed checkpoints; Cerbos and OPA write plain lines.",
  "Verdict answers with the rules that decided and a reason, Cerbos with the effect of the action. OPA is asked for a boolean, where it may stop at the first rule that is true, and for the rules that decided, as Verdict is.",
  "`Verdict, moved to PostgreSQL` and `embedded` also bring every record into a database, and count until the last has arrived (of PostgreSQL itself only what Verdict's process spends); the peers leave theirs in the file, as `Verdict, records in a file` does, whose database is away.",
  "Each has the form of the rules that is cheapest for it: in Cerbos one policy for each type of action, with names as its actions and roles as one attribute; in OPA equalities first, for its index; in Cedar the type and exact names in the scope, and roles as parents.",
  "CPU is user and system time of the server's process, all of its threads. The clients are not counted.",
]);
report.write();
process.exit();
