import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createCelCompiler, isCelError } from "../../src/cel/index.ts";
import { decide } from "../../src/engine/index.ts";
import { type Finding, fix, lint } from "../../src/lint/index.ts";
import type { Activation } from "../../src/model/activation.ts";
import { createRuleLoader, type RuleSet } from "../../src/rules/index.ts";
import { fakeActivation } from "../fake-rules.ts";

const RUNS = 120;

const compiler = createCelCompiler();
const compiles = (source: string) => compiler.compileCondition(source).ok;

interface Linted {
  readonly ruleSet: RuleSet;
  readonly findings: readonly Finding[];
}

function lintRules(content: string): Linted {
  const sources = [{ path: "a.yaml", content }];
  const loaded = createRuleLoader({ compiler }).load(sources);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.diagnostics));
  return { ruleSet: loaded.ruleSet, findings: lint({ sources, loaded, fixtures: undefined }).findings };
}

/** JSON is YAML. */
function ruleFile(rules: readonly object[]): string {
  return JSON.stringify({
    version: 1,
    policy: "p",
    rules: rules.map((fields, nth) => ({ id: `r${nth}`, reason: "r", ...fields })),
  });
}

const outcomeOf = ({ ruleSet }: Linted, id: string, request: Activation) =>
  ruleSet.rule(id)!.matches(ruleSet.select(request).frame);

// Few values, so that conditions and requests often meet.
const word = fc.constantFrom("a", "ab", "abc", "b", "x*");
const text = word.map((value) => JSON.stringify(value));
const number = fc.constantFrom("0", "1", "1.0", "2", "1.5");
const path = fc.constantFrom(
  "arguments.a",
  "identity.name",
  "action_name",
  "dest_path",
  "destination.path",
  "tool_name",
);
const quantity = fc.constantFrom("arguments.a", "dest_port", "destination.port", "context.n");
const comparison = fc.constantFrom("<", "<=", ">", ">=", "==", "!=");
const term = fc.oneof(
  fc.tuple(path, fc.constantFrom("==", "!="), text).map((parts) => parts.join(" ")),
  fc.tuple(path, text, text).map(([p, a, b]) => `${p} in [${a}, ${b}]`),
  fc.tuple(path, text).map(([p, a]) => `!(${p} in [${a}, "b"])`),
  fc
    .tuple(path, fc.constantFrom("startsWith", "endsWith", "contains", "matches"), text)
    .map(([p, call, a]) => `${p}.${call}(${a})`),
  fc.tuple(path, text).map(([p, a]) => `${p}.matches("^${a.slice(1, -1)}$")`),
  fc.tuple(path, fc.constantFrom("a*", "*b", "ab", "*")).map(([p, glob]) => `glob("${glob}", ${p})`),
  fc.tuple(quantity, comparison, number).map((parts) => parts.join(" ")),
  fc.tuple(number, comparison, quantity).map((parts) => parts.join(" ")),
  fc.constantFrom(
    "has(arguments.a)",
    "has(destination.port)",
    '"a" in arguments',
    '"r" in identity.roles',
    '"a" in context.n',
  ),
);
const disjunction = fc.array(term, { minLength: 1, maxLength: 2 }).map((terms) => `(${terms.join(" || ")})`);
const conjunction = fc.array(disjunction, { minLength: 1, maxLength: 4 }).map((terms) => terms.join(" && "));
const globs = fc.constantFrom<unknown>("a", "ab", "a*", "*", ["a", "b"], ["a*", "b"], ["a", "ab", "abc"]);
/** Rules that share terms, so that some of them follow from others. */
const rules = fc
  .array(disjunction, { minLength: 3, maxLength: 4 })
  .chain((shared) =>
    fc.array(
      fc.record({
        action: fc.record({ name: globs }),
        when: fc.oneof(
          { weight: 3, arbitrary: fc.subarray(shared, { minLength: 1 }).map((terms) => terms.join(" && ")) },
          { weight: 1, arbitrary: conjunction },
        ),
        decision: fc.constantFrom("allow", "deny", "approval_required"),
        priority: fc.nat(1),
      }),
      { minLength: 2, maxLength: 6 },
    ),
  )
  .filter((list) => list.every(({ when }) => compiles(when)));

