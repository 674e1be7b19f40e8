import { describe, expect, it } from "vitest";
import { createCelCompiler } from "../cel/index.ts";
import type { Activation } from "../model/activation.ts";
import { createRuleLoader, type Diagnostic, type RuleSet, type RuleSource } from "./index.ts";

const load = (...contents: readonly string[]) => {
  const sources = contents.map((content, nth) => ({ path: `${"abc"[nth]}.yaml`, content }));
  return createRuleLoader({ compiler: createCelCompiler() }).load(sources);
};

const show = (d: Diagnostic) => `${d.file}:${d.line}:${d.column} ${d.severity} ${d.code}`;

function problems(...contents: readonly string[]): readonly Diagnostic[] {
  const result = load(...contents);
  return result.ok ? result.ruleSet.warnings : result.diagnostics;
}

function ruleSet(...contents: readonly string[]): RuleSet {
  const result = load(...contents);
  if (!result.ok) throw new Error(JSON.stringify(result.diagnostics, null, 2));
  return result.ruleSet;
}

const file = (rules: string) => `version: 1\npolicy: p\nrules:\n${rules}`;
/** One allow rule on a fixed action, with more fields. */
const rule = (fields: string, id = "a") =>
  `  - id: ${id}\n    action: { type: tool_call }\n    decision: allow\n${fields}`;

/** Every code, its exact place, and what its message must say. */
const CODES: Record<string, [content: string, place: string, says: string]> = {
  "yaml-syntax": ["version: 1\npolicy: [", "a.yaml:2:10", "unexpected end of the stream"],
  "yaml-directive": [`%YAML 1.2\n---\n${file("  []")}`, "a.yaml:1:1", "%YAML"],
  "multiple-documents": [`${file("  []")}\n---\nversion: 1\n`, "a.yaml:6:1", "one YAML document"],
  "yaml-anchor": [`version: 1\npolicy: &name p\nrules: []`, "a.yaml:2:9", "`&name`"],
  "yaml-alias": [file("  - *other\n"), "a.yaml:4:5", "`*other`"],
  "yaml-tag": [file(rule("    when: !has(arguments.x)\n")), "a.yaml:7:11", "`!has(arguments.x)`"],
  "yaml-merge-key": [file(rule("    <<: 1\n")), "a.yaml:7:5", "merge keys"],
  "yaml-key": [file(rule("    ? [a]\n    : 1\n")), "a.yaml:7:7", "plain word"],
  "duplicate-key": [file(rule("    priority: 1\n    priority: 2\n")), "a.yaml:8:5", "`priority` is given twice"],
  "empty-file": ["# only a comment\n", "a.yaml:1:1", "no content"],
  "file-too-large": [`# ${"x".repeat(4 * 1024 * 1024)}`, "a.yaml:1:1", "split it"],
  "unsupported-version": ["version: 2\npolicy: p\nrules: []", "a.yaml:1:10", "must be 1"],
  "unknown-field": [file(rule("    prioirty: 1\n")), "a.yaml:7:5", "did you mean `priority`?"],
  "missing-field": [file('  - id: a\n    when: "true"\n    decision: deny\n'), "a.yaml:4:5", "missing field `reason`"],
  "wrong-type": [file(rule("    priority: high\n")), "a.yaml:7:15", "`priority` must be an integer, not `high`"],
  "invalid-value": [
    file("  - { id: a, action: { type: x }, decision: alow }\n"),
    "a.yaml:4:45",
    "did you mean `allow`?",
  ],
  "misplaced-field": [file(rule("    approval: { timeout: 5m }\n")), "a.yaml:7:5", "`approval_required` rules only"],
  "missing-condition": [file("  - id: a\n    decision: allow\n"), "a.yaml:4:5", '`when: "true"`'],
  "invalid-condition": [file(rule("    when: action_nam == 'x'\n")), "a.yaml:7:11", "action_nam"],
  "duplicate-rule-id": [file(`${rule("")}${rule("")}`), "a.yaml:7:5", "already defined at a.yaml:4"],
  "always-true": [file(rule("    when: 1 < 2\n")), "a.yaml:7:11", "true for every request"],
  "always-false": [file(rule('    when: "false"\n')), "a.yaml:7:11", "`enabled: false`"],
  "allow-everything": [file('  - id: a\n    when: "true"\n    decision: allow\n'), "a.yaml:4:5", "every action"],
  "not-indexable": [
    file("  - id: a\n    when: arguments.amount > 5.0\n    decision: deny\n    reason: r\n"),
    "a.yaml:4:5",
    "tried on every request",
  ],
  "on-timeout-allow": [
    file(
      "  - { id: a, action: { type: x }, decision: approval_required, reason: r, approval: { on_timeout: allow } }\n",
    ),
    "a.yaml:4:99",
    "`on_timeout: deny`",
  ],
  "unreachable-quorum": [
    file(
      '  - { id: a, action: { type: x }, decision: approval_required, reason: r, approval: { approvers: ["user:a"], quorum: 2 } }\n',
    ),
    "a.yaml:4:118",
    "more than the users",
  ],
  "shadowed-rule": [
    file(`${rule("    priority: 1\n", "strong")}${rule("    when: arguments.x == 1\n", "weak")}`),
    "a.yaml:8:5",
    "`p/strong` applies whenever it does",
  ],
  "unknown-path": [
    file(
      `${rule("    when: arguments.amount > 1.0\n", "a")}${rule("    when: arguments.amount > 2.0\n", "b")}` +
        rule("    when: arguments.amuont > 3.0\n", "c"),
    ),
    "a.yaml:12:5",
    "did you mean `arguments.amount`?",
  ],
};

