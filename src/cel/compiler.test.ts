import { describe, expect, it } from "vitest";
import type { Activation } from "../model/activation.ts";
import { createCelCompiler } from "./compiler.ts";
import { overload } from "./functions.ts";
import { BOOL, STRING } from "./static-types.ts";

const ACTIVATION: Activation = {
  action_type: "tool_call",
  action_name: "stripe.refund",
  arguments: {
    amount: 60,
    count: 7,
    text: "rm -rf /",
    "content-type": "json",
    items: [{ sku: "a" }, { sku: "b", note: null }],
    nested: { deep: { secret: "my token" } },
    big: 2 ** 53,
  },
  destination: { url: "https://API.Evil.com/x", domain: "API.Evil.com.", ip: "::ffff:10.1.2.3", port: 443 },
  identity: { name: "ann", roles: ["dev", "ops"], attributes: { region: "eu" } },
  session: {},
  context: { protocol: "mcp" },
  request: { id: "r1", time: 1_700_000_000_123 },
  now: 1_700_000_000_123,
};

const compiler = createCelCompiler();

function evaluate(source: string): unknown {
  const result = compiler.compileCondition(source);
  if (!result.ok) throw new Error(result.diagnostics.map(({ message }) => message).join("; "));
  const frame = compiler.createFrame();
  frame.reset(ACTIVATION);
  return result.expression.evaluate(frame);
}

function faults(source: string): string[] {
  const result = compiler.compileCondition(source);
  return result.ok ? [] : result.diagnostics.map(({ column, message }) => `${column} ${message}`);
}

function expression(source: string) {
  const result = compiler.compileCondition(source);
  if (!result.ok) throw new Error(source);
  return result.expression;
}

describe("conditions over a request", () => {
  it.each([
    "arguments.amount + 1 == 61",
    "arguments.amount / 8 == 7.5",
    "arguments.count % 2 == 1",
    "arguments.amount > 50 && arguments.amount >= 60.0 && arguments.amount < 61u",
    "arguments.big == 9007199254740992 && arguments.big != 9007199254740993",
    'arguments["content-type"] == "json" && arguments.`content-type` == "json"',
    'arguments.items[1].sku == "b" && arguments.items[arguments.count - 6].sku == "b"',
    "has(arguments.items[1].note) && !has(arguments.items[0].note)",
    'arguments.items.exists_one(i, i.sku == "a")',
    'arguments.items.map(i, i.sku) == ["a", "b"]',
    'arguments.exists(k, v, k == "amount" && v == 60)',
    'action_arg(arguments, "amount") == 60',
    'action_arg_contains(arguments, "token") && !action_arg_contains(arguments, "deep")',
    'tool_name == "stripe.refund" && tool_args.amount == 60 && identity_name == "ann"',
    '"ops" in user_roles && "ops" in identity_roles && dest_port == 443 && protocol == "mcp"',
    'dest_path == "" && dest_command == "" && framework == "" && session_id == "" && !has(session.id)',
    'dest_domain_matches(dest_domain, "*.evil.com") && !dest_domain_matches(dest_domain, "evil.com")',
    'dest_domain_matches(destination.domain, "api.EVIL.com") && !dest_domain_matches("evil.com", "*.evil.com")',
    'dest_ip_in_cidr(dest_ip, "10.0.0.0/8") && dest_ip_in_cidr("fd00::1", "fd00::/8")',
    'glob("stripe.*", tool_name) && glob("*.ref?nd", tool_name) && !glob("stripe", tool_name) && glob("*", "a/b.c")',
    'now == request.time && request_time == now && now - duration("1s") < now',
    'now.getMilliseconds() == 123 && now.getFullYear("Europe/Berlin") == 2023',
    'request == {"id": "r1", "time": now} && type(now) == type(request.time)',
    "type(arguments) == map && type(arguments.amount) == double && type(1) == int",
    'arguments.missing == 1 || arguments.text.startsWith("rm")',
    '!(arguments.missing == 1 && arguments.text.startsWith("ls"))',
    'cel.bind(t, arguments.text, t.contains("-rf") && t.endsWith("/"))',
    'arguments.text.matches("(?i)RM\\\\s+-\\\\w*r")',
    'destination == destination && "url" in destination && size(identity.roles) == 2',
    "identity.attributes.region == 'eu' && .identity.name == 'ann'",
  ])("%s", (source) => {
    expect(evaluate(source)).toBe(true);
  });

  it.each([
    ["arguments.missing == 1", "no such key: `missing`"],
    ["arguments.missing.deeper == 1", "no such key: `missing`"],
    ["arguments.text.deeper == 1", "no such overload"],
    ['action_arg(arguments, "missing") == 1', "no such key: `missing`"],
    ["destination.command == 'x'", "no such key: `command`"],
    ["has(arguments.missing.deeper)", "no such key: `missing`"],
    ["arguments.items[2] == 1", "index out of range"],
    ["arguments.items[0.5] == 1", "index out of range"],
    ["arguments.text > 1", "no such overload"],
    ["arguments.text && true", "no such overload"],
    ["arguments.amount", "not a bool"],
    ["!arguments.text", "no such overload"],
    ["arguments.count / 0 == 1", "division by zero"],
    ["arguments.count % 0 == 1", "modulus by zero"],
    ["9223372036854775807 + 1 == 0", "integer overflow"],
    ['dest_ip_in_cidr(arguments.text, "10.0.0.0/8")', "not an IP address"],
    ['dest_ip_in_cidr("010.0.0.1", "10.0.0.0/8")', "not an IP address"],
    ['dest_ip_in_cidr("::ffff:0x7f.0.0.1", "10.0.0.0/8")', "not an IP address"],
    ['dest_domain_matches(dest_domain, "a.*." + tool_name)', "`*` may only be the first label of a domain pattern"],
  ])("%s is the error %s", (source, message) => {
    const outcome = evaluate(source);
    expect(message === "not a bool" ? { message: typeof outcome } : outcome).toMatchObject({
      message: message === "not a bool" ? "number" : message,
    });
  });
});

