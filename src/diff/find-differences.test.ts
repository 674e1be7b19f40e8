import { describe, expect, it } from "vitest";
import { createCelCompiler } from "../cel/index.ts";
import { DEFAULT_NOW } from "../fixtures/activation-of-request.ts";
import { createRuleLoader, type RuleSet } from "../rules/index.ts";
import { compareRules } from "./compare-rules.ts";
import { findDifferences, type SearchOptions } from "./find-differences.ts";
import { fixtureText } from "./fixture-text.ts";

function rulesOf(...rules: readonly object[]): RuleSet {
  const named = rules.map((rule, at) => ({ id: `r${at}`, reason: "A reason.", ...rule }));
  const content = JSON.stringify({ version: 1, policy: "p", rules: named });
  const loaded = createRuleLoader({ compiler: createCelCompiler() }).load([{ path: "p.yaml", content }]);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.diagnostics));
  return loaded.ruleSet;
}

function search(options: Omit<SearchOptions, "triesMax"> & { readonly triesMax?: number }) {
  const running = findDifferences({ triesMax: 5000, ...options });
  for (let steps = 1; ; steps += 1) {
    const { done, value } = running.next();
    if (done === true) return { ...value, steps };
  }
}

const transitions = (before: RuleSet, after: RuleSet) =>
  search({ before, after }).differences.map(({ rule_id, kind, before: old, after: now }) => [
    rule_id,
    kind,
    `${old.decision}->${now.decision}`,
  ]);

const allow = (when: string, rest: object = {}) => ({ when, decision: "allow", ...rest });
const deny = (when: string, rest: object = {}) => ({ when, decision: "deny", ...rest });
const ask = (when: string, rest: object = {}) => ({ when, decision: "approval_required", ...rest });