const json = fc.constantFrom<unknown>("a", "ab", "abc", "b", "", 0, 1, 1.5, 2, 3, true, null, ["a"], [], { a: 1 });
const object = (fields: Record<string, fc.Arbitrary<unknown>>) => fc.record(fields, { requiredKeys: [] });
const request = fc
  .record({
    action_type: fc.constantFrom("tool_call", "a"),
    action_name: fc.constantFrom("a", "ab", "abc", "b"),
    arguments: object({ a: json }),
    destination: object({ path: fc.constantFrom("a", "ab", "b", ""), port: fc.constantFrom(0, 1, 2, 3) }),
    identity: fc.record({ name: word, roles: fc.subarray(["r", "s"]), attributes: fc.constant({}) }),
    context: object({ n: json }),
  })
  .map((fields) => fakeActivation(fields as Partial<Activation>));
const requests = fc.array(request, { minLength: 10, maxLength: 30 });

describe("what is certain is never a false alarm", () => {
  it("a rule that never decides never does", () => {
    let found = 0;
    fc.assert(
      fc.property(rules, requests, (list, asked) => {
        const linted = lintRules(ruleFile(list));
        const unreachable = linted.findings.filter(({ id }) => id === "unreachable-rule" || id === "shadowed-rule");
        found += unreachable.length;
        for (const activation of asked) {
          const decided = decide({ ruleSet: linted.ruleSet, activation, cacheTtlSecondsMax: 0 }).rules;
          for (const { rule_id, message } of unreachable) expect(decided, message).not.toContain(rule_id);
        }
      }),
      { numRuns: RUNS },
    );
    expect(found).toBeGreaterThan(RUNS / 4);
  });

  it("a broad allow rule allows all that those do that it is said to cover", () => {
    let found = 0;
    const allows = rules.map((list) => list.map((rule) => ({ ...rule, decision: "allow", priority: 0 })));
    fc.assert(
      fc.property(allows, requests, (list, asked) => {
        const linted = lintRules(ruleFile(list));
        for (const { id, rule_id, message } of linted.findings) {
          if (id !== "broad-allow") continue;
          const [, covered = ""] = /allows all that (.*?) allows?,/.exec(message) ?? [];
          for (const narrow of covered.match(/p\/r\d+/g) ?? []) {
            found += 1;
            for (const activation of asked)
              if (outcomeOf(linted, narrow, activation) === true)
                expect(outcomeOf(linted, rule_id!, activation), message).toBe(true);
          }
        }
      }),
      { numRuns: RUNS },
    );
    expect(found).toBeGreaterThan(RUNS / 4);
  });

  it("a rule that never applies is never true, and errs only where that is said", () => {
    let found = 0;
    const excluding = fc.array(term, { minLength: 2, maxLength: 4 }).map((terms) => terms.join(" && "));
    const candidates = fc.record({
      action: fc.record({ name: globs }),
      when: excluding,
      decision: fc.constantFrom("allow", "deny"),
    });
    fc.assert(
      fc.property(
        candidates.filter(({ when }) => compiles(when)),
        requests,
        (rule, asked) => {
          const linted = lintRules(ruleFile([rule]));
          const [finding] = linted.findings.filter(({ id }) => id === "never-applies");
          if (finding === undefined) return;
          found += 1;
          const mayErr = rule.decision === "allow" || finding.message.includes("by an error");
          for (const activation of asked) {
            const outcome = outcomeOf(linted, "p/r0", activation);
            expect(outcome === false || (mayErr && isCelError(outcome)), finding.message).toBe(true);
          }
        },
      ),
      { numRuns: RUNS * 3 },
    );
    expect(found).toBeGreaterThan(RUNS / 10);
  });

  it("a comparison that is always the same always is", () => {
    let found = 0;
    const operand = fc.constantFrom(
      ...[
        "arguments.a",
        "dest_port",
        "destination.port",
        "dest_domain",
        "dest_ip",
        "dest_scheme",
        "action_name",
        "session_id",
      ],
      ...["size(arguments)", "now.getDayOfWeek()", "now.getMonth()", "now", "identity.name", "identity.roles"],
      ...[
        "type(arguments.a)",
        "type(dest_port)",
        "type(action_name)",
        "type(now)",
        "type(size(arguments))",
        "arguments.a.b",
      ],
    );
    const constant = fc.constantFrom(
      ...[
        '"a"',
        '""',
        '"A.example"',
        '"a.example"',
        '"127.0.0.1"',
        '"0x7f.1"',
        '"https"',
        '"HTTPS"',
        "-1",
        "0",
        "6",
        "7",
        "1.5",
      ],
      ...[
        "65535",
        "65536",
        "int",
        "double",
        "string",
        "list",
        "timestamp('2023-11-14T22:13:20Z')",
        "b'a'",
        "null",
        "['a']",
      ],
    );
    const operators = fc.constantFrom("==", "!=", "<", "<=", ">", ">=");
    const condition = fc.oneof(
      fc.tuple(operand, operators, constant).map((parts) => parts.join(" ")),
      fc.tuple(constant, operators, operand).map((parts) => parts.join(" ")),
      fc.tuple(operand, constant, constant).map(([o, a, b]) => `${o} in [${a}, ${b}]`),
    );
    const asked = fc
      .record({
        action_name: fc.constantFrom("a", "A.example", "127.0.0.1", "https"),
        arguments: object({ a: fc.oneof(json, fc.constantFrom<unknown>(-1, 6, 7, "2023-11-14T22:13:20Z", { b: 1 })) }),
        destination: object({
          domain: fc.constantFrom("a.example", "a", "127.0.0.1"),
          ip: fc.constantFrom("127.0.0.1", "::1"),
          scheme: fc.constantFrom("https", "a"),
          port: fc.constantFrom(0, 6, 7, 65_535),
        }),
        session: object({ id: word }),
      })
      .map((fields) => fakeActivation(fields as Partial<Activation>));
    fc.assert(
      fc.property(condition.filter(compiles), fc.array(asked, { minLength: 10, maxLength: 20 }), (when, list) => {
        const linted = lintRules(ruleFile([{ when, decision: "deny" }]));
        const messages = linted.findings.flatMap(({ id, message }) =>
          id === "impossible-comparison" ? [message] : [],
        );
        // Of a list, each member by itself.
        if (
          messages.length === 0 ||
          (when.includes(" in [") && messages.length < 2 && !/is never an? /.test(messages[0]!))
        )
          return;
        found += 1;
        for (const activation of list) {
          const outcome = outcomeOf(linted, "p/r0", activation);
          if (messages[0]!.includes("always an error")) expect(isCelError(outcome), messages[0]).toBe(true);
          else expect(outcome, `${when}: ${messages[0]}`).not.toBe(messages[0]!.includes("never true"));
        }
      }),
      { numRuns: RUNS * 2 },
    );
    expect(found).toBeGreaterThan(RUNS / 4);
  });
});

