import { createCelCompiler } from "../../dist/cel/index.js";
import { decide } from "../../dist/engine/index.js";
import { toActivation } from "../../dist/model/to-activation.js";
import { createRuleLoader } from "../../dist/rules/index.js";
import { openCedar } from "./cedar.mjs";
import { sourcesOf, verdict } from "./verdict.mjs";

/** Cedar takes milliseconds, so it decides fewer requests in a round; both decide the same ones. */
const CEDAR_REQUESTS = 100;
const VERDICT_TURNS = 500;

/**
 * Decides in this process, with what each engine takes from a program: a request as plain values.
 * @returns the decisions of all requests and the rules that made them; with Cedar also a row of both engines' CPU time and ratio
 * @throws when Cedar decides one differently or by other rules
 */
export function compareInProcess({ rules, requests, cedar, rounds }) {
  const decides = openVerdict(rules);
  const decisions = requests.map((request) => {
    const decided = decides(request);
    return { decision: verdict.decisionOf(decided), rules: verdict.rulesOf(decided).sort() };
  });
  if (cedar === undefined) return { decisions };
  const cedarDecides = openCedar(cedar, rules);
  for (const [nth, request] of requests.entries()) {
    const { decision, diagnostics } = cedarDecides(request);
    const cedars = { decision, rules: [...diagnostics.reason].sort() };
    if (diagnostics.errors.length > 0 || JSON.stringify(cedars) !== JSON.stringify(decisions[nth])) {
      const [ours, theirs] = [decisions[nth], cedars].map((decided) => JSON.stringify(decided));
      throw new Error(`Verdict says ${ours} and Cedar ${theirs} to ${JSON.stringify(request)}`);
    }
  }
  const times = [];
  for (let round = 0; round < rounds; round++) {
    const some = Array.from(
      { length: CEDAR_REQUESTS },
      (_, nth) => requests[(round * CEDAR_REQUESTS + nth) % requests.length],
    );
    const [ours, theirs] = [cpuUsOf(decides, some, VERDICT_TURNS), cpuUsOf(cedarDecides, some, 1)];
    times.push({ ours, theirs, ratio: theirs / ours });
  }
  return { decisions, row: rowOf(times) };
}

function rowOf(times) {
  const sorted = (figure) => times.map((time) => time[figure]).sort((a, b) => a - b);
  const middle = (figure) => sorted(figure)[times.length >> 1];
  const ratios = sorted("ratio").map((ratio) => ratio.toFixed(0));
  return [
    middle("ours").toFixed(2),
    middle("theirs").toFixed(0),
    `**${middle("ratio").toFixed(0)}** (${ratios[0]} to ${ratios.at(-1)})`,
  ];
}

function openVerdict(rules) {
  const loaded = createRuleLoader({ compiler: createCelCompiler() }).load(sourcesOf(rules));
  if (!loaded.ok) throw new Error(loaded.diagnostics[0].message);
  const { ruleSet } = loaded;
  return (request) => {
    const { identity, ...asked } = verdict.bodyOf(request);
    return decide({ ruleSet, activation: toActivation(asked, identity, "r", 0), cacheTtlSecondsMax: 5 });
  };
}

/** Microseconds of this process's CPU a decision, collector threads included. */
function cpuUsOf(decides, requests, turns) {
  const before = process.cpuUsage();
  for (let turn = 0; turn < turns; turn++) for (const request of requests) decides(request);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / (requests.length * turns);
}