describe("requests that two rule sets decide differently", () => {
  it.each([
    ["an added rule", [], [allow("arguments.a == 1")], "deny->allow"],
    ["a removed rule", [allow("arguments.a == 1")], [], "allow->deny"],
    ["another decision", [allow("arguments.a == 1")], [ask("arguments.a == 1")], "allow->approval_required"],
    [
      "another action",
      [allow("true", { action: { name: "a.*" } })],
      [allow("true", { action: { name: "a.b*" } })],
      "allow->deny",
    ],
  ])("show %s", (_name, before, after, transition) => {
    const other = allow('action_name == "other"', { id: "other" });
    const [old, now] = [
      rulesOf(other, ...before.map((rule) => ({ ...rule, id: "x" }))),
      rulesOf(other, ...after.map((rule) => ({ ...rule, id: "x" }))),
    ];
    expect(transitions(old, now)).toEqual([["p/x", "decision", transition]]);
  });

  it("get rules that outrank the change out of the way", () => {
    const above = [deny('arguments.b == "x"', { priority: 9 }), ask("!has(context.c)", { priority: 5 })];
    const before = rulesOf(...above, allow("arguments.a > 10"));
    const after = rulesOf(...above, allow("arguments.a > 11"));
    expect(transitions(before, after)).toEqual([["p/r2", "decision", "allow->deny"]]);
  });

  it("get rules that say the same without the change out of the way", () => {
    const also = allow('arguments.a > 0 && identity.tenant != "t"');
    const before = rulesOf(also, allow("arguments.a > 10"));
    const after = rulesOf(also, allow("arguments.a > 11"));
    expect(transitions(before, after)).toEqual([["p/r1", "decision", "allow->deny"]]);
  });

  it("make a rule match that the change overrides", () => {
    const below = allow('action_name == "get" && context.team in ["a", "b"]');
    const before = rulesOf(below, deny("size(arguments.q) > 5"));
    const after = rulesOf(below, deny("size(arguments.q) > 6"));
    expect(transitions(before, after)).toEqual([["p/r1", "decision", "deny->allow"]]);
  });

  it("show a change of priority where two rules meet", () => {
    const other = deny('arguments.b == "x"', { priority: 1 });
    const before = rulesOf(other, allow("arguments.a == 1", { priority: 0 }));
    const after = rulesOf(other, allow("arguments.a == 1", { priority: 2 }));
    expect(transitions(before, after)).toEqual([["p/r1", "decision", "deny->allow"]]);
  });

  it("tell another answer from the same answer for other reasons", () => {
    const duty = { obligations: [{ type: "redact" }] };
    const rule = allow("arguments.a == 1");
    expect(transitions(rulesOf(rule), rulesOf({ ...rule, ...duty }))).toEqual([["p/r0", "rules", "allow->allow"]]);
    const narrow = [deny("arguments.a == 1"), deny("arguments.a == 1 && arguments.b == 2")];
    expect(transitions(rulesOf(...narrow), rulesOf(narrow[0]!, deny("arguments.a == 1 && arguments.b == 3")))).toEqual([
      ["p/r1", "rules", "deny->deny"],
    ]);
  });

  it("find what errs in one set only: a deny that cannot be evaluated applies", () => {
    const rest = allow("true", { priority: -1 });
    const before = rulesOf(rest, deny("has(arguments.a) && arguments.a > 5"));
    const after = rulesOf(rest, deny("arguments.a > 5"));
    expect(transitions(before, after)).toEqual([["p/r1", "decision", "allow->deny"]]);
    const [found] = search({ before, after }).differences;
    expect(found?.after.reason_code).toBe("rule_error");
    expect(fixtureText([found!])).toContain("reason_code: rule_error\n");
  });

  it("are as small as they can be, with the time where it matters and nowhere else", () => {
    const before = rulesOf(allow('now.getHours() < 8 && has(arguments.a) && (context.x == "y" || true)'));
    const after = rulesOf(allow('now.getHours() < 9 && has(arguments.a) && (context.x == "y" || true)'));
    const { differences } = search({ before, after });
    expect(differences).toHaveLength(1);
    const { request, now } = differences[0]!;
    expect(request).toMatchObject({ action_type: "tool_call", identity: { name: "agent", roles: [] } });
    expect(Object.keys(request).sort()).toEqual(["action_name", "action_type", "arguments", "identity"]);
    expect(new Date(now).getUTCHours()).toBe(8);
    expect(fixtureText(differences)).toContain(`now: '${new Date(now).toISOString()}'\n`);

    const timeless = search({ before: rulesOf(allow("arguments.a > 1")), after: rulesOf(allow("arguments.a > 2")) });
    expect(timeless.differences[0]?.now).toBe(DEFAULT_NOW);
    expect(timeless.differences[0]?.request.arguments).toEqual({ a: 2 });
    expect(fixtureText(timeless.differences)).not.toContain("now:");
  });

  it("are found near requests that somebody thought of, where conditions alone do not lead there", () => {
    const when = (part: string) => `arguments.a.split("-").map(p, p.reverse()).join("") == "${part}"`;
    const [before, after] = [rulesOf(allow(when("cba"))), rulesOf(allow(when("abc")))];
    expect(search({ before, after }).unshown).toEqual(["p/r0"]);
    const request = {
      action_type: "t",
      action_name: "n",
      arguments: { a: "ab-c" },
      identity: { name: "n", roles: [] },
    };
    const near = { request: { ...request, arguments: { a: "abc" } }, now: DEFAULT_NOW };
    expect(search({ before, after, known: [{ request, now: DEFAULT_NOW }, near] }).differences).toMatchObject([
      { request: { arguments: { a: "abc" } }, kind: "decision" },
    ]);
  });

  it("are not claimed where there are none, and the search ends within its budget, in many steps", () => {
    const before = rulesOf(allow("arguments.a > 1"), deny("arguments.b.exists(x, x == 1 || x == 2)", { priority: 3 }));
    const after = rulesOf(
      allow("arguments.a > 1 && arguments.a > 0"),
      deny("arguments.b.exists(x, x == 2 || x == 1)", { priority: 3 }),
    );
    const { differences, unshown, tries, steps } = search({ before, after, triesMax: 800 });
    expect({ differences, unshown }).toEqual({ differences: [], unshown: ["p/r0", "p/r1"] });
    expect(tries).toBeLessThanOrEqual(800);
    expect(steps).toBeGreaterThan(4);
  });

  it("are the same each time", () => {
    const [before, after] = [rulesOf(allow("arguments.a > 1"), deny("arguments.b")), rulesOf(allow("arguments.a > 3"))];
    expect(search({ before, after })).toEqual(search({ before, after }));
  });
});

describe("rules that are not the same", () => {
  it("are told apart by what they mean", () => {
    const before = rulesOf(allow("arguments.a", { id: "a" }), deny("true", { id: "b" }), ask("true", { id: "c" }));
    const after = rulesOf(
      deny("true", { id: "b", reason: "Another reason.", priority: 3 }),
      ask("true", { id: "c", description: "A note." }),
      allow("arguments.a", { id: "d" }),
    );
    expect(compareRules(before, after)).toMatchObject([
      { kind: "removed", id: "p/a" },
      { kind: "changed", id: "p/b", fields: ["priority", "reason"] },
      { kind: "added", id: "p/d" },
    ]);
  });
});
