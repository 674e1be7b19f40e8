import { describe, expect, it } from "vitest";
import { createTestService, TEST_RULES } from "../../../test/test-service.ts";
import { createCelCompiler } from "../../cel/index.ts";
import { createRuleLoader, type RuleSet } from "../../rules/index.ts";
import type { ShadowOutcome } from "../../telemetry/shadow-counts.ts";
import type { Service } from "../service.ts";
import { createShadowRules, type ShadowRules } from "./shadow-rules.ts";

function ruleSetOf(content: string): RuleSet {
  const loaded = createRuleLoader({ compiler: createCelCompiler() }).load([{ path: "candidate.yaml", content }]);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.diagnostics));
  return loaded.ruleSet;
}

const STRICTER = TEST_RULES.replace("arguments.amount <= 50", "arguments.amount <= 20").replace("> 50", "> 20");

const refund = (amount: number) => ({ action_type: "tool_call", action_name: "stripe.refund", arguments: { amount } });

async function createShadowed(candidate: string, clock?: Service["clock"]) {
  const counted: string[] = [];
  const later: (() => void)[] = [];
  const slot: { shadowRules?: ShadowRules } = {};
  const forwarding: ShadowRules = {
    use: (ruleSet) => slot.shadowRules!.use(ruleSet),
    observe: (activation, ruled) => slot.shadowRules!.observe(activation, ruled),
  };
  const verdict = await createTestService({ override: { shadowRules: forwarding } });
  slot.shadowRules = createShadowRules({
    ...verdict.service,
    ...(clock && { clock }),
    metrics: { recordShadow: (active, shadow: ShadowOutcome) => void counted.push(`${active} ${shadow}`) },
    later: (run) => void later.push(run),
  });
  forwarding.use(ruleSetOf(candidate));
  const catchUp = () => {
    for (let run = later.shift(); run !== undefined; run = later.shift()) run();
  };
  const differences = async () => {
    const { body } = await verdict.request("GET", "/v1/audit?kind=shadow.differed&limit=500", {
      key: verdict.secrets.admin,
    });
    return body.items.reverse();
  };
  return { ...verdict, forwarding, counted, later, catchUp, differences };
}

describe("shadow rules", () => {
  it("change no answer, and are asked only when the answers of the turn are out", async () => {
    const { evaluate, counted, catchUp } = await createShadowed(STRICTER);
    expect((await evaluate(refund(30))).body).toMatchObject({ decision: "allow" });
    expect(counted).toEqual([]);
    catchUp();
    expect(counted).toEqual(["allow approval_required"]);
  });

  it("are counted for every request and recorded where they differ", async () => {
    const { evaluate, counted, catchUp, differences } = await createShadowed(STRICTER);
    const { request_id } = (await evaluate(refund(30))).body;
    await evaluate(refund(10));
    await evaluate(refund(60));
    catchUp();
    expect(counted).toEqual(["allow approval_required", "allow allow", "approval_required approval_required"]);
    expect(await differences()).toMatchObject([
      {
        data: {
          request_id,
          active: { decision: "allow", rule_id: "test/refund" },
          shadow: { decision: "approval_required", rule_id: "test/refund-over-cap" },
        },
      },
    ]);
  });

  it("open no approval", async () => {
    const { evaluate, catchUp, service } = await createShadowed(STRICTER);
    await evaluate(refund(30));
    catchUp();
    expect((await service.approvalStore.list({ limit: 10 }, service.clock.now())).approvals).toEqual([]);
  });

  it("do not double the log where they differ everywhere, and it says how many it leaves out", async () => {
    const { evaluate, catchUp, differences, advance, counted } = await createShadowed(STRICTER);
    for (let n = 0; n < 70; n++) await evaluate(refund(30));
    catchUp();
    expect(counted).toHaveLength(70);
    expect(await differences()).toHaveLength(60);
    advance(60_000);
    await evaluate(refund(30));
    catchUp();
    expect((await differences()).at(-1)).toMatchObject({ data: { not_recorded_before: 10 } });
  });

  it("are left out when they are too far behind", async () => {
    const { evaluate, catchUp, counted } = await createShadowed(STRICTER);
    for (let n = 0; n < 1002; n++) await evaluate(refund(10));
    catchUp();
    expect(counted.filter((each) => each === "allow skipped")).toHaveLength(2);
    expect(counted).toHaveLength(1002);
  });

  it("that take long compare fewer requests in a turn, so that decisions have theirs", async () => {
    let calls = 0;
    const clock = { now: () => 0, microseconds: () => ++calls * 300 };
    const { evaluate, counted, later } = await createShadowed(STRICTER, clock);
    for (let n = 0; n < 10; n++) await evaluate(refund(10));
    later.shift()!();
    expect(counted).toHaveLength(4);
    later.shift()!();
    expect(counted).toHaveLength(8);
  });

  it("compare nothing when there are none", async () => {
    const { evaluate, catchUp, counted, forwarding } = await createShadowed(STRICTER);
    await evaluate(refund(30));
    forwarding.use(undefined);
    await evaluate(refund(30));
    catchUp();
    expect(counted).toEqual([]);
  });

  it("that fail harm nobody", async () => {
    const { evaluate, catchUp, counted, forwarding } = await createShadowed(STRICTER);
    forwarding.use({
      select() {
        throw new Error("a bug");
      },
    } as unknown as RuleSet);
    expect((await evaluate(refund(30))).body).toMatchObject({ decision: "allow" });
    catchUp();
    expect(counted).toEqual(["allow failed"]);
  });
});
