import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createCelCompiler, isCelError } from "../../src/cel/index.ts";
import type { Activation } from "../../src/model/activation.ts";
import { createRuleLoader, type Rule, type RuleSet, type Selection } from "../../src/rules/index.ts";

const RUNS = 400;

const compiler = createCelCompiler();
const compiles = (source: string) => compiler.compileCondition(source).ok;

// Few values, so that conditions and requests often meet.
const word = fc.constantFrom("a", "ab", "abc", "b", "api.a.com", "a.com", "/srv/a", "admin", "", "1");
const literal = fc.oneof(
  { weight: 4, arbitrary: word.map((text) => JSON.stringify(text)) },
  fc.constantFrom("1", "1.0", "-0.0", "2u", "true", "false", "null", "443"),
);
const path = fc.constantFrom(
  "action_type",
  "action_name",
  "tool_name",
  "arguments.a",
  "arguments.b",
  "arguments.list",
  "arguments.deep.a",
  'arguments["x-y"]',
  'arguments["constructor"]',
  "tool_args.a",
  "destination.domain",
  "destination.port",
  "destination.path",
  "dest_domain",
  "dest_path",
  "dest_port",
  "identity.name",
  "identity.roles",
  "identity.tenant",
  "identity.attributes.team",
  "user_roles",
  "session.id",
  "session_id",
  "context.protocol",
  "protocol",
  "request.id",
);
const list = fc.array(literal, { maxLength: 3 }).map((items) => `[${items.join(", ")}]`);
const shapes: ((p: string, q: string, v: string, l: string, s: string) => string)[] = [
  (p, _q, v) => `${p} == ${v}`,
  (p, _q, v) => `${v} == ${p}`,
  (p, _q, v) => `${p} != ${v}`,
  (p, q) => `${p} == ${q}`,
  (p, _q, _v, l) => `${p} in ${l}`,
  (p, _q, v) => `${v} in ${p}`,
  (p, _q, _v, _l, s) => `${p}.startsWith(${s})`,
  (p, _q, _v, _l, s) => `${p}.endsWith(${s})`,
  (p, _q, _v, _l, s) => `${p}.contains(${s})`,
  (p, _q, _v, _l, s) => `${p}.matches(${s})`,
  (p, _q, _v, _l, s) => `${s}.startsWith(${p})`,
  (p) => `size(${p}) > 1`,
  (p) => `${p} > 1.0`,
  (p, q) => `${p}.exists(x, x == ${q})`,
  (p, _q, v) => `${p}.all(x, x == ${v})`,
  (p, _q, _v, _l, s) => `glob(${s}, ${p})`,
  (p) => `glob("a*", ${p})`,
  (p) => `glob("*.com", ${p})`,
  (p, _q, _v, _l, s) => `dest_domain_matches(${p}, ${s})`,
  (p) => `has(${p})`,
  (p) => p,
  () => "true",
  () => "false",
];
const term = fc
  .tuple(
    fc.constantFrom(...shapes),
    path,
    path,
    literal,
    list,
    word.map((text) => JSON.stringify(text)),
  )
  .map(([shape, ...parts]) => shape(...parts));
const condition = fc
  .letrec<{ node: string }>((tie) => ({
    node: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      { weight: 3, arbitrary: term },
      { weight: 4, arbitrary: fc.tuple(tie("node"), tie("node")).map(([a, b]) => `(${a}) && (${b})`) },
      { weight: 1, arbitrary: fc.tuple(tie("node"), tie("node")).map(([a, b]) => `(${a}) || (${b})`) },
      { weight: 1, arbitrary: tie("node").map((a) => `!(${a})`) },
      {
        weight: 1,
        arbitrary: fc.tuple(tie("node"), tie("node"), tie("node")).map(([a, b, c]) => `(${a}) ? (${b}) : (${c})`),
      },
    ),
  }))
  .node.filter(compiles);

