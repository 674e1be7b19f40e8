import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { load } from "js-yaml";
import { beforeAll, describe, expect, it } from "vitest";
import { serializeRecord } from "../src/audit/index.ts";
import { createCelCompiler, loadParsersFor } from "../src/cel/index.ts";
import type { Decision } from "../src/model/decision.ts";
import { instantText } from "../src/model/instant.ts";
import { parseEvaluateRequest } from "../src/model/request.ts";
import { evaluateOffline } from "../src/operations/decisions/evaluate-offline.ts";
import { createReplay } from "../src/replay/index.ts";
import { createRuleLoader, type RuleSet } from "../src/rules/index.ts";

const DECISIONS = 10_000;
const DIR = join(import.meta.dirname, "../rules");
const files = readdirSync(DIR);
const packs = files
  .filter((name) => name.endsWith(".yaml") && !name.endsWith(".test.yaml"))
  .map((path) => ({ path, content: readFileSync(join(DIR, path), "utf8") }));

await loadParsersFor(packs.map(({ content }) => content));

function loadPacks(change = (_path: string, content: string) => content): RuleSet {
  const sources = packs.map(({ path, content }) => ({ path, content: change(path, content) }));
  const loaded = createRuleLoader({ compiler: createCelCompiler() }).load(sources);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.diagnostics));
  return loaded.ruleSet;
}

/** The shipped packs with one change, which must be there to be made. */
function planted(from: string, to: string): RuleSet {
  let found = 0;
  const ruleSet = loadPacks((_path, content) => {
    found += content.split(from).length - 1;
    return content.replace(from, to);
  });
  expect(found).toBe(1);
  return ruleSet;
}

interface Case {
  readonly request?: Record<string, unknown>;
}

/** The requests of the packs' fixtures, as they are and with other amounts, identities and sessions. */
function anyRequest(): fc.Arbitrary<Record<string, unknown>> {
  const fixtures = files.filter((name) => name.endsWith(".test.yaml"));
  const all = fixtures.flatMap((name) => (load(readFileSync(join(DIR, name), "utf8")) as { cases: Case[] }).cases);
  const requests = all.flatMap(({ request }) =>
    request !== undefined && parseEvaluateRequest(request).ok ? request : [],
  );
  const refund = { action_type: "tool_call", action_name: "stripe.refund" };
  const amounts = fc
    .integer({ min: 0, max: 60 })
    .map((amount) => ({ ...refund, arguments: { amount, charge: "ch_1" } }));
  const roles = fc.constantFrom<string[]>([], ["finance-lead"], ["admin"], ["agent"]);
  return fc
    .record({
      base: fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...requests) }, { weight: 1, arbitrary: amounts }),
      roles,
      name: fc.constantFrom("mia", "agent", "ci"),
    })
    .map(({ base, ...identity }) => ({ identity, ...(base as Record<string, unknown>) }));
}

interface Recorded {
  readonly request: Record<string, unknown>;
  readonly decision: Decision;
  readonly line: string;
}

/** As a service with these rules would have recorded it. */
function recordOf(ruleSet: RuleSet, body: Record<string, unknown>, at: number): Recorded {
  const now = Date.UTC(2026, 0, 15) + at;
  const id = `01890b6e-7c00-7000-8000-${String(at).padStart(12, "0")}`;
  const parsed = parseEvaluateRequest(body);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
  const request = parsed.value;
  const { request_id, latency_ms, ...decision } = evaluateOffline({ ruleSet, request, now, id, microseconds: () => 0 });
  const identity = { name: "local", roles: [], attributes: {}, ...request.identity };
  const line = serializeRecord({
    version: 1,
    kind: "decision",
    id,
    request_id,
    time: instantText(now),
    // What was sent, not what was made of it.
    request: body as never,
    identity,
    decision,
    key_id: id,
    latency_us: latency_ms,
  });
  return { request: body, decision, line };
}

describe(`${DECISIONS} recorded decisions of the shipped packs`, () => {
  let recorded: Recorded[];
  beforeAll(() => {
    const ruleSet = loadPacks();
    const requests = fc.sample(anyRequest(), { numRuns: DECISIONS, seed: 20_260_115 });
    recorded = requests.map((request, at) => recordOf(ruleSet, request, at));
    expect(new Set(recorded.map(({ decision }) => decision.decision)).size).toBe(3);
  });

  function replayOver(ruleSet: RuleSet) {
    const replay = createReplay({ ruleSet, filters: {}, examplesMax: DECISIONS });
    for (const { line } of recorded) replay.line(line);
    return replay.report();
  }

  const affected = (isAffected: (made: Recorded) => boolean) =>
    recorded.filter(isAffected).map(({ line }) => (JSON.parse(line) as { id: string }).id);

  it("come out the same over the rules that made them", () => {
    expect(replayOver(loadPacks())).toMatchObject({
      decisions: DECISIONS,
      compared: DECISIONS,
      unchanged: DECISIONS,
      changed: 0,
      same_decision: { count: 0 },
      undecidable: { count: 0 },
      malformed: { count: 0 },
    });
  });

  it("differ exactly where a boundary was moved", () => {
    const ruleSet = planted(
      "arguments.amount > 0 && arguments.amount <= 50\n",
      "arguments.amount > 0 && arguments.amount <= 40\n",
    );
    const isSmall = ({ request, decision: { rules } }: Recorded) =>
      rules.includes("payments/refund-small") && ((request.arguments as { amount: number }).amount ?? 0) > 40;
    const expected = affected(isSmall);
    const { changed, unchanged, same_decision, transitions } = replayOver(ruleSet);
    expect(expected.length).toBeGreaterThan(20);
    expect({ changed, unchanged, same: same_decision.count }).toEqual({
      changed: expected.length,
      unchanged: DECISIONS - expected.length,
      same: 0,
    });
    expect(transitions.flatMap(({ examples }) => examples.map(({ id }) => id)).sort()).toEqual(expected.sort());
    expect(transitions.map(({ transition }) => transition)).toEqual(["allow->approval_required"]);
  });

  it("differ exactly where a rule was taken away", () => {
    const ruleSet = planted("- id: refund-small\n", "- id: refund-small\n    enabled: false\n");
    const expected = affected(({ decision: { rules } }) => rules.includes("payments/refund-small"));
    const { changed, same_decision, by_rule } = replayOver(ruleSet);
    expect(expected.length).toBeGreaterThan(100);
    expect(changed + same_decision.count).toBe(expected.length);
    expect(by_rule.groups.every(({ before }) => before?.includes("payments/refund-small"))).toBe(true);
  });
});
