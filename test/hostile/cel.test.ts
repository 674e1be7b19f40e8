import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compileStandard, createCelCompiler, isCelError } from "../../src/cel/index.ts";
import { parse } from "../../src/cel/parser.ts";
import type { Activation, JsonObject } from "../../src/model/activation.ts";
import { canonicalText } from "../conformance/canonical.ts";
import { bindingsArbitrary, sourceArbitrary } from "../differential/generate-cel.ts";

const RUNS = Number(process.env.CEL_HOSTILE_RUNS ?? 3_000);
const SEED = 20_261_121;

type Bindings = Readonly<Record<string, unknown>>;

/** A throw that the evaluator caught is a fault too, if a harmless one. */
function textOf(value: unknown): string {
  if (isCelError(value) && value.message === "evaluation failed")
    throw new Error("a throw was caught in the evaluator");
  return canonicalText(value);
}

/** The value as `canonicalText`, "error" for an error value, "load error" for a refused source. A throw is a failed test. */
function run(source: string, bindings: Bindings = {}): string {
  const compiled = compileStandard(source);
  return compiled.ok ? textOf(compiled.evaluate(bindings)) : "load error";
}

/** The message of the error that the evaluation ends in. */
function messageOf(source: string, bindings: Bindings = {}): string {
  const compiled = compileStandard(source);
  if (!compiled.ok) return compiled.diagnostics[0]?.message ?? "";
  const value = compiled.evaluate(bindings);
  return isCelError(value) ? value.message : `no error but ${canonicalText(value).slice(0, 80)}`;
}

const LIMIT = /evaluation limit exceeded/;

function activationOf(args: unknown, rest: Partial<Activation> = {}): Activation {
  return {
    action_type: "tool_call",
    action_name: "t",
    arguments: args as JsonObject,
    destination: {},
    identity: { name: "n", roles: [], attributes: {} },
    session: {},
    context: {},
    request: { id: "r", time: 0 },
    now: 0,
    ...rest,
  };
}

const compiler = createCelCompiler();

/** A condition as rules have them, against these arguments. */
function decide(source: string, args: unknown, rest: Partial<Activation> = {}): string {
  const compiled = compiler.compileCondition(source);
  if (!compiled.ok) return "load error";
  const frame = compiler.createFrame();
  frame.reset(activationOf(args, rest));
  return textOf(compiled.expression.evaluate(frame));
}

const KEYS = [
  "constructor",
  "__proto__",
  "toString",
  "hasOwnProperty",
  "valueOf",
  "prototype",
  "__defineGetter__",
  "length",
];
/** Keys that cannot be written behind a dot. */
const INDEX_KEYS = [...KEYS, "$typeName", "", "a b", "\u0000"];