describe("a rule in which nothing asks for `has`", () => {
  it("does not err for a part that is absent, whatever else is there", () => {
    const atom = fc.constantFrom(
      ...[
        "has(arguments.a)",
        "arguments.a > 1",
        '"b" in arguments',
        "arguments.b == 2",
        "has(context.c)",
        "has(context.c.d)",
      ],
      ...[
        "context.c.d == 1",
        'dest_ip != ""',
        'dest_ip_in_cidr(dest_ip, "10.0.0.0/8")',
        "identity.name == 'a'",
        "true",
        "false",
      ],
      ...['dest_ip.startsWith("1")', "has(destination.ip)", "destination.ip == '10.0.0.1'", "size(dest_ip) > 0"],
    );
    const condition = fc.letrec<{ node: string }>((tie) => ({
      node: fc.oneof(
        { maxDepth: 4 },
        { weight: 2, arbitrary: atom },
        { weight: 3, arbitrary: fc.tuple(tie("node"), tie("node")).map(([a, b]) => `(${a}) && (${b})`) },
        { weight: 2, arbitrary: fc.tuple(tie("node"), tie("node")).map(([a, b]) => `(${a}) || (${b})`) },
        { weight: 1, arbitrary: tie("node").map((a) => `!(${a})`) },
        {
          weight: 2,
          arbitrary: fc.tuple(tie("node"), tie("node"), tie("node")).map(([a, b, c]) => `(${a}) ? (${b}) : (${c})`),
        },
        { weight: 1, arbitrary: tie("node").map((a) => `identity.roles.exists(r, ${a})`) },
        { weight: 1, arbitrary: fc.tuple(tie("node"), tie("node")).map(([a, b]) => `cel.bind(v, ${a}, v || (${b}))`) },
      ),
    })).node;
    const whole = { arguments: { a: 2, b: 2 }, context: { c: { d: 1 } }, destination: { ip: "10.0.0.1" } };
    const lacking: Partial<Activation>[] = [
      { ...whole, arguments: { b: 2 } },
      { ...whole, arguments: { a: 2 } },
      { ...whole, context: {} },
      { ...whole, context: { c: {} } },
      { ...whole, destination: {} },
      whole,
    ];
    let guarded = 0;
    fc.assert(
      fc.property(condition.filter(compiles), fc.constantFrom("a", "z"), (when, name) => {
        const linted = lintRules(ruleFile([{ when, decision: "deny" }]));
        if (linted.findings.some(({ id }) => id === "missing-has")) return;
        if (/has|in arguments/.test(when)) guarded += 1;
        for (const parts of lacking) {
          const identity = { name, roles: ["a"], attributes: {} };
          expect(outcomeOf(linted, "p/r0", fakeActivation({ ...parts, identity })), JSON.stringify(parts)).toBeTypeOf(
            "boolean",
          );
        }
      }),
      { numRuns: RUNS * 4 },
    );
    expect(guarded).toBeGreaterThan(RUNS / 4);
  });
});

