import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type CompiledExpression,
  createCelCompiler,
  type Frame,
  isCelError,
  type NecessaryCondition,
} from "../../src/cel/index.ts";
import type { Activation } from "../../src/model/activation.ts";
import { canonicalText } from "../conformance/canonical.ts";

const RUNS = Number(process.env.CEL_PROPERTY_RUNS ?? 12_000);
const SEED = Number(process.env.CEL_PROPERTY_SEED ?? 20_261_121);

const PATHS = [
  ...["action_type", "action_name", "tool_name", "identity.name", "identity_name", "identity.tenant"],
  ...[
    "arguments.a",
    'arguments["a"]',
    "arguments.b.c",
    "arguments['b']['c']",
    "arguments.list",
    "tool_args.a",
    "arguments",
  ],
  ...["arguments.constructor", "arguments.toString", "arguments[action_name]", "arguments.list[0]", "context.a.b.c"],
  ...["destination.domain", "dest_domain", "destination.port", "dest_port", "dest_path", "destination.command"],
  ...["identity.roles", "user_roles", "identity_roles", "identity.attributes.team", "identity.attributes"],
  ...["context.protocol", "protocol", "session.id", "session_id", "request.id"],
];
const STRINGS = ["", "a", "ab", "admin", "a.example.com", "example.com", "b/c", "1", "true", "null", "é", "😀"];
const LITERALS = [
  ...STRINGS.map((text) => JSON.stringify(text)),
  ...[
    "0",
    "1",
    "-1",
    "1.0",
    "-0.0",
    "2u",
    "443",
    "9007199254740992",
    "9007199254740993",
    "9223372036854775807",
    "1e300",
  ],
  ...[
    "true",
    "false",
    "null",
    "[]",
    "{}",
    "['a']",
    "b'a'",
    "dyn('a')",
    "dyn(1)",
    "'a' + 'b'",
    "arguments.a",
    "action_name",
  ],
];

/** `P` and `Q` are paths, `L` and `M` literals, `S` and `T` string literals. */
const TERMS = [
  ...[
    "P == L",
    "L == P",
    "P != L",
    "!(P == L)",
    "!(P != L)",
    "P == L || P == M",
    "P == L || Q == M",
    "P == L && P == M",
  ],
  ...[
    "P in [L, M]",
    "P in [S, T]",
    "P in [L]",
    "P in []",
    "!(P in [S, T])",
    "P in ['a', 1, true]",
    "P in arguments.list",
  ],
  ...[
    "P in Q",
    "S in P",
    "!(S in P)",
    "S in P || T in P",
    "L in P",
    "P in {'a': 1, 'admin': 2}",
    "P in dyn(['a', 'b'])",
  ],
  ...["P.startsWith(S)", "P.startsWith(S) || P.startsWith(T)", "!P.startsWith(S)", "P.startsWith(Q)", "P.endsWith(S)"],
  ...[
    "P.endsWith(S) || P.endsWith(T)",
    "P.contains(S)",
    "P.matches('^a')",
    "P.matches('^(admin|ab)$')",
    "P.matches(S)",
  ],
  ...["P.startsWith(S) || P == S", "P.startsWith(S) || P.endsWith(T)", "P == S || P in [T]", "S in P || P == S"],
  ...[
    "P.exists(r, r == S)",
    "P.exists(r, r in [S, T])",
    "P.all(r, r == S)",
    "P.exists_one(r, r == S)",
    "P.exists(r, r.startsWith(S))",
  ],
  ...[
    "glob(S, P)",
    "glob('a*', P)",
    "glob('*', P)",
    "glob('*.example.com', P)",
    "glob(P, S)",
    "!glob('a*', P)",
    "glob('a*', P) || P == S",
  ],
  ...["dest_domain_matches(P, S)", "dest_domain_matches(P, '*.example.com')", "dest_domain_matches(P, 'example.com')"],
  ...["dest_ip_in_cidr(P, '10.0.0.0/8')", "action_arg(arguments, 'a') == L", "action_arg(arguments, S) in [S, T]"],
  ...["action_arg_contains(arguments, S)", "action_arg_contains(P, S)"],
  ...[
    "size(P) > 0",
    "P > 1",
    "P >= L",
    "P < S",
    "P + 1 == 2",
    "P.lowerAscii() == S",
    "P[0] == L",
    "P.a == L",
    "string(P) == S",
  ],
  ...[
    "P == L ? Q == M : false",
    "P == L ? true : Q == M",
    "P ? true : false",
    "P",
    "!P",
    "true",
    "false",
    "1 / 0 == 1",
  ],
  ...[
    "arguments.missing == L",
    "arguments.missing.deep == L",
    "cel.bind(p, P, p == L)",
    "[P].exists(p, p == L)",
    "type(P) == string",
  ],
  ...["[S, T].exists(s, P.startsWith(s))", "[S, T].exists(s, P == s)", "[L].all(l, P == l)", "now > timestamp(0)"],
  ...[
    "request_time < timestamp(0)",
    "P == L && has(arguments.a)",
    "double(P) == 1.0",
    "int(P) == 1",
    "P == P",
    "P != P",
  ],
];
const HAS = [
  "has(arguments.a)",
  "has(arguments.b.c)",
  "!has(arguments.a)",
  "has(destination.domain)",
  "has(identity.tenant)",
];