describe("keys that JavaScript objects are born with", () => {
  it.each(INDEX_KEYS)("finds %j in a map only when the request sent it", (key) => {
    const text = JSON.stringify(key);
    const absent = { m: JSON.parse("{}"), l: [], s: "text", n: 1 };
    for (const source of [`m[${text}]`, `dyn(l)[${text}]`, `dyn(s)[${text}]`, `dyn(n)[${text}]`]) {
      expect([source, run(source, absent)]).toEqual([source, "error"]);
    }
    expect(run(`${text} in m`, absent)).toBe("false");
    expect(run(`m.exists(k, k == ${text})`, absent)).toBe("false");
    expect(run(`{}[${text}]`)).toBe("error");
    expect(decide(`arguments[${text}] == "v"`, JSON.parse("{}"))).toBe("error");
    expect(decide(`${text} in arguments`, JSON.parse("{}"))).toBe("false");

    const own = JSON.parse(`{${text}:"v"}`);
    expect(run(`m[${text}]`, { m: own })).toBe('"v"');
    expect(run(`${text} in m`, { m: own })).toBe("true");
    expect(run("size(m)", { m: own })).toBe("1");
    expect(run(`m.all(k, k == ${text} && m[k] == "v")`, { m: own })).toBe("true");
    expect(run(`m == {${text}: "v"} && {${text}: "v"} == m`, { m: own })).toBe("true");
    expect(run(`m == other`, { m: own, other: JSON.parse("{}") })).toBe("false");
    expect(run(`m == other`, { m: JSON.parse("{}"), other: own })).toBe("false");
    expect(run(`{${text}: 1}[${text}]`)).toBe("1");
    expect(run("m.transformMap(k, v, v)", { m: own })).toBe(`{${text}: "v"}`);
    expect(decide(`arguments[${text}] == "v"`, own)).toBe("true");
    expect(decide(`action_arg(arguments, ${text}) == "v"`, own)).toBe("true");
    expect(decide(`action_arg_contains(arguments, "v")`, own)).toBe("true");
  });

  it.each(KEYS)("selects .%s only when the request sent it", (key) => {
    const bindings = { m: JSON.parse("{}"), l: [], s: "text", n: 1, f: true };
    for (const source of [
      `m.${key}`,
      `dyn(l).${key}`,
      `dyn(s).${key}`,
      `dyn(n).${key}`,
      `dyn(f).${key}`,
      `{}.${key}`,
    ]) {
      expect([source, run(source, bindings)]).toEqual([source, "error"]);
    }
    expect(run(`has(m.${key})`, bindings)).toBe("false");
    expect(decide(`has(arguments.${key})`, JSON.parse("{}"))).toBe("false");
    expect(decide(`arguments.${key} == "v"`, JSON.parse("{}"))).toBe("error");
    expect(decide(`context.${key} == "v"`, {}, { context: {} })).toBe("error");
    expect(decide(`identity.attributes.${key} == "v"`, {})).toBe("error");
    const own = JSON.parse(`{"${key}":"v"}`);
    expect(run(`m.${key}`, { m: own })).toBe('"v"');
    expect(run(`has(m.${key})`, { m: JSON.parse(`{"${key}":null}`) })).toBe("true");
    expect(decide(`arguments.${key} == "v" && has(arguments.${key})`, own)).toBe("true");
  });

  it.each(KEYS)("knows no variable, function, method or type %s", (key) => {
    const nothing = ["error", "load error"];
    for (const source of [
      key,
      `.${key}`,
      `${key}()`,
      `${key}(1)`,
      `"a".${key}()`,
      `{}.${key}()`,
      `type(1).${key}`,
      `${key}.a`,
    ]) {
      expect([source, nothing.includes(run(source))]).toEqual([source, true]);
      expect([source, nothing.includes(decide(`${source} == 1`, {}))]).toEqual([source, true]);
    }
    expect(run(key, { [key]: 1n })).toBe("1");
    expect(run(`[1].map(${key}, ${key})`)).toBe("[1]");
    expect(run(`[1].exists(${key}, ${key} == 1)`)).toBe("true");
    expect(run(`cel.bind(${key}, 1, ${key})`)).toBe("1");
  });
});

function repeat(count: number, open: string, core: string, close = ""): string {
  return open.repeat(count) + core + close.repeat(count);
}

const NESTINGS: Record<string, (count: number) => string> = {
  parentheses: (count) => repeat(count, "(", "true", ")"),
  lists: (count) => repeat(count, "[", "1", "]"),
  maps: (count) => repeat(count, "{1:", "1", "}"),
  negations: (count) => repeat(count, "!", "true"),
  minuses: (count) => repeat(count, "-", "x"),
  conditionals: (count) => repeat(count, "true?1:", "1"),
  "conditionals in the test": (count) => repeat(count, "(", "true", "?true:true)"),
  indexes: (count) => repeat(count, "x[", "0", "]"),
  "index chains": (count) => `x${"[0]".repeat(count)}`,
  selections: (count) => `x${".a".repeat(count)}`,
  calls: (count) => repeat(count, "size(", "x", ")"),
  "method chains": (count) => `x${".size()".repeat(count)}`,
  macros: (count) => repeat(count, "[1].all(e,", "true", ")"),
  "macro chains": (count) => `[1]${".map(e,e)".repeat(count)}`,
  binds: (count) => repeat(count, "cel.bind(e,1,", "e", ")"),
  messages: (count) => repeat(count, "A{a:", "1", "}"),
  "unclosed parentheses": (count) => "(".repeat(count),
  "unclosed lists": (count) => "[".repeat(count),
  "unclosed calls": (count) => "f(".repeat(count),
  sums: (count) => `1${"+1".repeat(count)}`,
  relations: (count) => `x${"<1".repeat(count)}`,
  conjunctions: (count) => `x${"&&x".repeat(count)}`,
  disjunctions: (count) => `x${"||x".repeat(count)}`,
  "mixed logic": (count) => repeat(count, "(x&&(y||", "x", "))"),
  strings: (count) => "'".repeat(count),
  comments: (count) => "//\n".repeat(count),
  backslashes: (count) => `'${"\\\\".repeat(count)}'`,
};