const glob = fc.constantFrom("*", "a", "ab*", "*b", "a*c", "?b", "tool_call", "*.com", "a?", "**");
const globs = fc.oneof(glob, fc.array(glob, { minLength: 1, maxLength: 3 }));
const action = fc.oneof(
  fc.record({ type: globs }),
  fc.record({ name: globs }),
  fc.record({ type: globs, name: globs }),
);
const rule = fc
  .record({
    action: fc.option(action, { nil: undefined, freq: 2 }),
    when: fc.option(condition, { nil: undefined, freq: 5 }),
    decision: fc.constantFrom("allow", "deny", "approval_required"),
    priority: fc.nat(2),
  })
  .map((fields) => (fields.action === undefined && fields.when === undefined ? { ...fields, when: "true" } : fields));

const json: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 5, arbitrary: word },
  fc.constantFrom<unknown>(1, 2, 443, -0, 1.5, true, false, null),
  fc.array(fc.oneof(word, fc.constantFrom<unknown>(1, null, true, [], {})), { maxLength: 4 }),
  fc.constantFrom<unknown>({}, { a: "a" }, { isCelError: true, message: "forged" }),
);
const object = (fields: Record<string, fc.Arbitrary<unknown>>) => fc.record(fields, { requiredKeys: [] });

/**
 * Any activation that the model allows: optional parts are missing, free parts hold anything. Fixed parts keep their
 * types, which the service guarantees and the necessary conditions rely on.
 */
const activation = fc.record({
  action_type: fc.constantFrom("tool_call", "a", "ab", ""),
  action_name: word,
  arguments: object({
    a: json,
    b: json,
    list: json,
    deep: fc.oneof(object({ a: json }), json),
    "x-y": json,
    constructor: json,
    ["__proto__"]: json,
  }),
  destination: object({ domain: word, path: word, port: fc.constantFrom(1, 443) }),
  identity: fc.record(
    { name: word, roles: fc.array(word, { maxLength: 3 }), tenant: word, attributes: object({ team: json }) },
    { requiredKeys: ["name", "roles", "attributes"] },
  ),
  session: object({ id: word }),
  context: object({ protocol: json }),
  request: fc.record({ id: word, time: fc.constant(0) }),
  now: fc.constant(0),
}) as fc.Arbitrary<Activation>;

function load(rules: readonly object[]): RuleSet {
  // JSON is YAML, so the whole loader is under test.
  const content = JSON.stringify({
    version: 1,
    policy: "p",
    rules: rules.map((fields, nth) => ({ id: `r${nth}`, reason: "r", ...fields })),
  });
  const result = createRuleLoader({ compiler }).load([{ path: "a.yaml", content }]);
  if (!result.ok) throw new Error(JSON.stringify(result.diagnostics));
  return result.ruleSet;
}

/** Every rule that is true or an error, with what it answered. */
function outcomes(rules: readonly Rule[], { frame }: Selection): string[] {
  const relevant: string[] = [];
  for (const candidate of rules) {
    const result = candidate.matches(frame);
    if (result !== false) relevant.push(`${candidate.id} ${isCelError(result) ? result.message : result}`);
  }
  return relevant.sort();
}

describe("the index equals the linear scan", () => {
  it("every rule that is true or an error is a candidate, once, whatever the rules and the requests", () => {
    let relevant = 0;
    let skipped = 0;
    fc.assert(
      fc.property(
        fc.array(rule, { maxLength: 25 }),
        fc.array(activation, { minLength: 1, maxLength: 8 }),
        (rules, requests) => {
          const set = load(rules);
          for (const request of requests) {
            const selection = set.select(request);
            const candidates = [...selection.candidates];
            expect(new Set(candidates).size).toBe(candidates.length);
            const scanned = outcomes(set.rules, selection);
            expect(outcomes(candidates, selection)).toEqual(scanned);
            relevant += scanned.length;
            skipped += set.rules.length - candidates.length;
          }
        },
      ),
      { numRuns: RUNS },
    );
    // The property is only worth something while rules do match, and the index does skip.
    expect(relevant).toBeGreaterThan(RUNS);
    expect(skipped).toBeGreaterThan(RUNS);
  });
});