const term = fc
  .record({
    template: fc.oneof(
      { weight: 9, arbitrary: fc.constantFrom(...TERMS) },
      { weight: 1, arbitrary: fc.constantFrom(...HAS) },
    ),
    paths: fc.tuple(fc.constantFrom(...PATHS), fc.constantFrom(...PATHS)),
    literals: fc.tuple(fc.constantFrom(...LITERALS), fc.constantFrom(...LITERALS)),
    strings: fc.tuple(fc.constantFrom(...STRINGS), fc.constantFrom(...STRINGS)),
  })
  .map(({ template, paths: [P, Q], literals: [L, M], strings }) => {
    const [S, T] = strings.map((text) => JSON.stringify(text));
    const parts: Record<string, string | undefined> = { P, Q, L, M, S, T };
    return template.replace(/\b[PQLMST]\b/g, (name) => parts[name]!);
  });

/** What rules are made of, on paths of unknown type, so that most of them compile and say something of an index. */
const common = fc
  .record({
    template: fc.constantFrom(
      "P == S",
      "P == L",
      "P in [S, T]",
      "P.startsWith(S)",
      "P.endsWith(S)",
      "S in P",
      "has(P)",
      "glob('a*', P)",
    ),
    path: fc.constantFrom(
      "arguments.a",
      "arguments.b",
      "arguments.list",
      "context.protocol",
      "identity.attributes.team",
      "tool_args.a",
    ),
    literal: fc.constantFrom(...LITERALS.slice(0, 24)),
    strings: fc.tuple(fc.constantFrom(...STRINGS), fc.constantFrom(...STRINGS)),
  })
  .map(({ template, path: P, literal: L, strings }) => {
    const [S, T] = strings.map((text) => JSON.stringify(text));
    const parts: Record<string, string | undefined> = { P, L, S, T };
    return template.replace(/\b[PLST]\b/g, (name) => parts[name]!);
  });

const { condition } = fc.letrec<{ condition: string }>((tie) => ({
  condition: fc.oneof(
    { maxDepth: 3, depthSize: "medium", withCrossShrink: true },
    { weight: 4, arbitrary: term.map((text) => (/\|\||&&|\?/.test(text) ? `(${text})` : text)) },
    { weight: 4, arbitrary: common },
    { weight: 4, arbitrary: fc.tuple(tie("condition"), tie("condition")).map(([a, b]) => `${a} && ${b}`) },
    { weight: 1, arbitrary: fc.tuple(tie("condition"), tie("condition")).map(([a, b]) => `(${a} && ${b})`) },
    { weight: 1, arbitrary: fc.tuple(tie("condition"), tie("condition")).map(([a, b]) => `(${a} || ${b})`) },
    { weight: 1, arbitrary: tie("condition").map((inner) => `!(${inner})`) },
  ),
}));

