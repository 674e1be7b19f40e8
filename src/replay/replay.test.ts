import { describe, expect, it } from "vitest";
import { fakeRule, fakeRuleSet } from "../../test/fake-rules.ts";
import type { Decision, Effect } from "../model/decision.ts";
import { createReplay } from "./replay.ts";

const ID = "01890b6e-7c00-7000-8000-000000000000";

const decision = (effect: Effect, rules: readonly string[], rest: Partial<Decision> = {}): Decision => ({
  decision: effect,
  reason: "Because.",
  reason_code: rules.length === 0 ? "no_matching_rule" : "rule_matched",
  rules,
  obligations: [],
  errors: [],
  policy_revision: "sha256:old",
  cache_ttl_seconds: 5,
  ...rest,
});

interface Recorded {
  readonly id?: string;
  readonly request?: unknown;
  readonly identity?: unknown;
  readonly decision?: unknown;
  readonly ruled?: Decision;
  readonly redacted?: readonly string[];
}

const record = (rest: Recorded = {}) =>
  JSON.stringify({
    version: 1,
    kind: "decision",
    id: ID,
    request_id: ID,
    time: "2026-01-15T10:00:00.000Z",
    request: { action_type: "tool_call", action_name: "get", arguments: { amount: 1 } },
    identity: { name: "agent", roles: [], attributes: {} },
    decision: decision("allow", ["p/a"]),
    key_id: ID,
    latency_us: 1,
    ...rest,
  });

const ALLOW = fakeRuleSet([fakeRule("p/a")]);
const DENY = fakeRuleSet([fakeRule("p/b", { decision: "deny" })]);

function replayed(lines: readonly string[], { ruleSet = ALLOW, filters = {}, examplesMax = 2 } = {}) {
  const replay = createReplay({ ruleSet, filters, examplesMax });
  for (const line of lines) replay.line(line);
  return replay.report();
}

describe("a replay", () => {
  it("finds no difference where the rules decide as they did, whatever they say and whatever their revision", () => {
    const report = replayed([record(), record()]);
    expect(report).toMatchObject({ records: 2, decisions: 2, compared: 2, unchanged: 2, changed: 0, transitions: [] });
    expect(report.revisions).toEqual([{ revision: "sha256:old", count: 2 }]);
  });

  it("tells what changes by transition, rule, identity and action, with no more examples than asked for", () => {
    const lines = [record(), record(), record({ identity: { name: "mia", roles: [], attributes: {} } })];
    const report = replayed(lines, { ruleSet: DENY });
    const example = {
      id: ID,
      time: "2026-01-15T10:00:00.000Z",
      action_type: "tool_call",
      action_name: "get",
      identity: "agent",
      before: { decision: "allow", reason_code: "rule_matched", rules: ["p/a"] },
      after: { decision: "deny", reason_code: "rule_matched", rules: ["p/b"] },
    };
    const transitions = { "allow->deny": 3 };
    expect(report).toMatchObject({ changed: 3, unchanged: 0 });
    expect(report.transitions).toEqual([{ transition: "allow->deny", count: 3, examples: [example, example] }]);
    expect(report.by_rule).toEqual({
      groups: [{ before: "p/a", after: "p/b", count: 3, transitions, examples: [ID, ID] }],
      others: 0,
    });
    expect(report.by_identity.groups.map(({ identity, count }) => [identity, count])).toEqual([
      ["agent", 2],
      ["mia", 1],
    ]);
    expect(report.by_action.groups).toEqual([
      { action_type: "tool_call", action_name: "get", count: 3, transitions, examples: [ID, ID] },
    ]);
  });

  it("tells apart the same answer by another rule, or with other obligations", () => {
    const duty = fakeRuleSet([fakeRule("p/a", { obligations: [{ type: "redact", params: {} }] })]);
    for (const [line, ruleSet] of [
      [record({ decision: decision("allow", ["p/z"]) }), ALLOW],
      [record({ decision: decision("deny", []) }), DENY],
      [record(), duty],
    ] as const) {
      const report = replayed([line], { ruleSet });
      expect(report).toMatchObject({ changed: 0, unchanged: 0, transitions: [], same_decision: { count: 1 } });
      expect(report.by_rule.groups).toHaveLength(1);
      expect(report.by_identity.groups).toEqual([]);
    }
  });

  it("holds the rules against what the rules alone decided, not against what a person made of it", () => {
    const granted = record({
      decision: decision("allow", ["p/b"], { reason_code: "approval_granted" }),
      ruled: decision("deny", ["p/b"]),
    });
    expect(replayed([granted], { ruleSet: DENY })).toMatchObject({ unchanged: 1 });
  });

  it.each(["policy_not_ready", "internal_error", "audit_unavailable"] as const)(
    "compares nothing with a deny for %s, and counts it",
    (reason_code) => {
      const report = replayed([record({ decision: decision("deny", [], { reason_code }) })]);
      expect(report).toMatchObject({ decisions: 1, compared: 0, not_by_rules: { [reason_code]: 1 } });
    },
  );

  it("counts records of other kinds, and lines that are no records with their numbers", () => {
    const event = JSON.stringify({ version: 1, kind: "key.created", id: ID, time: "2026-01-15T10:00:00Z", data: {} });
    const deep = `{"a":`.repeat(100) + 1 + "}".repeat(100);
    const bad = [
      ["{", "not JSON"],
      ["[]", "not a JSON object"],
      ['{"kind":"recipe"}', "not a record"],
      ['{"kind":"decision","version":2}', "a version that is not known"],
      ['{"kind":"decision","version":1}', "a decision without all that belongs to one"],
      [record({ request: { action_type: "tool_call" } }), "a request that would not be decided on, or no time"],
      [record().replace("10:00:00.000Z", "noon"), "a request that would not be decided on, or no time"],
      [record().replace('"amount":1', `"amount":${deep}`), "a request that would not be decided on, or no time"],
    ] as const;
    const lines = [event, ...bad.map(([line]) => line)];
    const report = replayed(lines, { examplesMax: 20 });
    expect(report.malformed.examples).toEqual(bad.map(([, detail], at) => ({ line: at + 2, detail })));
    expect(report.malformed.count).toBe(bad.length);
    expect(report).toMatchObject({ decisions: 0, compared: 0 });
    expect(replayed(lines, { examplesMax: 1 }).malformed).toMatchObject({ count: bad.length, examples: { length: 1 } });
  });

  it("knows a whole export from one that was cut off", () => {
    const trailer = (records: number) => JSON.stringify({ version: 1, kind: "export.end", records });
    expect(replayed([record(), trailer(1)])).toMatchObject({ is_complete: true, records: 1 });
    expect(replayed([record(), trailer(2)]).is_complete).toBe(false);
    expect(replayed([record()]).is_complete).toBe(false);
    expect(replayed([trailer(0), record()]).is_complete).toBe(false);
  });

  it("takes only the decisions that the filters select", () => {
    const lines = [
      record(),
      record({ id: "01890b6e-7c01-7000-8000-000000000000", request: { action_type: "sql_query", action_name: "q" } }),
      record({ id: "01890b6e-7c02-7000-8000-000000000000", decision: decision("deny", ["p/z"]) }),
    ];
    const at = 0x01890b6e7c01;
    const count = (filters: object) => replayed(lines, { filters }).decisions;
    expect(count({})).toBe(3);
    expect(count({ from: at })).toBe(2);
    expect(count({ to: at })).toBe(1);
    expect(count({ from: at, to: at + 1 })).toBe(1);
    expect(count({ action_type: "sql_query" })).toBe(1);
    expect(count({ action_name: "get" })).toBe(2);
    expect(count({ decision: "deny" })).toBe(1);
    expect(count({ rule_id: "p/z" })).toBe(1);
    expect(count({ identity: "mia" })).toBe(0);
    expect(count({ session_id: "s" })).toBe(0);
  });

  it("sees zero where a request says minus zero, as the rules did", () => {
    const isZero = fakeRule("p/a", { outcome: ({ arguments: { amount } }) => Object.is(amount, 0) });
    const line = record().replace('"amount":1', '"amount":-0.0');
    expect(replayed([line], { ruleSet: fakeRuleSet([isZero]) }).unchanged).toBe(1);
  });
});