describe("nesting and length of a source", () => {
  it.each(Object.keys(NESTINGS))("survives %s, whatever their number", (name) => {
    for (const count of [1, 50, 99, 100, 101, 150, 299, 301, 1_000, 2_700, 10_000, 100_000]) {
      const source = NESTINGS[name]!(count);
      expect(() => run(source, { x: [[1n]], y: 1n })).not.toThrow();
      expect(() => decide(source.replaceAll("x", "arguments"), {})).not.toThrow();
      const unlimited = { sourceLengthMax: 10_000_000, nestingMax: 100, treeDepthMax: 300 };
      expect(() => parse(source, unlimited)).not.toThrow();
    }
  });

  it.each(["parentheses", "lists", "maps", "calls", "macros", "conditionals", "indexes", "binds"])(
    "allows %s to be 99 deep and says what is wrong with 101",
    (name) => {
      expect(parse(NESTINGS[name]!(99)).ok).toBe(true);
      const refused = parse(NESTINGS[name]!(101));
      expect(refused).toMatchObject({
        ok: false,
        diagnostic: { message: expect.stringMatching(/nested deeper than 100/) },
      });
    },
  );

  it("takes a source of 8 KiB and refuses one of a character more", () => {
    const exact = `'${"a".repeat(8192 - 2)}'`;
    expect(run(exact)).toBe(`"${"a".repeat(8190)}"`);
    const long = compileStandard(`${exact} `);
    expect(long).toMatchObject({ ok: false, diagnostics: [{ message: expect.stringMatching(/longer than 8192/) }] });
  });

  it.each(["&&", "||"])("evaluates as long a chain of %s as the source may hold", (operator) => {
    const terms = Array<string>(2_000).fill(operator === "&&" ? "b" : "c");
    expect(run(terms.join(operator), { b: true, c: false })).toBe(operator === "&&" ? "true" : "false");
    expect(run(Array<string>(10_000).fill("b").join(operator), { b: true })).toBe("load error");
  });
});

const ATTACKED = `${"a".repeat(100_000)}!`;
const BOUNDED = ["false", "true", "error"];

describe("regular expressions", () => {
  it.each([
    "^(a+)+$",
    "^(a|aa)+$",
    "(a*)*b",
    "(.*)*!x",
    "^(?:a?){50}a{50}$",
    "([a-z]+)*[0-9]",
    "(a|a|a|a)*x",
    "\\w+\\w+\\w+x",
  ])("tests %s against 100,000 characters in bounded work", (pattern) => {
    const text = JSON.stringify(pattern);
    expect(BOUNDED).toContain(run(`s.matches(${text})`, { s: ATTACKED }));
    expect(BOUNDED).toContain(run("s.matches(p)", { s: ATTACKED, p: pattern }));
    expect(BOUNDED).toContain(decide("arguments.s.matches(arguments.p)", { s: ATTACKED, p: pattern }));
  });

  it.each([
    ...[
      "a{1000}",
      "a{1001}",
      "(a{100}){100}",
      "((a{100}){100}){100}",
      "(((a{30}){30}){30}){30}",
      "(a{1,1000}){1,1000}",
    ],
    ...[
      "(?:(?:(?:x{2}){2}){2}){2}",
      "(x{0,900}y{0,900}){0,900}",
      "[\\pL\\pN]{500}",
      "(?i)(\\pL{100}){9}",
      "(".repeat(400),
    ],
    ...[
      `${"(".repeat(250)}a${")".repeat(250)}`,
      `${"(a|".repeat(160)}b${")".repeat(160)}`,
      "a|".repeat(255),
      "\\C",
      "(?P<n>a)\\1",
    ],
    ...["(?=a)", "[z-a]", "*", "a**", "\\", "\u0000", "(?i", "\\x{110000}", "[[:foo:]]", "\\pZZ", ".*".repeat(250)],
  ])("compiles or refuses %j without harm", (pattern) => {
    const text = JSON.stringify(pattern);
    const constant = run(`s.matches(${text})`, { s: "aaa" });
    expect([...BOUNDED, "load error"]).toContain(constant);
    const dynamic = run("s.matches(p)", { s: "aaa", p: pattern });
    expect(dynamic).toBe(constant === "load error" ? "error" : dynamic);
    expect(BOUNDED).toContain(dynamic);
  });

  it("refuses a dynamic pattern that is too long", () => {
    expect(run("s.matches(p)", { s: "a", p: "[ab]".repeat(10_000) })).toBe("error");
  });

  it("stops a thousand patterns compiled in one evaluation", () => {
    const patterns = Array.from({ length: 5_000 }, (_, index) => `[a-z]{${index % 500}}x${index}$`);
    expect(messageOf("ps.exists(p, s.matches(p))", { ps: patterns, s: "a".repeat(100) })).toMatch(LIMIT);
  });
});