describe("every diagnostic code, at its place", () => {
  it.each(Object.entries(CODES))("%s", (code, [content, place, says]) => {
    const found = problems(content);
    expect(found.map(show)).toContainEqual(expect.stringMatching(new RegExp(`^${place} (error|warning) ${code}$`)));
    expect(found.find((diagnostic) => diagnostic.code === code)?.message).toContain(says);
  });

  it("no-rule-files", () => {
    expect(problems().map(show)).toEqual([".:1:1 error no-rule-files"]);
  });

  it("messages are lower case and without a full stop", () => {
    for (const [content] of Object.values(CODES))
      for (const { message } of problems(content)) expect(message).toMatch(/^[^A-Z].*[^.]$/s);
  });
});

describe("a fault inside a condition is shown at its place in the YAML file", () => {
  // Each condition ends in `+ nope`, an undeclared variable; the mark is where `nope` stands.
  it.each([
    ["plain", "    when: 1 + nope == 2\n", "7:15"],
    ["plain over two lines", "    when: 1 +\n      nope == 2\n", "8:7"],
    ["single quotes", "    when: '''a'' + nope'\n", "7:20"],
    ["double quotes", '    when: "1 + nope == 2"\n', "7:16"],
    ["double quotes with escapes before", '    when: "\\"\\u0041\\" + nope"\n', "7:25"],
    ["literal block", "    when: |\n\n      1 +\n        nope == 2\n", "10:9"],
    ["folded block", "    when: >-\n      1\n\n      + nope == 2\n", "10:9"],
    ["literal block with an indentation of its own", "    when: |2-\n        1 + nope == 2\n", "8:13"],
    ["after characters of two units", "    when: '\"😀\" + nope'\n", "7:19"],
  ])("%s", (_, fields, place) => {
    const found = problems(file(rule(fields)));
    expect(found.map(show)).toEqual([`a.yaml:${place} error invalid-condition`]);
    expect(found[0]?.rule_id).toBe("p/a");
  });

  it("with CRLF line ends and a byte order mark", () => {
    const content = `\ufeff${file(rule("    when: |\n      1 +\n      nope == 2\n")).replaceAll("\n", "\r\n")}`;
    expect(problems(content).map(show)).toEqual(["a.yaml:9:7 error invalid-condition"]);
  });
});