describe("a replay of a record with redacted parts", () => {
  const readsAmount = fakeRuleSet([fakeRule("p/a", { outcome: ({ arguments: { amount } }) => amount === 1 })]);
  const undecidable = { decisions: 1, compared: 0, undecidable: { count: 1 } };

  it("decides where no rule reads them, and says that it cannot where one does", () => {
    const request = { action_type: "t", action_name: "n", arguments: { amount: 1, token: "[redacted:x]" } };
    const elsewhere = record({ request, redacted: ["/request/arguments/token", "/request/context/intent"] });
    const amount = record({ redacted: ["/request/arguments/amount"] });
    expect(replayed([elsewhere], { ruleSet: readsAmount })).toMatchObject({ compared: 1, unchanged: 1 });
    expect(replayed([amount], { ruleSet: readsAmount })).toMatchObject(undecidable);
    expect(replayed([amount], { ruleSet: ALLOW })).toMatchObject({ compared: 1, unchanged: 1 });
    expect(replayed([amount], { ruleSet: readsAmount }).undecidable.examples).toMatchObject([
      { id: ID, redacted: ["/request/arguments/amount"] },
    ]);
  });

  it.each([
    ["the request as a whole", { request: "[redacted:dense:0123456789abcdef]", redacted: ["/request"] }],
    ["the identity as a whole", { identity: "[redacted:dense:0123456789abcdef]", redacted: ["/identity"] }],
    ["the decision", { decision: "[redacted:dense:0123456789abcdef]", redacted: ["/decision"] }],
    ["the rules of the decision", { redacted: ["/decision/rules/0"] }],
    ["its obligations", { redacted: ["/decision/obligations"] }],
    ["a field that nobody knows", { redacted: ["/request/something"] }],
    ["a field of the record that nobody knows", { redacted: ["/something"] }],
    ["everything", { redacted: [""] }],
  ] as const)("says that it cannot where %s was redacted, whatever the rules read", (_name, rest) => {
    expect(replayed([record(rest)], { ruleSet: ALLOW })).toMatchObject(undecidable);
  });

  it.each([
    "/decision/reason",
    "/decision/errors/0/message",
    "/client_request_id",
    "/approval/votes/0/note",
    "/request/identity/name",
    "/request/approval_id",
  ])("decides where %s was redacted, which no rule sees", (pointer) => {
    expect(replayed([record({ redacted: [pointer] })], { ruleSet: readsAmount })).toMatchObject({ unchanged: 1 });
  });

  it("takes any name to be one that was there, where a name itself was redacted", () => {
    const redacted = ["/request/arguments/[redacted:token:0123456789abcdef]"];
    expect(replayed([record({ redacted })], { ruleSet: readsAmount })).toMatchObject(undecidable);
  });

  it("takes a URL to say all of the destination", () => {
    const readsDomain = fakeRuleSet([fakeRule("p/a", { outcome: ({ destination }) => destination.domain === "a.b" })]);
    const request = { action_type: "http_request", action_name: "GET", destination: { url: "https://a.b/?k=x" } };
    const redacted = ["/request/destination/url"];
    expect(replayed([record({ request, redacted })], { ruleSet: readsDomain })).toMatchObject(undecidable);
  });
});