const thousand = Array.from({ length: 1_000 }, (_, index) => index);
const big = "x".repeat(200_000);
/** `depth` names, each bound to an expression over the one before. */
function binds(
  depth: number,
  first: string,
  next: (previous: string) => string,
  body: (last: string) => string,
): string {
  const opened = Array.from({ length: depth }, (_, at) => `cel.bind(v${at},${at === 0 ? first : next(`v${at - 1}`)},`);
  return opened.join("") + body(`v${depth - 1}`) + ")".repeat(depth);
}

describe("work without bound", () => {
  it.each([
    ["nested all", "l.all(a, l.all(b, a + b >= 0.0))"],
    ["nested map", "size(l.map(a, l.map(b, b))) > 0"],
    ["nested exists", "l.exists(a, l.exists(b, l.exists(c, false)))"],
    ["nested filter", "l.filter(a, l.filter(b, true) == []) == []"],
    ["nested exists_one", "l.exists_one(a, l.exists_one(b, a == b))"],
    ["nested transformList", "size(l.transformList(i, a, l.transformList(j, b, b))) > 0"],
    ["nested transformMap", "size(l.transformMap(i, a, l.transformMap(j, b, b))) > 0"],
    ["quadratic membership", "l.all(a, l.all(b, a in l))"],
    ["quadratic equality", "l.all(a, l.all(b, l == l2))"],
    ["absorbed by or", "l.all(a, l.all(b, yes)) || yes"],
    ["absorbed by and", "!(l.all(a, l.all(b, yes)) && size(l) == 0)"],
    ["absorbed by exists", "[1, 2].exists(x, x == 2 || l.all(a, l.all(b, true)))"],
    ["hidden in has", "has({'a': l.map(a, l.map(b, b))}.a)"],
    ["hidden in a condition", "l.all(a, l.all(b, true)) ? true : true"],
    ["hidden in type", "type(l.map(a, l.map(b, b))) == list"],
  ])("ends %s of a thousand by a thousand with a limit error", (_, source) => {
    expect(messageOf(source, { l: thousand, l2: [...thousand], yes: true })).toMatch(LIMIT);
  });

  it.each([
    [
      "strings doubled",
      binds(
        80,
        "s",
        (v) => `${v} + ${v}`,
        (v) => `size(${v})`,
      ),
    ],
    [
      "lists doubled",
      binds(
        80,
        "[1, 2]",
        (v) => `${v} + ${v}`,
        (v) => `size(${v})`,
      ),
    ],
    [
      "bytes doubled",
      binds(
        80,
        "b'xy'",
        (v) => `${v} + ${v}`,
        (v) => `size(${v})`,
      ),
    ],
    [
      "lists of lists compared",
      binds(
        80,
        "[1]",
        (v) => `[${v}, ${v}]`,
        (v) => `${v} == ${v} + []`,
      ),
    ],
    [
      "maps of maps compared",
      binds(
        80,
        "{}",
        (v) => `{1: ${v}, 2: ${v}}`,
        (v) => `${v} == ${v}`,
      ),
    ],
    [
      "lists of lists formatted",
      binds(
        80,
        "[1]",
        (v) => `[${v}, ${v}]`,
        (v) => `'%s'.format([${v}])`,
      ),
    ],
    [
      "lists of lists searched",
      binds(
        80,
        "[1]",
        (v) => `[${v}, ${v}]`,
        (v) => `[${v}] in [[${v} + []]]`,
      ),
    ],
    [
      "text replaced",
      binds(
        80,
        "s",
        (v) => `${v}.replace('x', 'xx')`,
        (v) => `size(${v})`,
      ),
    ],
    [
      "text spread",
      binds(
        80,
        "s",
        (v) => `${v}.replace('', 'yyyyyyyy')`,
        (v) => `size(${v})`,
      ),
    ],
    [
      "text split and joined",
      binds(
        40,
        "s",
        (v) => `${v}.split('').join('--------')`,
        (v) => `size(${v})`,
      ),
    ],
    [
      "text formatted",
      binds(
        80,
        "s",
        (v) => `'%s%s'.format([${v}, ${v}])`,
        (v) => `size(${v})`,
      ),
    ],
    [
      "text quoted",
      binds(
        80,
        "'\"'",
        (v) => `strings.quote(${v})`,
        (v) => `size(${v})`,
      ),
    ],
    ["lists mapped", repeat(90, "l.map(e,", "1", ")")],
    ["a list joined often", "l.all(e, size(l.map(f, s).join(s)) > 0)"],
  ])("ends %s without end with an error", (_, source) => {
    expect(messageOf(source, { s: "x".repeat(64), l: thousand })).toMatch(LIMIT);
  });

  it.each([
    ...[
      "t == u",
      "t != u",
      "t.startsWith(u)",
      "t.endsWith(t + '')",
      "t <= u",
      "t < u + 'a'",
      "t.contains('y')",
      "t.contains(u)",
    ],
    ...[
      "t in [u, 'a']",
      "u in ts",
      "t in {u: 1}",
      "size({t: 1}) > 0",
      "{t: 1}[u] == 1",
      "{t: 1} == {u: 1}",
      "[t] == [u]",
    ],
    ...[
      "t.matches('x*y')",
      "t.matches('^(x+x+)+y')",
      "t.indexOf('y') == -1",
      "t.lastIndexOf(u) == 0",
      "size(t.lowerAscii()) > 0",
    ],
    ...[
      "size(bytes(t)) > 0",
      "bytes(t) == bytes(u)",
      "size(t + u) > 0",
      "double(t) > 0.0",
      "int(t) > 0",
      "uint(t) > 0u",
      "bool(t)",
    ],
    ...[
      "timestamp(t) < timestamp(u)",
      "duration(t) < duration(u)",
      "t.trim() == u",
      "size(t.reverse()) > 0",
      "size(t) > 0",
    ],
    ...[
      "size(t.split('x')) > 0",
      "t.substring(1) == u",
      "t.charAt(3) == 'x'",
      "t.replace('x', '') == u",
      "ts.join(t) == u",
    ],
    ...[
      "'%s'.format([t]) == u",
      "'%x'.format([t]) == u",
      "t.format([u]) == u",
      "strings.quote(t) == u",
      "type(t) == type(u)",
    ],
  ])("ends %s in a nested loop over long texts in bounded work", (term) => {
    const bindings = { l: Array.from({ length: 20_000 }, () => 0), t: big, u: `${big.slice(1)}x`, ts: [big, big] };
    expect(BOUNDED).toContain(run(`l.all(e, l.all(f, ${term}))`, bindings));
    expect(BOUNDED).toContain(run(`l.exists(e, l.exists(f, ${term} && e == 1.0))`, bindings));
  });

  it("keeps what an evaluation builds in bounds", () => {
    const source = binds(
      12,
      "s",
      (v) => `${v} + ${v}`,
      (v) => `[${v}]`,
    );
    const compiled = compileStandard(source);
    if (!compiled.ok) throw new Error("does not compile");
    const value = compiled.evaluate({ s: "x".repeat(10_000) });
    if (!isCelError(value)) expect(String((value as string[])[0]).length).toBeLessThan(64 * 1024 * 1024);
  });

  it.each([
    "'%.1000f'.format([1.0])",
    "'%.99999999999f'.format([1.0])",
    "'%.101f'.format([1e308])",
    "'%e'.format([1e308])",
  ])("formats or refuses %s", (source) => {
    expect(run(source).length).toBeLessThan(10_000);
  });
});