describe("loading", () => {
  it("reports the problems of all files together, in a stable order, and keeps nothing back", () => {
    const bad = file(rule("    prio: 1\n    when: nope\n"));
    const found = problems(bad, file(rule("    name: 1\n", "b")), "x: 1");
    expect(found.map(show)).toEqual([
      "a.yaml:7:5 error unknown-field",
      "a.yaml:8:11 error invalid-condition",
      "b.yaml:7:11 error wrong-type",
      "c.yaml:1:1 error missing-field",
      "c.yaml:1:1 error missing-field",
      "c.yaml:1:1 error missing-field",
      "c.yaml:1:1 error unknown-field",
    ]);
  });

  it("two files may share a policy, but not a rule id, and the later one is told about the first", () => {
    const found = problems(file(rule("", "x")), file(rule("", "x")));
    expect(found.map((d) => `${show(d)} ${d.message}`)).toEqual([
      "b.yaml:4:5 error duplicate-rule-id rule `p/x` is already defined at a.yaml:4",
    ]);
    expect(ruleSet(file(rule("", "x")), file(rule("", "y"))).rules.map((r) => r.id)).toEqual(["p/x", "p/y"]);
  });

  it("a disabled rule is checked, holds its id and is not in the set", () => {
    expect(problems(file(rule("    enabled: false\n    when: nope\n"))).map(show)).toEqual([
      "a.yaml:8:11 error invalid-condition",
    ]);
    expect(problems(file(`${rule("    enabled: false\n")}${rule("")}`))[0]?.code).toBe("duplicate-rule-id");
    expect(ruleSet(file(rule("    enabled: false\n"))).rules).toEqual([]);
  });

  it("fills in what a rule leaves out", () => {
    const set = ruleSet(
      file(
        "  - { id: a, when: \"action_name == 'x'\", decision: allow }\n  - { id: b, action: { type: t }, decision: approval_required, reason: r }\n",
      ),
    );
    expect(set.rule("p/a")).toMatchObject({ name: "a", priority: 0, obligations: [], reason: "Allowed by rule p/a." });
    expect(set.rule("p/b")?.approval).toEqual({
      timeoutMs: 300_000,
      onTimeout: "deny",
      approvers: [],
      quorum: 1,
      grantTtlMs: 300_000,
    });
    expect(set.rule("p/c")).toBeUndefined();
  });

  it("keys such as `__proto__` in parameters stay plain data", () => {
    const set = ruleSet(
      file(rule("    obligations: [{ type: t, params: { __proto__: { x: 1 }, constructor: 2 } }]\n")),
    );
    const params = set.rule("p/a")!.obligations[0]!.params;
    expect(Object.keys(params)).toEqual(["__proto__", "constructor"]);
    expect(Object.getPrototypeOf(params)).toBe(Object.prototype);
  });

  it("hostile YAML ends in diagnostics: depth, aliases that multiply, a key a hundred thousand times", () => {
    expect(problems(`version: ${"[".repeat(5000)}`)[0]?.code).toBe("yaml-syntax");
    const bomb = `a: &a [x]\nb: &b [*a, *a]\nc: [*b, *b]\n`;
    expect(problems(bomb).map((d) => d.code)).toContain("yaml-alias");
    expect(problems("a: 1\n".repeat(100_000)).length).toBeGreaterThan(99_000);
  });
});

describe("the revision", () => {
  const first =
    "  - id: a\n    action: { name: [x, y] }\n    decision: allow\n    obligations: [{ type: t, params: { a: 1, b: 2 } }]\n";
  const second = "  - id: b\n    when: action_name == 'z'\n    decision: deny\n    reason: r\n";
  const revision = ruleSet(file(first + second)).revision;

  it("has the documented form", () => expect(revision).toMatch(/^sha256:[0-9a-f]{64}$/));

  it.each([
    ["order of rules", [file(second + first)]],
    ["number and order of files", [file(second), file(first)]],
    [
      "comments, quotes and blocks",
      [file(`# c\n${first}${second.replace("action_name == 'z'", "|\n      action_name == 'z'")}`)],
    ],
    [
      "order of fields and globs",
      [
        file(
          `  - decision: allow\n    id: a\n    obligations: [{ params: { b: 2, a: 1 }, type: t }]\n    action: { name: [y, x] }\n${second}`,
        ),
      ],
    ],
    ["defaults written out", [file(`${first}    priority: 0\n    enabled: true\n    name: a\n${second}`)]],
    [
      "descriptions and disabled rules",
      [file(`${first}    description: d\n${second}${rule("    enabled: false\n", "off")}`)],
    ],
  ])("does not depend on %s", (_, contents) => {
    expect(ruleSet(...contents).revision).toBe(revision);
  });

  it.each([
    ["id", "id: b", "id: c"],
    ["priority", "reason: r", "reason: r\n    priority: 1"],
    ["condition", "'z'", "'zz'"],
    ["decision", "deny", "approval_required"],
    ["reason", "reason: r", "reason: s"],
    ["name", "id: b", "id: b\n    name: B"],
    ["globs", "[x, y]", "[x]"],
    ["obligations", "b: 2", "b: 3"],
    ["help", "reason: r", "reason: r\n    help_text: h"],
  ])("changes with a rule's %s", (_, from, to) => {
    expect(ruleSet(file((first + second).replace(from, to))).revision).not.toBe(revision);
  });
});