/** JSON as a caller may send it: every type in every place, keys of Object.prototype, numbers at the edge of doubles. */
const { json } = fc.letrec<{ json: unknown }>((tie) => ({
  json: fc.oneof(
    { maxDepth: 3, depthSize: "small", withCrossShrink: true },
    { weight: 5, arbitrary: fc.constantFrom<unknown>(...STRINGS) },
    { weight: 3, arbitrary: fc.constantFrom<unknown>(0, -0, 1, -1, 2, 443, 1.5, 2 ** 53, 2 ** 53 + 2, 2 ** 63, 1e300) },
    { weight: 3, arbitrary: fc.constantFrom<unknown>(null, true, false, [], {}) },
    { weight: 1, arbitrary: fc.array(tie("json"), { maxLength: 3 }) },
    { weight: 1, arbitrary: object(tie("json"), ["a", "b", "c", "__proto__", "constructor"]) },
  ),
}));

/** Keys are own, `__proto__` included, as JSON.parse makes them; each may be missing. */
function object(value: fc.Arbitrary<unknown>, keys: readonly string[]): fc.Arbitrary<unknown> {
  const entries = fc.tuple(
    ...keys.map((key) =>
      fc.option(
        value.map((inner) => [key, inner] as const),
        { nil: undefined },
      ),
    ),
  );
  return entries.map((pairs) => {
    const texts = pairs.flatMap((pair) => (pair ? [`${JSON.stringify(pair[0])}:${JSON.stringify(pair[1])}`] : []));
    return JSON.parse(`{${texts.join(",")}}`) as unknown;
  });
}

const text = fc.constantFrom(...STRINGS);
const optional = { requiredKeys: [] };

const activation = fc.record({
  action_type: text,
  action_name: text,
  arguments: object(json, ["a", "b", "list", "constructor", "toString", "__proto__"]),
  destination: fc.record(
    { domain: text, port: fc.constantFrom(0, 80, 443, 1), path: text, command: text, ip: text },
    optional,
  ),
  identity: fc.record(
    { name: text, roles: fc.array(text, { maxLength: 3 }), attributes: object(json, ["team"]), tenant: text },
    { requiredKeys: ["name", "roles", "attributes"] },
  ),
  session: fc.record({ id: text }, optional),
  context: object(json, ["protocol", "a"]),
  request: fc.record({ id: text, time: fc.constant(0) }),
  now: fc.constant(0),
}) as unknown as fc.Arbitrary<Activation>;

/** "skip" when the condition proves the outcome `false`, as an index would conclude from it. */
function verdictOf(necessary: NecessaryCondition, frame: Frame): "skip" | "evaluate" {
  const value = frame.read(necessary.slot);
  const absent = necessary.absent === "false" ? "skip" : "evaluate";
  if (isCelError(value)) return absent;
  if (necessary.op === "equals") return necessary.values.some((known) => known === value) ? "evaluate" : "skip";
  if (necessary.op === "contains") {
    if (!Array.isArray(value)) return absent;
    return necessary.values.some((known) => value.includes(known)) ? "evaluate" : "skip";
  }
  if (typeof value !== "string") return absent;
  const test = necessary.op === "prefix" ? value.startsWith.bind(value) : value.endsWith.bind(value);
  return necessary.values.some((known) => test(known)) ? "evaluate" : "skip";
}

const compiler = createCelCompiler();
const frame = compiler.createFrame();

function compiled(source: string): CompiledExpression | undefined {
  const result = compiler.compileCondition(source);
  return result.ok ? result.expression : undefined;
}

function outcome(expression: CompiledExpression, input: Activation): string {
  frame.reset(input);
  return canonicalText(expression.evaluate(frame));
}

