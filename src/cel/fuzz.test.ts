import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import type { JsonObject } from "../model/activation.ts";
import { createCelCompiler } from "./compiler.ts";
import { loadParsersFor } from "./functions-parsers.ts";
import { compileStandard } from "./standard.ts";

beforeAll(() => loadParsersFor(["shell(", "sql(", "url("]));

const RUNS = Number(process.env.FUZZ_RUNS ?? 2000);

const atom = fc.constantFrom(
  "arguments",
  "arguments.a",
  "arguments.b",
  "arguments.l",
  "arguments.t",
  "context",
  "identity.roles",
  "now",
  "action_name",
  "dest_port",
  "protocol",
  "destination",
  "request",
  "x",
  "y",
  "1",
  "0",
  "-1",
  "9223372036854775807",
  "2u",
  "1.5",
  "0.0",
  '"a"',
  '""',
  '"%s %d"',
  '"😀é"',
  "b'\\xff'",
  "true",
  "null",
  "[]",
  "[1, 'a', 2u]",
  "{}",
  "{'a': 1, 2: 'b'}",
  'timestamp("2020-01-01T00:00:00Z")',
  'duration("-1.5s")',
  'timestamp("9999-12-31T23:59:59Z")',
  "int",
  "string",
);
const methods = [
  "size",
  "contains",
  "startsWith",
  "endsWith",
  "matches",
  "getFullYear",
  "getHours",
  "getMilliseconds",
  "charAt",
  "indexOf",
  "lastIndexOf",
  "substring",
  "join",
  "replace",
  "split",
  "trim",
  "upperAscii",
  "lowerAscii",
  "reverse",
  "format",
  "runs",
  "pipes_to",
  "in_cidr",
];
const globals = [
  "size",
  "int",
  "uint",
  "double",
  "string",
  "bytes",
  "bool",
  "timestamp",
  "duration",
  "type",
  "dyn",
  "matches",
  "glob",
  "dest_domain_matches",
  "dest_ip_in_cidr",
  "action_arg",
  "action_arg_contains",
  "command_line",
  "shell",
  "sql",
  "url",
  "ip",
  "strings.quote",
];
const operators = ["+", "-", "*", "/", "%", "==", "!=", "<", "<=", ">", ">=", "in", "&&", "||"];
const macros = ["all", "exists", "exists_one", "map", "filter"];

/** Well-formed expressions of any types: almost every one is an error somewhere, which is what this is about. */
const { node: source } = fc.letrec<{ node: string; wrapped: string }>((tie) => ({
  node: fc.oneof({ maxDepth: 5, depthSize: "medium" }, atom, atom, tie("wrapped"), tie("wrapped")),
  wrapped: fc.oneof(
    fc.tuple(tie("node"), fc.constantFrom(...operators), tie("node")).map(([a, op, b]) => `(${a} ${op} ${b})`),
    fc
      .tuple(tie("node"), fc.constantFrom(...methods), fc.array(tie("node"), { maxLength: 3 }))
      .map(([a, name, args]) => `(${a}).${name}(${args})`),
    fc
      .tuple(fc.constantFrom(...globals), fc.array(tie("node"), { minLength: 1, maxLength: 3 }))
      .map(([name, args]) => `${name}(${args})`),
    fc
      .tuple(tie("node"), fc.constantFrom(...macros), fc.constantFrom("x", "y"), tie("node"))
      .map(([a, name, variable, body]) => `(${a}).${name}(${variable}, ${body})`),
    fc.tuple(tie("node"), tie("node")).map(([a, b]) => `(${a})[${b}]`),
    fc.tuple(tie("node"), fc.constantFrom("a", "constructor", "b")).map(([a, field]) => `(${a}).${field}`),
    fc.tuple(tie("node"), fc.constantFrom("a", "toString")).map(([a, field]) => `has((${a}).${field})`),
    fc.tuple(tie("node"), tie("node"), tie("node")).map(([a, b, c]) => `(${a} ? ${b} : ${c})`),
    fc.tuple(fc.constantFrom("!", "-"), tie("node")).map(([op, a]) => `${op}(${a})`),
    fc.tuple(tie("node"), tie("node")).map(([a, b]) => `[${a}, ${b}]`),
    fc.tuple(tie("node"), tie("node")).map(([a, b]) => `{${a}: ${b}}`),
    fc.tuple(tie("node"), tie("node")).map(([a, b]) => `cel.bind(x, ${a}, ${b})`),
  ),
}));

const json = fc.jsonValue({ maxDepth: 3 });
const inputs = fc.record({ a: json, b: json, l: fc.array(json, { maxLength: 20 }), t: fc.string({ unit: "binary" }) });

const FAILED = { message: "evaluation failed" };

describe("whatever the expression and the request", () => {
  it("rules are compiled or refused, and evaluate to a value or an error of ours", () => {
    const compiler = createCelCompiler();
    const frame = compiler.createFrame();
    let evaluated = 0;
    fc.assert(
      fc.property(source, inputs, (text, args) => {
        const result = compiler.compileCondition(text);
        if (!result.ok) return;
        frame.reset({
          action_type: "tool_call",
          action_name: "a.b",
          arguments: args as JsonObject,
          destination: { domain: args.t },
          identity: { name: "ann", roles: ["a"], attributes: {} },
          session: {},
          context: { protocol: args.a as never },
          request: { id: "r", time: 0 },
          now: 0,
        });
        evaluated += 1;
        const outcome = result.expression.evaluate(frame);
        expect(outcome, text).toBeDefined();
        expect(outcome, text).not.toMatchObject(FAILED);
        if (result.expression.constant !== undefined) expect(outcome, text).toBe(result.expression.constant);
      }),
      { numRuns: RUNS },
    );
    expect(evaluated).toBeGreaterThan(100);
  });

  it("standard expressions evaluate to a value or an error of ours, folded or not", () => {
    fc.assert(
      fc.property(source, inputs, (text, args) => {
        const expression = compileStandard(text);
        if (!expression.ok) return;
        const outcome = expression.evaluate({ arguments: args, context: {}, "identity.roles": ["a"], now: 1n });
        expect(outcome, text).toBeDefined();
        expect(outcome, text).not.toMatchObject(FAILED);
      }),
      { numRuns: RUNS },
    );
  });

  it("any text at all is a condition or a load error", () => {
    const compiler = createCelCompiler();
    const piece = fc.oneof(
      atom,
      fc.string({ unit: "binary", maxLength: 5 }),
      fc.constantFrom(..."()[]{}.,:?+-*/%!<>=&|`\"'\\ rbu0x1e"),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
        const text = pieces.join("");
        const result = compiler.compileCondition(text);
        if (result.ok) return;
        for (const { offset, line, column, message } of result.diagnostics) {
          expect(offset).toBeGreaterThanOrEqual(0);
          expect(offset).toBeLessThanOrEqual(text.length);
          expect(line).toBeGreaterThan(0);
          expect(column).toBeGreaterThan(0);
          expect(message).not.toBe("");
        }
      }),
      { numRuns: RUNS * 2 },
    );
  });
});