describe("reloading", () => {
  const source = (path: string, id: string, when: string): RuleSource => ({
    path,
    content: file(rule(`    when: ${when}\n`, id)),
  });

  it("keeps the rules of unchanged files, and forgets files that are gone", () => {
    const loader = createRuleLoader({ compiler: createCelCompiler() });
    const get = (sources: readonly RuleSource[]) => {
      const result = loader.load(sources);
      if (!result.ok) throw new Error("not loaded");
      return result.ruleSet;
    };
    const a = source("a.yaml", "a", "arguments.x == 1.0");
    const one = get([a, source("b.yaml", "b", "arguments.x == 2.0")]);
    const two = get([a, source("b.yaml", "b", "arguments.x == 3.0")]);
    expect(two.rule("p/a")).toBe(one.rule("p/a"));
    expect(two.rule("p/b")).not.toBe(one.rule("p/b"));
    expect(two.revision).not.toBe(one.revision);
    const three = get([a]);
    expect(three.rules.map((r) => r.id)).toEqual(["p/a"]);
    expect(three.files).toEqual(["a.yaml"]);
  });

  it("a set with an error leaves the one before usable, and the repaired file loads", () => {
    const loader = createRuleLoader({ compiler: createCelCompiler() });
    const good = source("a.yaml", "a", "arguments.x == 1.0");
    const before = loader.load([good]);
    expect(loader.load([source("a.yaml", "a", "nope")]).ok).toBe(false);
    const after = loader.load([good]);
    if (!before.ok || !after.ok) throw new Error("not loaded");
    expect(before.ruleSet.select(activation({ x: 1 })).candidates.map((r) => r.id)).toEqual(["p/a"]);
    expect(after.ruleSet.revision).toBe(before.ruleSet.revision);
  });

  describe("step by step", () => {
    /** Twice as many rules as are done in one step, reading paths that the other set does not have. */
    const many = (path: string) => [
      {
        path: "a.yaml",
        content: file(
          Array.from({ length: 600 }, (_, n) => rule(`    when: arguments.${path}${n} == ${n}.0\n`, `r${n}`)).join(""),
        ),
      },
    ];
    const ids = (set: RuleSet, args: Activation["arguments"]) => {
      const { candidates, frame } = set.select(activation(args));
      return candidates.filter((candidate) => candidate.matches(frame) === true).map(({ id }) => id);
    };

    it("the set before decides as ever, and the new one is what loading at once gives", () => {
      const loader = createRuleLoader({ compiler: createCelCompiler() });
      const before = loader.load(many("x"));
      if (!before.ok) throw new Error("not loaded");
      const steps = loader.loadSteps(many("y"));
      let count = 0;
      let step = steps.next();
      for (; step.done !== true; step = steps.next(), count++)
        expect(ids(before.ruleSet, { x7: 7, y8: 8 })).toEqual(["p/r7"]);
      expect(count).toBeGreaterThan(600);
      if (!step.value.ok) throw new Error("not loaded");
      expect(ids(step.value.ruleSet, { x7: 7, y8: 8 })).toEqual(["p/r8"]);
      const atOnce = createRuleLoader({ compiler: createCelCompiler() }).load(many("y"));
      expect(atOnce.ok && atOnce.ruleSet.revision).toBe(step.value.ruleSet.revision);
    });

    it("what is given up halfway leaves nothing behind", () => {
      const loader = createRuleLoader({ compiler: createCelCompiler() });
      const before = loader.load(many("x"));
      for (let count = 0, steps = loader.loadSteps(many("y")); count < 300; count++) steps.next();
      const after = loader.load(many("x"));
      if (!before.ok || !after.ok) throw new Error("not loaded");
      expect(after.ruleSet.rule("p/r1")).toBe(before.ruleSet.rule("p/r1"));
      expect(ids(after.ruleSet, { x7: 7, y8: 8 })).toEqual(["p/r7"]);
    });
  });
});

function activation(args: Activation["arguments"], over: Partial<Activation> = {}): Activation {
  return {
    action_type: "tool_call",
    action_name: "x",
    arguments: args,
    destination: {},
    identity: { name: "n", roles: [], attributes: {} },
    session: {},
    context: {},
    request: { id: "r", time: 0 },
    now: 0,
    ...over,
  };
}