function nestedJson(depth: number, leaf: string): unknown {
  return JSON.parse(`${'{"a":['.repeat(depth)}${JSON.stringify(leaf)}${"]}".repeat(depth)}`);
}

const DEEP_SOURCES = [
  "arguments == arguments",
  "arguments.a == arguments.a",
  "arguments == context",
  "arguments in [context]",
  "[arguments] == [context]",
  "arguments.a[0] != null",
  "'%s'.format([arguments]) != ''",
  "action_arg_contains(arguments, 'needle')",
  "arguments.exists(k, arguments[k] == context[k])",
  "type(arguments) == map",
  "size(arguments) == 1",
  "{'x': arguments} == {'x': context}",
];

describe("hostile documents", () => {
  it.each([1, 16, 32, 64, 127, 129, 1_000, 50_000])("survives documents %d levels deep", (depth) => {
    const args = nestedJson(depth, "needle");
    const context = nestedJson(depth, "needle") as JsonObject;
    for (const source of DEEP_SOURCES) {
      expect([source, [...BOUNDED, "load error"].includes(decide(source, args, { context }))]).toEqual([source, true]);
    }
  });

  it("compares and searches documents as deep as a request may be", () => {
    const args = nestedJson(31, "needle");
    const context = nestedJson(31, "needle") as JsonObject;
    expect(decide("arguments == context", args, { context })).toBe("true");
    expect(decide("arguments == context", args, { context: nestedJson(31, "pin") as JsonObject })).toBe("false");
    expect(decide("action_arg_contains(arguments, 'needle')", args)).toBe("true");
    expect(decide("action_arg_contains(arguments, 'pin')", args)).toBe("false");
  });

  it.each([
    ["many short strings", Array.from({ length: 40_000 }, () => "x")],
    ["one long string", "x".repeat(260_000)],
    ["many keys", Object.fromEntries(Array.from({ length: 20_000 }, (_, index) => [`key${index}`, index]))],
    ["many empty lists", Array.from({ length: 80_000 }, () => [])],
  ])("decides on a request of 256 KiB with %s", (_, value) => {
    const args = { a: value, b: structuredClone(value) };
    for (const source of [...DEEP_SOURCES, "arguments.a == arguments.b", "arguments.a.all(e, e != 'needle')"]) {
      expect([source, [...BOUNDED, "load error"].includes(decide(source, args))]).toEqual([source, true]);
    }
    expect(decide("action_arg_contains(arguments, 'needle')", args)).toBe("false");
    expect(decide("arguments.a == arguments.b", args)).toBe("true");
  });

  const METHODS = [
    ...[
      "size(s)",
      "s.size()",
      "s + s",
      "bytes(s)",
      "string(bytes(s))",
      "s.matches('.')",
      "s.matches('^.$')",
      "s.matches(s)",
    ],
    ...[
      "s.charAt(0)",
      "s.charAt(1)",
      "s.substring(1)",
      "s.indexOf(s)",
      "s.lastIndexOf('')",
      "s.split('')",
      "s.replace('', 'x')",
    ],
    ...[
      "s.upperAscii()",
      "s.lowerAscii()",
      "s.trim()",
      "s.reverse()",
      "strings.quote(s)",
      "'%s'.format([s])",
      "'%x'.format([s])",
    ],
    ...[
      "s < 'z'",
      "s == s",
      "s in {s: 1}",
      "int(s)",
      "uint(s)",
      "double(s)",
      "bool(s)",
      "timestamp(s)",
      "duration(s)",
      "{s: 1}[s]",
    ],
    ...[
      "[s].join(s)",
      "s.startsWith(s)",
      "s.endsWith(s)",
      "s.contains(s)",
      "type(s)",
      "dyn(s)",
      "glob(s, s)",
      "dest_ip_in_cidr(s, s)",
    ],
    ...["dest_domain_matches(s, s)", "timestamp(0).getHours(s)", "s.format([])", "s.format([1, 2.0, s])", "s.join(s)"],
  ];
  const TEXTS = [
    ...[
      "\ud800",
      "\udc00",
      "\udc00\ud800",
      "a\ud800b",
      "\ud83d\ude00\ud83d",
      "\u0000",
      "\uffff",
      "",
      "%",
      "%s%s",
      "%z",
      "*?*",
    ],
    ...[
      "0x10",
      "1e400",
      "-1",
      "99999999999999999999",
      "1".repeat(5_000),
      "9999-12-31T23:59:60Z",
      "0000-00-00T00:00:00Z",
      "1h".repeat(900),
    ],
    ...[
      "Infinity",
      "NaN",
      "+",
      "::ffff:1.2.3.4/200",
      "1.2.3.4/-1",
      "*.*",
      "America/New_York",
      "Nowhere/At_All",
      "+99:99",
      "-23:59",
    ],
  ];

  it.each(METHODS)("%s answers something for every odd text", (source) => {
    for (const s of TEXTS) {
      expect(() => run(source, { s })).not.toThrow();
      expect(() => decide(`${source.replace(/\bs\b/g, "arguments.s")} != null`, { s })).not.toThrow();
    }
  });

  it("refuses a source with half a surrogate pair", () => {
    for (const source of ["'\ud800'", "// \udc00\ntrue", "a\ud83d", "'\\ud800'"])
      expect(run(source)).toBe("load error");
  });

  it("takes every number that JSON can hold", () => {
    const numbers = [0, -0, 5e-324, Number.MAX_VALUE, -Number.MAX_VALUE, 2 ** 53 + 2, 2 ** 63, 2 ** 64, -(2 ** 63)];
    const sources = [
      "int(n)",
      "uint(n)",
      "string(n)",
      "n + 1.0",
      "n / 0.0",
      "-n",
      "l[n]",
      "n in l",
      "n == 1",
      "n < 1",
      "timestamp(n)",
    ];
    for (const n of [...numbers, Number.NaN, Number.POSITIVE_INFINITY]) {
      for (const source of [
        ...sources,
        "duration(n)",
        "'%f %e %d %s'.format([n, n, n, n])",
        "{'a': n}.a",
        "n % 2.0",
        "n * n",
      ]) {
        expect(() => run(source, { n, l: [1, 2] })).not.toThrow();
        expect(() => decide(`${source.replace(/\b[nl]\b/g, "arguments.$&")} != null`, { n, l: [1, 2] })).not.toThrow();
      }
    }
  });
});