describe("what is known of a condition without evaluating it", { timeout: 600_000 }, () => {
  it("never skips a rule whose condition would have been true or an error", () => {
    const counts = { refused: 0, withoutConditions: 0, skipped: 0, evaluated: 0 };
    fc.assert(
      fc.property(condition, fc.array(activation, { minLength: 1, maxLength: 4 }), (source, inputs) => {
        const expression = compiled(source);
        if (expression === undefined) return void counts.refused++;
        if (expression.necessary.length === 0) return void counts.withoutConditions++;
        for (const input of inputs) {
          const actual = outcome(expression, input);
          const proof = expression.necessary.find((necessary) => verdictOf(necessary, frame) === "skip");
          if (proof === undefined) counts.evaluated++;
          else {
            counts.skipped++;
            if (actual !== "false") throw new Error(`evaluates to ${actual} although ${JSON.stringify(proof)} fails`);
          }
        }
      }),
      { numRuns: RUNS, seed: SEED },
    );
    console.log(`necessary conditions: ${JSON.stringify(counts)}`);
    // The generator is worth something only while the conditions prove something.
    expect(counts.skipped).toBeGreaterThan(RUNS / 5);
    expect(counts.evaluated).toBeGreaterThan(RUNS / 10);
  });

  it("never skips a rule that would have run out of fuel, which is an error and no `false`", () => {
    const heavy = fc.constantFrom(
      "context.long.all(a, context.long.all(b, a + b >= 0))",
      "context.long.exists(a, context.long.exists(b, a + b < 0))",
      "(arguments.a == 'a' || context.long.all(a, context.long.all(b, true)))",
      "size(context.long.map(a, context.long.map(b, b))) > 0 && arguments.b == 'a'",
      "(context.long.all(a, context.long.all(b, true)) && 'a' in arguments.list)",
      "glob('*a*b*c', context.text + context.text) && context.text.matches('(x+x+)+y')",
    );
    const other = fc.oneof({ weight: 3, arbitrary: common }, { weight: 1, arbitrary: heavy });
    const long = Array.from({ length: 1_000 }, (_, index) => index);
    const counts = { skipped: 0, outOfFuel: 0 };
    fc.assert(
      fc.property(
        fc.array(other, { maxLength: 3 }),
        heavy,
        fc.array(other, { maxLength: 3 }),
        activation,
        (a, b, c, input) => {
          const expression = compiled([...a, b, ...c].join(" && "));
          if (expression === undefined) return;
          const text = "x".repeat(100_000);
          const actual = outcome(expression, { ...input, context: { ...input.context, long, text } });
          const isSkipped = expression.necessary.some((necessary) => verdictOf(necessary, frame) === "skip");
          if (isSkipped) counts.skipped++;
          if (actual === "error") counts.outOfFuel++;
          if (isSkipped) expect(actual).toBe("false");
        },
      ),
      { numRuns: 500, seed: SEED },
    );
    expect(counts.skipped).toBeGreaterThan(50);
    expect(counts.outOfFuel).toBeGreaterThan(50);
  });

  it("calls an expression constant only when it has that value for every input", () => {
    fc.assert(
      fc.property(condition, fc.array(activation, { minLength: 1, maxLength: 3 }), (source, inputs) => {
        const expression = compiled(source);
        if (expression?.constant === undefined) return;
        for (const input of inputs) expect(outcome(expression, input)).toBe(String(expression.constant));
      }),
      { numRuns: RUNS / 4, seed: SEED },
    );
  });

  it("gives the same outcome at another time, in another session and request unless the expression is volatile", () => {
    fc.assert(
      fc.property(condition, activation, activation, (source, input, other) => {
        const expression = compiled(source);
        if (expression === undefined || expression.isVolatile) return;
        const { session, request } = other;
        const later = { ...input, session, request: { ...request, time: 1e12 }, now: 1e12 };
        expect(outcome(expression, later)).toBe(outcome(expression, input));
      }),
      { numRuns: RUNS / 4, seed: SEED },
    );
  });

  it("depends on no input but those of its paths", () => {
    fc.assert(
      fc.property(condition, activation, activation, (source, input, other) => {
        const expression = compiled(source);
        if (expression === undefined) return;
        const names = new Set(expression.paths.map((path) => path.split(/[.[]/, 1)[0]!));
        const rest = Object.entries(other).filter(([name]) => !names.has(name));
        const changed = { ...input, ...Object.fromEntries(rest) } as Activation;
        expect(outcome(expression, changed)).toBe(outcome(expression, input));
      }),
      { numRuns: RUNS / 4, seed: SEED },
    );
  });

  it("gives the same outcome in a frame that was used before and in a new one", () => {
    fc.assert(
      fc.property(condition, activation, activation, (source, first, second) => {
        const expression = compiled(source);
        if (expression === undefined) return;
        outcome(expression, first);
        const reused = outcome(expression, second);
        const fresh = compiler.createFrame();
        fresh.reset(second);
        expect(reused).toBe(canonicalText(expression.evaluate(fresh)));
      }),
      { numRuns: RUNS / 4, seed: SEED },
    );
  });
});