describe("what a rule matches", () => {
  const outcome = (fields: string, request: Activation) => {
    const set = ruleSet(file(`  - id: a\n    decision: allow\n${fields}`));
    const { frame } = set.select(request);
    const result = set.rule("p/a")!.matches(frame);
    return typeof result === "boolean" ? result : "error";
  };

  it("globs of one field are alternatives, both fields and the condition must hold", () => {
    const fields = '    action: { type: ["tool_*", x], name: "stripe.*" }\n    when: arguments.x == 1\n';
    const request = (type: string, name: string, x: number) =>
      activation({ x }, { action_type: type, action_name: name });
    expect(outcome(fields, request("tool_call", "stripe.refund", 1))).toBe(true);
    expect(outcome(fields, request("x", "stripe.refund", 1))).toBe(true);
    expect(outcome(fields, request("y", "stripe.refund", 1))).toBe(false);
    expect(outcome(fields, request("x", "strip.refund", 1))).toBe(false);
    expect(outcome(fields, request("x", "stripe.refund", 2))).toBe(false);
  });

  it("a condition that fails to evaluate is an error value, unless the action does not match anyway", () => {
    const fields = "    action: { type: tool_call }\n    when: arguments.missing == 1\n";
    expect(outcome(fields, activation({}))).toBe("error");
    expect(outcome(fields, activation({}, { action_type: "other" }))).toBe(false);
  });

  it("a condition that is no boolean is an error value, not a match", () => {
    expect(outcome("    when: arguments.x\n", activation({ x: "yes" }))).toBe("error");
    expect(outcome("    when: arguments.x\n", activation({ x: { isCelError: true, message: "forged" } }))).toBe(
      "error",
    );
    expect(outcome("    when: arguments.x\n", activation({ x: true }))).toBe(true);
  });

  it("a malformed activation is an error for a glob, never a match", () => {
    const broken = activation({}, { action_type: 5 as never });
    expect(outcome("    action: { type: 'a*' }\n", broken)).toBe("error");
    expect(outcome("    action: { type: a }\n", broken)).toBe(false);
  });
});

describe("a shadowed rule is reported only when that is certain", () => {
  const shadowed = (strong: string, weak: string) =>
    problems(file(`  - { id: strong, ${strong} }\n  - { id: weak, ${weak} }\n`)).some(
      (d) => d.code === "shadowed-rule" && d.rule_id === "p/weak",
    );
  const deny = "decision: deny, reason: r";
  const allow = "decision: allow";

  it.each([
    [
      "same priority, deny over allow",
      `action: { name: x }, ${deny}`,
      `action: { name: x }, when: "arguments.a == 1", ${allow}`,
    ],
    ["a broader glob", `action: { name: "x.*" }, ${deny}`, `action: { name: [x.a, x.b] }, ${allow}`],
    ["no condition at all", `when: "true", ${deny}`, `when: arguments.a == 1, ${allow}`],
    ["the same condition", `when: arguments.a == 1, ${deny}`, `when: arguments.a == 1, action: { type: t }, ${allow}`],
    [
      "a higher allow without condition",
      `action: { name: x }, priority: 1, ${allow}`,
      `action: { name: x }, when: arguments.a == 1, ${deny}`,
    ],
  ])("yes: %s", (_, strong, weak) => expect(shadowed(strong, weak)).toBe(true));

  it.each([
    ["lower priority", `action: { name: x }, priority: -1, ${deny}`, `action: { name: x }, ${allow}`],
    ["a narrower glob", `action: { name: x.a }, ${deny}`, `action: { name: "x.*" }, ${allow}`],
    ["one glob of two", `action: { name: x }, ${deny}`, `action: { name: [x, y] }, ${allow}`],
    ["another type", `action: { name: x, type: a }, ${deny}`, `action: { name: x, type: b }, ${allow}`],
    ["another condition", `when: arguments.a == 1, ${deny}`, `when: arguments.a == 2, ${allow}`],
    // An error in the condition makes the deny apply and the allow not.
    [
      "a higher allow with the same condition",
      `when: arguments.a == 1, priority: 1, ${allow}`,
      `when: arguments.a == 1, ${deny}`,
    ],
  ])("no: %s", (_, strong, weak) => expect(shadowed(strong, weak)).toBe(false));
});

describe("paths that look misspelt", () => {
  const warned = (...conditions: readonly string[]) =>
    problems(file(conditions.map((when, nth) => rule(`    when: ${when}\n`, `r${nth}`)).join("")))
      .filter((d) => d.code === "unknown-path")
      .map((d) => d.rule_id);

  it("a near miss of a documented context field is reported", () => {
    expect(warned("context.protocl == 'mcp'")).toEqual(["p/r0"]);
    expect(warned("context.protocol == 'mcp'")).toEqual([]);
  });

  it("plurals, short names, numbers and names that nobody else uses are not", () => {
    expect(warned("arguments.recipient == 'a'", "arguments.recipient == 'b'", "arguments.recipients == 'c'")).toEqual(
      [],
    );
    expect(warned("arguments.to == 'a'", "arguments.to == 'b'", "arguments.no == 'c'")).toEqual([]);
    expect(warned("arguments.line1 == 'a'", "arguments.line1 == 'b'", "arguments.line2 == 'c'")).toEqual([]);
    expect(warned("arguments.amount == 1", "arguments.weight == 2")).toEqual([]);
  });
});
