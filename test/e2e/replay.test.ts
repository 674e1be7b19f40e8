import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { createRuleDirectory } from "../../src/adapters/fs/rule-directory.ts";
import { activationOf, type DecisionRecord, decisionOfRules } from "../../src/audit/index.ts";
import { createCelCompiler } from "../../src/cel/index.ts";
import { decide } from "../../src/engine/index.ts";
import type { Decision } from "../../src/model/decision.ts";
import type { EvaluateResponse } from "../../src/model/response.ts";
import { createRuleLoader, type RuleSet } from "../../src/rules/index.ts";
import { readPackFixtures } from "../fixtures/shipped-packs.ts";
import { type ShownRecord, startService, type TestedService } from "./service.ts";
import { copyOfShippedRules, temporaryFolder } from "./temporary-folder.ts";

/** The default of `VERDICT_CACHE_TTL_SECONDS`, under which the service runs here. */
const CACHE_TTL_SECONDS = 5;
const REQUESTS = 300;
const BATCH = 50;

type EvaluateBody = { readonly explain: boolean };

describe("a record and its rule set", () => {
  let service: TestedService;
  let ruleSet: RuleSet;
  beforeAll(async () => {
    const rulesDir = copyOfShippedRules();
    service = await startService({ rulesDir, env: { VERDICT_APPROVALS_PENDING_MAX: "10000" } });
    ruleSet = await loadRules(rulesDir);
  });

  const replay = (record: ShownRecord) => replayOn(ruleSet, record);

  it("give the same decision again, for requests of every kind", async () => {
    const requests = fc.sample(anyRequest(), { numRuns: REQUESTS, seed: 20_260_115 });
    const answers = await evaluateAll(requests);

    const all = await service.auditRecords("kind=decision");
    expect(all).toHaveLength(REQUESTS);
    // A rule may have read what was redacted: those cannot be made again, and say so.
    const records = all.filter((record) => !("redacted" in record));
    expect(records.length).toBeGreaterThan(REQUESTS * 0.9);
    for (const record of records) {
      expect(replay(record)).toEqual(decisionOfRules(record as unknown as DecisionRecord));
    }

    // Record and answer are the same decision, not two that happen to agree with themselves.
    const byId = new Map(records.map((record) => [record.id, record]));
    for (const { request_id, latency_ms: _, explanation: __, ...decision } of answers) {
      const record = byId.get(request_id) as unknown as DecisionRecord | undefined;
      if (record !== undefined) expect(record.decision).toEqual(decision);
    }
    expect(new Set(answers.map(({ policy_revision }) => policy_revision))).toEqual(new Set([ruleSet.revision]));

    // The requests are worth it: every outcome, and most rules, are among them.
    expect(new Set(answers.map(({ decision }) => decision))).toEqual(new Set(["allow", "deny", "approval_required"]));
    const decided = new Set(answers.flatMap(({ rules }) => rules));
    expect(decided.size).toBeGreaterThan(ruleSet.rules.length / 2);
  });

  it("give the same decision again for numbers that JSON can write and a double cannot keep", async () => {
    const rulesDir = join(temporaryFolder(), "rules");
    mkdirSync(rulesDir);
    writeFileSync(join(rulesDir, "numbers.yaml"), NUMBER_RULES);
    const numbers = await startService({ rulesDir });
    const rules = await loadRules(rulesDir);
    const ask = (number: string) =>
      numbers.call("POST", "/v1/policy/evaluate", {
        key: numbers.keys.agent,
        body: `{"action_type":"t","action_name":"n","arguments":{"x":${number}}}`,
      });
    for (const number of ["1e400", "-1e400", "1e308", "9007199254740993", "123456789012345678901234567890"]) {
      const { status, body } = await ask(number);
      expect([number, status, body.decision]).toEqual([number, 400, "deny"]);
    }
    for (const number of ["-0.0", "-1e-400", "5e-324", "1.0", "-1.5", "9007199254740991"]) {
      const { body: answer } = await ask(number);
      const { body: record } = await numbers.call<ShownRecord>("GET", `/v1/audit/${answer.request_id}`, {
        key: numbers.keys.admin,
      });
      const recorded = decisionOfRules(record as unknown as DecisionRecord);
      expect([number, replayOn(rules, record)]).toEqual([number, recorded]);
      expect([number, answer.rules]).toEqual([number, recorded.rules]);
    }
  });

  /** Half of them in batches, which take no `explain`, half one by one. */
  async function evaluateAll(requests: readonly EvaluateBody[]): Promise<EvaluateResponse[]> {
    const answers: EvaluateResponse[] = [];
    for (const request of requests.filter(({ explain }) => explain)) {
      answers.push(await service.evaluate(request, service.keys.gateway));
    }
    const rest = requests.filter(({ explain }) => !explain);
    for (let from = 0; from < rest.length; from += BATCH) {
      const answer = await service.call<{ results: EvaluateResponse[] }>("POST", "/v1/policy/evaluate/batch", {
        key: service.keys.gateway,
        body: { requests: rest.slice(from, from + BATCH) },
      });
      expect(answer.status).toBe(200);
      answers.push(...answer.body.results);
    }
    return answers;
  }
});

