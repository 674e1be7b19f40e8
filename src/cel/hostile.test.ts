import { describe, expect, it } from "vitest";
import type { Activation, JsonObject } from "../model/activation.ts";
import { createCelCompiler } from "./compiler.ts";
import { compileStandard } from "./standard.ts";

const compiler = createCelCompiler();

function activation(args: JsonObject): Activation {
  return {
    action_type: "tool_call",
    action_name: "run",
    arguments: args,
    destination: {},
    identity: { name: "ann", roles: [], attributes: {} },
    session: {},
    context: {},
    request: { id: "r", time: 0 },
    now: 0,
  };
}

function evaluate(source: string, args: JsonObject = {}): unknown {
  const result = compiler.compileCondition(source);
  if (!result.ok) return { loadErrors: result.diagnostics.map((diagnostic) => diagnostic.message) };
  const frame = compiler.createFrame();
  frame.reset(activation(args));
  return result.expression.evaluate(frame);
}

const LIMIT = { isCelError: true, message: "evaluation limit exceeded" };
const list = (length: number) => Array.from({ length }, (_, at) => at);

describe("keys that objects inherit", () => {
  it.each(["constructor", "__proto__", "toString", "hasOwnProperty", "$typeName", "valueOf"])(
    "%s is absent unless the request holds it, and then an ordinary key",
    (key) => {
      expect(evaluate(`has(arguments.${key === "$typeName" ? "`typeName`" : key})`)).toBe(false);
      expect(evaluate(`arguments["${key}"] == "x"`)).toMatchObject({ message: `no such key: \`${key}\`` });
      expect(evaluate(`"${key}" in arguments`)).toBe(false);
      const own = JSON.parse(`{"${key}": "x", "inner": {"${key}": {"a": 1}}}`) as JsonObject;
      expect(evaluate(`arguments["${key}"] == "x"`, own)).toBe(true);
      expect(evaluate(`arguments.inner["${key}"].a == 1`, own)).toBe(true);
      expect(evaluate(`arguments.exists(k, k == "${key}")`, own)).toBe(true);
      expect(evaluate(`action_arg(arguments, "${key}") == "x"`, own)).toBe(true);
    },
  );

  it("a map from JSON with such keys compares by its own entries", () => {
    const args = JSON.parse('{"a": {"__proto__": 1}, "b": {"__proto__": 1}, "c": {}}') as JsonObject;
    expect(evaluate("arguments.a == arguments.b", args)).toBe(true);
    expect(evaluate("arguments.a == arguments.c", args)).toBe(false);
  });
});

describe("sources that are too much", () => {
  it.each([
    ["brackets", `${"(".repeat(101)}true${")".repeat(101)}`],
    ["brackets up to the length limit", "(".repeat(8000)],
    ["lists", `${"[".repeat(4000)}`],
    ["negations", `${"!".repeat(8000)}true`],
    ["minus signs", `1 == ${"-".repeat(8000)}1`],
    ["conditionals", `${"true ? ".repeat(500)}true${" : false".repeat(500)}`],
    ["chained conditionals", `${"false ? true : ".repeat(500)}true`],
    ["sums", `${"1 + ".repeat(2000)}1 == 1`],
    ["relations", `${"1 == ".repeat(1500)}1`],
    ["selections", `arguments${".a".repeat(4000)}`],
    ["indexing", `arguments${"[0]".repeat(2500)}`],
    ["method calls", `"a"${".trim()".repeat(1000)} == "a"`],
    ["maps", `${'{"a":'.repeat(1600)}1`],
    ["characters", `true${" ".repeat(8200)}`],
  ])("%s give a load error with a position", (_name, source) => {
    const result = compiler.compileCondition(source);
    expect(result.ok).toBe(false);
    if (!result.ok) expect(result.diagnostics[0]).toMatchObject({ line: 1, column: expect.any(Number) });
  });

  it("a chain of thousands of terms is flat and works", () => {
    expect(evaluate(`${"true && ".repeat(1000)}false`)).toBe(false);
    expect(evaluate(`${"false||".repeat(1100)}true`)).toBe(true);
    expect(evaluate(`${"arguments.a||".repeat(600)}true`)).toBe(true);
    const deep = createCelCompiler({ limits: { sourceLengthMax: 1_000_000 } });
    expect(deep.compileCondition(`${"arguments.a == 1 && ".repeat(10_000)}true`).ok).toBe(true);
  });

  it("a nesting of just what is allowed works", () => {
    expect(evaluate(`${"(".repeat(99)}true${")".repeat(99)}`)).toBe(true);
    expect(evaluate(`${"1 + ".repeat(250)}1 == 251`)).toBe(true);
  });

  it.each(["\ud800", '"\udfff"', "a\u0000b", "\u202e", "é == 1", "`", "\\", "#", "a ? b", "@"])(
    "%j is a load error and not an exception",
    (source) => {
      expect(compiler.compileCondition(source).ok).toBe(false);
    },
  );
});