const TOKENS = [
  ..."( ) [ ] { } . , : ? + - * / % ! < <= > >= == != && || in a m l has true null 1 0x 2u 1.5 e".split(" "),
  ...[
    "'",
    '"',
    "'''",
    "r'",
    "b'",
    "\\",
    "`",
    "//",
    "\n",
    "\u0000",
    "\ud800",
    "é",
    "arguments",
    "cel.bind(",
    ".map(e,",
    ".all(e,",
  ],
  ...[
    ".exists(",
    "matches(",
    "'%s'.format(",
    "type(",
    "9223372036854775808",
    "-",
    "1e999",
    "timestamp(",
    "constructor",
    "__proto__",
  ],
];

describe("random input", { timeout: 120_000 }, () => {
  function neverThrows(source: string, bindings: Bindings): void {
    run(source, bindings);
    decide(source, bindings);
    const compiled = compiler.compileCondition(source);
    if (!compiled.ok) expect(compiled.diagnostics.length).toBeGreaterThan(0);
  }

  it("takes random characters as a source", () => {
    const any = fc.oneof(fc.string({ unit: "binary" }), fc.string({ unit: "grapheme" }), fc.string({ maxLength: 200 }));
    fc.assert(
      fc.property(any, (source) => neverThrows(source, {})),
      { numRuns: RUNS, seed: SEED },
    );
  });

  it("takes random bytes as a source", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => neverThrows(Buffer.from(bytes).toString("latin1"), {})),
      { numRuns: RUNS, seed: SEED },
    );
  });

  it("takes random tokens as a source", () => {
    const soup = fc.array(fc.constantFrom(...TOKENS), { maxLength: 40 }).map((tokens) => tokens.join(" "));
    fc.assert(
      fc.property(soup, fc.dictionary(fc.constantFrom("a", "m", "l", "e"), fc.jsonValue()), (source, bindings) =>
        neverThrows(source, bindings as Bindings),
      ),
      { numRuns: RUNS, seed: SEED },
    );
  });

  it("evaluates random expressions on random JSON", () => {
    const json = fc.record({
      x: fc.jsonValue(),
      m: fc.jsonValue(),
      l: fc.jsonValue(),
      s: fc.jsonValue(),
      i: fc.jsonValue(),
    });
    fc.assert(
      fc.property(sourceArbitrary, fc.oneof(json, bindingsArbitrary), (source, bindings) => {
        neverThrows(source, bindings as Bindings);
        decide(`${source.replace(/\b(?:x|m|l|s|i)\b/g, "arguments.$&")} == null`, bindings);
      }),
      { numRuns: RUNS, seed: SEED },
    );
  });
});