describe("--fix", () => {
  const regex = fc.constantFrom(
    "^a",
    "b$",
    "^ab$",
    "ab",
    "^(?:a|ab)$",
    "^(a|b)$",
    "^a.*",
    ".*b$",
    "^a.b$",
    "^a\\.b$",
    "^a*$",
    "",
  );
  const subject = fc.constantFrom(
    "action_name",
    "identity.name",
    "arguments.a",
    "dest_path",
    'arguments["a"]',
    "tool_name",
    "(action_name)",
  );
  const quote = fc.constantFrom('"', "'");
  const match = fc.tuple(subject, regex, quote).map(([s, p, q]) => `${s}.matches(r${q}${p}${q})`);
  const part = fc.oneof(
    { weight: 3, arbitrary: match },
    { weight: 1, arbitrary: fc.constantFrom("1 == 1", "1 < 2", 'identity.name == "a"', "has(arguments.a)", "(1 < 2)") },
  );
  const condition = fc.letrec<{ node: string }>((tie) => ({
    node: fc.oneof(
      { maxDepth: 3 },
      { weight: 2, arbitrary: part },
      { weight: 1, arbitrary: fc.tuple(tie("node"), tie("node")).map(([a, b]) => `(${a})\n&&   ${b}`) },
      { weight: 1, arbitrary: fc.tuple(tie("node"), tie("node")).map(([a, b]) => `${a} || ${b}`) },
      { weight: 1, arbitrary: match.map((a) => `!${a}`) },
      { weight: 1, arbitrary: fc.tuple(match, match).map(([a, b]) => `${a} == ${b}`) },
      { weight: 1, arbitrary: fc.tuple(match, match, match).map(([a, b, c]) => `(${a} ? ${b} : ${c})`) },
      { weight: 1, arbitrary: match.map((a) => `[${a}, true].exists(x, x && ${a})`) },
    ),
  })).node;

  /** A condition in one of the ways that YAML knows to write a text. */
  const STYLES: Readonly<Record<string, (when: string) => string>> = {
    plain: (when) => when.replace(/\s+/g, " "),
    single: (when) => `'${when.replaceAll("'", "''").replace(/\n/g, "\n      ")}'`,
    double: (when) => JSON.stringify(when),
    literal: (when) => `|-\n${when.replace(/^/gm, "      ")}`,
    folded: (when) => `>-\n${when.replace(/^/gm, "      ")}`,
  };
  const style = fc.constantFrom(...Object.keys(STYLES));

  it("changes no decision, and nothing but what it says it mends", () => {
    let mended = 0;
    let left = 0;
    const list = fc.array(fc.tuple(condition, style, fc.constantFrom("allow", "deny")), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(list, requests, (written, asked) => {
        const file = `version: 1\npolicy: p\nrules:\n${written
          .map(([when, name, decision], nth) => {
            const comment = `  # about r${nth}\n`;
            return `${comment}  - id: r${nth} # first\n    when: ${STYLES[name]!(when)}\n    decision: ${decision}\n    reason: r\n`;
          })
          .join("")}`;
        const sources = [{ path: "a.yaml", content: file }];
        const loaded = createRuleLoader({ compiler }).load(sources);
        // Not every condition can be written without quotes.
        fc.pre(loaded.ok);
        const before = lintRules(file);
        const { changed, applied } = fix(sources, before.findings);
        if (changed.length === 0) return;
        mended += applied;
        const after = lintRules(changed[0]!.content);
        left += after.findings.filter(({ edit }) => edit !== undefined).length;
        expect(changed[0]!.content.match(/#.*/g)).toEqual(file.match(/#.*/g));
        for (const activation of asked) {
          const [was, is] = [before, after].map(({ ruleSet }) => {
            const { policy_revision: _, ...decision } = decide({ ruleSet, activation, cacheTtlSecondsMax: 60 });
            return decision;
          });
          expect(is, changed[0]!.content).toEqual(was);
        }
      }),
      { numRuns: RUNS },
    );
    expect(mended).toBeGreaterThan(RUNS);
    // What has an edit is mended, whatever it is written like.
    expect(left).toBe(0);
  });
});
