import { expect, test } from "vitest";
import { createCelCompiler } from "../../cel/index.ts";
import { createRuleLoader } from "../../rules/index.ts";
import { offlineActivation } from "../decisions/evaluate-offline.ts";
import { benchRules } from "./bench-rules.ts";

const CONTENT = `version: 1
policy: p
rules:
  - { id: cheap, action: { name: a }, decision: allow }
  - { id: dear, when: 'arguments.list.exists(x, x == "no")', decision: deny, reason: r }
  - { id: asks, action: { name: b }, decision: approval_required, reason: r }
`;

function ruleSet() {
  const loaded = createRuleLoader({ compiler: createCelCompiler() }).load([{ path: "p.yaml", content: CONTENT }]);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.diagnostics));
  return loaded.ruleSet;
}

const ask = (name: string) =>
  offlineActivation({ action_type: "tool_call", action_name: name, arguments: { list: ["x"] } }, "id", 0);

/** Every look at the clock is a microsecond later; the heap grows by 100 bytes a look, and is collected now and then. */
function createClock() {
  let [now, looks] = [0, 0];
  return {
    microseconds: () => now++,
    heapUsedBytes: () => {
      looks += 1;
      return looks % 10 === 0 ? 0 : looks * 100;
    },
  };
}

test("says how many decisions there were, how long they took, what they gave and where the time went", () => {
  const activations = [ask("a"), ask("a"), ask("b"), ask("c")];
  const report = benchRules({ ruleSet: ruleSet(), activations, seconds: 0.01 }, createClock());
  expect(report).toMatchObject({
    policy_revision: expect.stringMatching(/^sha256:/),
    rules: 3,
    requests: 4,
    latency_us: { p50: 1, p90: 1, p99: 1, max: 1 },
    candidates: 1.75,
    outcomes: { allow: 2, deny: 1, approval_required: 1 },
  });
  expect(report.decisions).toBeGreaterThan(4000);
  expect(report.decisions_per_second).toBeGreaterThan(400_000);
  expect(report.expensive_rules.map(({ id }) => id)).toEqual(["p/dear", "p/cheap", "p/asks"]);
  expect(report.expensive_rules[0]).toEqual({ id: "p/dear", us: 1, share: expect.closeTo(1 / 1.75, 2) });
  expect(report.expensive_rules.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 2);
});

test("a collection in between does not make what is allocated less", () => {
  const report = benchRules({ ruleSet: ruleSet(), activations: [ask("a")], seconds: 0.001 }, createClock());
  expect(report.allocated_bytes).toBe(1);
});

test("one request and no time give a report all the same", () => {
  const report = benchRules({ ruleSet: ruleSet(), activations: [ask("a")], seconds: 0 }, createClock());
  expect(report).toMatchObject({ decisions: 1, requests: 1, candidates: 2 });
});