describe("faults at load", () => {
  it.each([
    ["identity.rolez == 1", ["10 `identity` has no field `rolez`, did you mean `roles`?"]],
    ['destination["prot"] == 1', ["13 `destination` has no field `prot`, did you mean `port`?"]],
    ["has(request.tme)", ["1 `request` has no field `tme`, did you mean `time`?"]],
    ["argumnets.x == 1", ["1 undeclared variable `argumnets`, did you mean `arguments`?"]],
    ["strtsWith(action_name, 'a')", ["1 unknown function `strtsWith`, did you mean `startsWith`?"]],
    ["startsWith(action_name, 'a')", ["1 `startsWith` is called on a value, as in `x.startsWith(...)`"]],
    ["action_name.glob('a')", ["13 `glob` is not called on a value, write `glob(...)`"]],
    ["action_name.startsWith('a', 'b')", ["13 `startsWith` takes 1 argument, not 2"]],
    ["action_name.startsWith(1)", ["13 `startsWith` takes (string, string), not (string, int)"]],
    ["action_name == 1", ["13 `==` compares string with int, which are never equal"]],
    ["action_name < 1", ["13 `<` cannot be used with string and int"]],
    ["1 in identity.roles", ["3 `in` looks for int in a list of string"]],
    ["'a' in action_name", ["5 `in` needs a list or a map on its right, not string"]],
    ["action_name && true", ["1 `&&` takes bool, not string"]],
    ["action_name.x == 1", ["13 string has no fields, so no `x`"]],
    ["action_name", ["1 a condition must be a bool, this is string"]],
    ["now + 1 == now", ["5 `+` cannot be used with timestamp and int"]],
    ["action_name.matches('(')", ["13 invalid regular expression"]],
    ["action_name.matches('(?=a)')", ["13 invalid regular expression"]],
    ["dest_ip_in_cidr(dest_ip, '10.0.0.0/33')", ["1 not a CIDR range"]],
    ["dest_domain_matches(dest_domain, 'a.*.com')", ["1 `*` may only be the first label of a domain pattern"]],
    ["now > timestamp('2020-13-01T00:00:00Z')", ["7 invalid timestamp"]],
    ["now - now > duration('1 hour')", ["13 invalid duration"]],
    ["now.getHours('Mars/Olympus') == 1", ["5 invalid time zone"]],
    ["a.B{c: 1} == 1", ["1 message construction is not supported: `a.B`"]],
    [
      "x == 1 && y == 1 && action_name == 1 && now.getHours('X') == 1 && size(2) == 1",
      [
        "1 undeclared variable `x`",
        "11 undeclared variable `y`",
        "33 `==` compares string with int, which are never equal",
        "45 invalid time zone",
        "67 `size` takes (string) or (bytes) or (list) or (map), not (int)",
      ],
    ],
  ])("%s", (source, expected) => {
    expect(faults(source)).toEqual(expected);
  });

  it("names of comprehensions hide inputs only inside", () => {
    expect(faults("arguments.l.all(now, now == 'x') && now == 'x'")).toEqual([
      "41 `==` compares timestamp with string, which are never equal",
    ]);
    expect(faults("[1].all(x, x == 1) && x == 1")).toEqual(["23 undeclared variable `x`"]);
  });
});