describe("evaluations that are too much", () => {
  it.each([
    ["comprehensions in one another", "arguments.l.all(a, arguments.l.all(b, arguments.l.all(c, a + b + c >= 0)))"],
    ["a product of lists", "size(arguments.l.map(a, arguments.l.map(b, arguments.l.map(c, [a, b, c])))) > 0"],
    [
      "a text that doubles",
      `${list(30)
        .map((at) => `cel.bind(s${at + 1}, s${at} + s${at}, `)
        .join("")
        .replace("s0 + s0", '"aaaaaaaaaaaaaaaa" + string(now)')
        .replaceAll("s0", "s1")}true${")".repeat(30)}`,
    ],
    ["a replacement that explodes", 'size(arguments.t.replace("", arguments.t)) > 0'],
    [
      "a list that doubles",
      `${list(30)
        .map((at) => `cel.bind(s${at + 1}, ${at === 0 ? "arguments.l" : `s${at} + s${at}`}, `)
        .join("")}size(s30) > 0${")".repeat(30)}`,
    ],
    ["a join that explodes", "size(arguments.l.map(a, arguments.t).join(arguments.t)) > 0"],
    ["an accumulation of regexes", 'arguments.l.exists(x, arguments.t.matches("(a|b|c)*" + string(x) + "$"))'],
    ["texts searched over and over", 'arguments.l.all(x, arguments.l.all(y, !arguments.t.contains("zzz")))'],
    ["a glob that backtracks", 'arguments.l.all(x, !glob("*a?a?a?a?a?a?b*", arguments.t))'],
    [
      "a format that repeats",
      'arguments.l.all(x, size("%s%s%s%s".format([arguments.t, arguments.t, arguments.t, arguments.t])) > 0)',
    ],
    ["big lists compared", "arguments.l.all(x, arguments.l == arguments.l2)"],
  ])("%s end with an error, and no operator hides it", (_name, source) => {
    const args: JsonObject = { l: list(2000), l2: list(2000), t: "a".repeat(50_000) };
    expect(evaluate(source, args)).toMatchObject(LIMIT);
    expect(evaluate(`${source} || true || arguments.missing`, args)).toBe(true);
    expect(evaluate(`${source} || arguments.l != null`, args)).toMatchObject(LIMIT);
    expect(evaluate(`${source} ? true : true`, args)).toMatchObject(LIMIT);
  });

  it("a pattern that backtracks elsewhere takes linear time", () => {
    const args: JsonObject = { t: `${"a".repeat(5000)}!` };
    expect(evaluate('arguments.t.matches("^(a+)+$")', args)).toBe(false);
    expect(evaluate('arguments.t.matches("(x+x+)+y")', args)).toBe(false);
  });

  it("values nested deeper than any stack are an error", () => {
    let deep: unknown = [];
    for (let depth = 0; depth < 100_000; depth++) deep = [deep];
    let other: unknown = [];
    for (let depth = 0; depth < 100_000; depth++) other = [other];
    const bindings = { a: deep, b: other, m: { a: deep } };
    for (const source of ["a == b", "a in [b]", '"%s".format([a])', "a != b && true"]) {
      const expression = compileStandard(source);
      expect(expression.ok && expression.evaluate(bindings)).toMatchObject(LIMIT);
    }
    expect(evaluate('action_arg_contains(arguments, "x")', { a: deep } as JsonObject)).toMatchObject(LIMIT);
  });

  it("fuel is new for every evaluation", () => {
    const args: JsonObject = { l: list(2000) };
    const frame = compiler.createFrame();
    frame.reset(activation(args));
    const heavy = compiler.compileCondition("arguments.l.all(a, arguments.l.all(b, a + b >= 0))");
    const light = compiler.compileCondition("arguments.l.all(a, a >= 0)");
    if (!heavy.ok || !light.ok) throw new Error("does not compile");
    expect(heavy.expression.evaluate(frame)).toMatchObject(LIMIT);
    expect(light.expression.evaluate(frame)).toBe(true);
  });
});

describe("requests that are odd", () => {
  it("texts with lone surrogates and NUL are texts", () => {
    const args: JsonObject = { t: "\ud800\u0000x", u: "x" };
    expect(evaluate("size(arguments.t) == 3", args)).toBe(true);
    expect(evaluate("arguments.t.reverse().startsWith('x')", args)).toBe(true);
    expect(evaluate("arguments.t.charAt(2) == 'x' && arguments.t.indexOf('x') == 2", args)).toBe(true);
    expect(evaluate('strings.quote(arguments.t).contains("x")', args)).toBe(true);
    expect(evaluate("arguments.t.matches('x$')", args)).toBe(true);
    expect(evaluate("size(bytes(arguments.t)) > 0", args)).toBe(true);
  });

  it.each(["(", "[", "a{1001}", "(?=a)", "\\\\1", "x*{3}", "(?P<", "a{2}{1000}{1000}"])(
    "a pattern %j from a request is an error value",
    (pattern) => {
      expect(evaluate("'x'.matches(arguments.p)", { p: pattern.replaceAll("\\\\", "\\") })).toMatchObject({
        isCelError: true,
      });
    },
  );
});