function replayOn(ruleSet: RuleSet, record: ShownRecord): Decision {
  if (record.kind !== "decision") throw new Error(`a ${record.kind} among decisions`);
  const activation = activationOf(record);
  return decide({ ruleSet, activation, cacheTtlSecondsMax: CACHE_TTL_SECONDS });
}

/** Tell apart what is equal as a number and not the same. */
const NUMBER_RULES = `
version: 1
policy: numbers
rules:
  - { id: positive, when: 1.0 / arguments.x > 0.0, decision: allow, reason: The reciprocal is positive. }
  - { id: text, when: string(arguments.x).startsWith("-"), decision: approval_required, reason: Written with a minus. }
  - { id: huge, when: arguments.x > 1e15, decision: deny, reason: Larger than any amount. }
`;

async function loadRules(dir: string): Promise<RuleSet> {
  const read = await createRuleDirectory({ dir }).read();
  const loaded = read.ok ? createRuleLoader({ compiler: createCelCompiler() }).load(read.sources) : read;
  if (!("ruleSet" in loaded)) throw new Error(JSON.stringify(loaded.diagnostics));
  return loaded.ruleSet;
}

/** The fixtures of the packs, which reach every rule, and those again with arguments, identity and context changed at random. */
function anyRequest(): fc.Arbitrary<EvaluateBody> {
  const cases = readPackFixtures().flatMap((file) => file.cases);
  const requests = cases.map(({ request }) => request);
  const identities = [
    ...new Map(cases.map(({ activation: { identity } }) => [JSON.stringify(identity), identity])).values(),
  ];
  const argumentNames = [...new Set(requests.flatMap(({ arguments: args }) => Object.keys((args ?? {}) as object)))];

  const names = fc.constantFrom(...argumentNames, "constructor", "__proto__", "toString", "$typeName", "");
  const numbers = fc.oneof(fc.double({ noNaN: true }), fc.maxSafeInteger(), fc.constantFrom(0, 50, 50.01, 1001));
  const values = fc.oneof(fc.jsonValue({ maxDepth: 4 }), numbers, fc.string({ unit: "grapheme" }));
  const changes = fc.array(fc.tuple(names, values), { maxLength: 3 });

  return fc
    .record({
      base: fc.constantFrom(...requests),
      changes: fc.oneof({ weight: 2, arbitrary: fc.constant([]) }, { weight: 3, arbitrary: changes }),
      identity: fc.option(fc.constantFrom(...identities), { nil: undefined }),
      session_id: fc.option(fc.string({ minLength: 1, maxLength: 20, unit: "grapheme" }), { nil: undefined }),
      explain: fc.boolean(),
    })
    .map(({ base, changes: changed, identity, session_id, explain }) => ({
      ...base,
      ...(identity === undefined ? undefined : { identity }),
      ...(session_id === undefined ? undefined : { session_id }),
      explain,
      arguments: Object.fromEntries([...Object.entries((base.arguments ?? {}) as object), ...changed]),
    }))
    .map(
      (request) => JSON.parse(JSON.stringify(request), (_, value) => (isTooLarge(value) ? 0 : value)) as EvaluateBody,
    );
}

/** Refused by the service: whole numbers that a double does not hold exactly. */
const isTooLarge = (value: unknown) => typeof value === "number" && Math.abs(value) > Number.MAX_SAFE_INTEGER;