describe("what is known of an expression", () => {
  it("paths are those it reads, aliases resolved", () => {
    expect(expression('dest_domain == "a" && tool_args.b["c d"].e == 1 && "x" in user_roles').paths).toEqual([
      'arguments.b["c d"].e',
      "destination.domain",
      "identity.roles",
    ]);
    expect(expression("has(arguments.t) && arguments.t == 1").paths).toEqual(["arguments.t"]);
  });

  it("it is volatile when it reads the time, the request or the session, also by an alias", () => {
    for (const source of [
      'request.id == "x"',
      'now > timestamp("2020-01-01T00:00:00Z")',
      'session_id == "x"',
      "request_time == now",
    ]) {
      expect(expression(source).isVolatile).toBe(true);
    }
    expect(expression("arguments.now == 1").isVolatile).toBe(false);
  });

  it.each<[string, boolean | undefined]>([
    ["true", true],
    ["1 + 1 == 3", false],
    ["true || arguments.x", true],
    ["arguments.x && false", false],
    ["size('abc') == 3 ? true : arguments.x", true],
    ['2 in [1, 2] && "a".startsWith("a")', true],
    ["false && (1 / 0 == 1)", false],
    ["1 / 0 == 1", undefined],
    ["arguments.x || !true", undefined],
  ])("%s is constant: %s", (source, constant) => {
    expect(expression(source).constant).toBe(constant);
  });

  it("equal sources compile once, and what a load did not ask for is forgotten", () => {
    const own = createCelCompiler();
    const first = own.compileCondition("arguments.a == 1");
    expect(own.compileCondition("arguments.a == 1")).toBe(first);
    own.sweep();
    expect(own.compileCondition("arguments.a == 1")).toBe(first);
    own.sweep();
    own.sweep();
    expect(own.compileCondition("arguments.a == 1")).not.toBe(first);
  });
});

describe("frames", () => {
  it("read input paths by slot, resolve each once, and forget it at reset", () => {
    const own = createCelCompiler();
    const frame = own.createFrame();
    const slot = own.slotOf("arguments.a");
    expect(own.slotOf('arguments["a"]')).toBe(slot);
    frame.reset({ ...ACTIVATION, arguments: { a: 1 } });
    expect(frame.read(slot)).toBe(1);
    frame.reset({ ...ACTIVATION, arguments: {} });
    expect(frame.read(slot)).toMatchObject({ isCelError: true, message: "no such key: `a`" });
    expect(frame.read(own.slotOf("action_name"))).toBe("stripe.refund");
  });

  it("values are those of the request, not copies", () => {
    const frame = compiler.createFrame();
    frame.reset(ACTIVATION);
    expect(frame.read(compiler.slotOf("arguments.items"))).toBe(ACTIVATION.arguments.items);
  });

  it("a path that is none is a programming error", () => {
    expect(() => compiler.slotOf("nothing.here")).toThrow(TypeError);
    expect(() => compiler.slotOf("arguments.a +")).toThrow(TypeError);
  });
});

it("a function from outside is checked, called and given constants at load", () => {
  const own = createCelCompiler({
    functions: [
      {
        name: "is_read_only",
        isMethod: false,
        overloads: [overload(STRING, BOOL)],
        run: (_frame: unknown, text: unknown) => String(text).startsWith("SELECT"),
      },
    ],
  });
  const good = own.compileCondition("is_read_only(arguments.query)");
  const frame = own.createFrame();
  frame.reset({ ...ACTIVATION, arguments: { query: "SELECT 1" } });
  expect(good.ok && good.expression.evaluate(frame)).toBe(true);
  expect(own.compileCondition("is_read_only(1)").ok).toBe(false);
});
