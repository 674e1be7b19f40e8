import { readFileSync } from "node:fs";
import { describe, expect, it, test } from "vitest";
import { lintText, ruleFile } from "../../test/lint-rules.ts";
import { LINT_IDS } from "./catalogue.ts";

/** Every finding of the rules, as `id of rule`. */
function found(...rules: readonly string[]): string[] {
  return lintText(ruleFile(...rules)).findings.map(({ id, rule_id }) => `${id} of ${rule_id?.replace("p/", "")}`);
}

const ACTION = "action: { type: tool_call, name: pay }";
const deny = (when: string, rest = ACTION) => `${rest}\nwhen: |-\n  ${when}\ndecision: deny`;
const allow = (when: string, rest = ACTION) => `${rest}\nwhen: |-\n  ${when}\ndecision: allow`;
const open = (decision: string, rest = ACTION) => `${rest}\ndecision: ${decision}`;
const HIGH = `${ACTION}\npriority: 5`;

/** Of each id: rules in which it is found, and rules that come near and in which nothing is. */
const CASES: Readonly<Record<string, { finds: Record<string, string[]>; misses: Record<string, string[]> }>> = {
  "impossible-comparison": {
    finds: {
      "a host in upper case": [deny('dest_domain == "Example.com"')],
      "a host with a dot at its end": [deny('dest_domain in ["a.example", "b.example."]')],
      "the end of a host in upper case": [deny('dest_domain.endsWith(".COM")')],
      "a scheme in upper case": [deny('dest_scheme != "HTTPS"')],
      "an address that is not in its one spelling": [deny('dest_ip == "127.1"')],
      "what is no address": [deny('dest_ip == "localhost"')],
      "a URL without a path": [deny('dest_url == "https://example.com"')],
      "a port that there is not": [deny("dest_port == 70000")],
      "a port that is not whole": [deny("dest_port == 80.5")],
      "every port": [deny("dest_port < 65536")],
      "a name that is empty": [deny('action_name == "" || identity.name == "x"')],
      "a type that is too long": [deny(`identity.name == "x" || action_type == "${"x".repeat(65)}"`)],
      "a session that is empty": [deny('has(session.id) && session.id == ""')],
      "a size below zero": [deny("size(arguments) < 0")],
      "a Sunday that is 7": [deny("now.getDayOfWeek() == 7")],
      "a December that is 12": [deny('now.getMonth("Europe/Berlin") in [11, 12]')],
      "an hour that is 24": [deny("24 <= now.getHours()")],
      "an argument that is an int": [deny("has(arguments.n) && type(arguments.n) == int")],
      "an argument that is not an int": [deny("has(arguments.n) && type(arguments.n) != int")],
      "arguments that are ints or bytes": [deny("arguments.exists(k, v, type(v) in [int, bytes])")],
      "elements of a list that are ints": [deny("has(arguments.l) && arguments.l.exists(x, type(x) == int)")],
      "what may be a list or not, as an int": [
        deny("arguments.exists(k, v, (type(v) == list ? v : [v]).exists(t, type(t) == uint))"),
      ],
      "a key that is a list": [deny("arguments.exists(k, type(k) == list)")],
      "an argument that is a time": [deny("has(arguments.t) && arguments.t < now")],
      "an argument that equals bytes": [deny('has(arguments.t) && arguments.t == b"x"')],
      "an attribute that equals the time": [deny("has(identity.attributes.t) && identity.attributes.t == now")],
    },
    misses: {
      "a host as it arrives": [deny('dest_domain == "example.com"')],
      "a host in Punycode": [deny('dest_domain == "xn--bcher-kva.example"')],
      "no host": [deny('dest_domain == ""')],
      "a name with capitals": [deny('action_name == "Pay" || identity.name == "X"', "action: { type: tool_call }")],
      "a path with capitals": [deny('dest_path == "/A" || dest_command == "Make"')],
      "a URL with a path": [deny('dest_url == "https://example.com/"')],
      "an address": [deny('dest_ip == "fd00::1" || dest_ip == "127.0.0.1"')],
      "a port": [deny("dest_port == 443 || dest_port == 0 || dest_port > 65534")],
      "no session": [deny('session_id == ""')],
      "a size": [deny("size(arguments) > 0 && size(arguments) != 3")],
      "a day": [deny("now.getDayOfWeek() in [0, 6] && now.getDate() == 31 && now.getMonth() == 11")],
      "hours of a duration": [deny('(now - timestamp("2026-01-01T00:00:00Z")).getHours() > 24')],
      "an argument that is a double": [deny("has(arguments.n) && type(arguments.n) == double")],
      "an argument that is a number of any kind": [deny("arguments.exists(k, v, type(v) in [double, int])")],
      "the size of an argument that is an int": [deny("type(size(arguments)) == int")],
      "an argument read as a time": [deny("has(arguments.t) && timestamp(arguments.t) < now")],
      "elements that an expression made": [deny("[1, 2].exists(x, type(x) == int)")],
      "the index of a list, which is an int": [deny("identity.roles.exists(i, r, type(i) == int && i == 3)")],
      "a number against an int": [deny("has(arguments.n) && arguments.n == 3")],
      "a variable that is called like a type": [deny("arguments.exists(int, v, type(int) == type(int))")],
    },
  },
  "missing-has": {
    finds: {
      "an argument in a deny rule": [deny("arguments.amount > 50")],
      "an argument in an allow rule": [allow("arguments.amount <= 50")],
      "another one than was asked for": [deny("has(arguments.sum) && arguments.amount > 50")],
      "one that is asked for too late": [deny("arguments.amount > 50 || has(arguments.amount)")],
      "a map that is not asked for": [deny("has(context.a.b) && context.a.b == 1")],
      "a key in brackets": [deny('arguments["content-type"] == "x"')],
      "`action_arg`": [deny('action_arg(arguments, "amount") == 1')],
      "the alias of the arguments": [deny("tool_args.amount == 1")],
      "a part of the destination": [deny('destination.domain == "a.example"')],
      "the tenant": [deny('identity.tenant != "acme"')],
      "the session": [deny('session.id == "x"')],
      "an attribute": [deny("identity.attributes.ticket == 1")],
      "an argument within a macro": [deny("identity.roles.exists(r, r == arguments.role)")],
      "the value of a binding": [deny("cel.bind(a, arguments.amount, a > 5)")],
      "one arm of a ternary": [deny("has(arguments.a) ? arguments.a > 1 : arguments.b > 1")],
      "an address that is empty": [deny('dest_ip_in_cidr(dest_ip, "10.0.0.0/8")')],
    },
    misses: {
      "what was asked for": [deny("has(arguments.amount) && arguments.amount > 50")],
      "what was asked for on the right": [deny("arguments.amount > 50 && has(arguments.amount)")],
      "what was asked for with `in`": [deny('"amount" in arguments && arguments.amount > 50')],
      "what was asked for with `!` and `||`": [deny("!has(arguments.amount) || arguments.amount > 50")],
      "what was asked for under a `!`": [deny("!(has(arguments.amount) && arguments.amount <= 50)")],
      "what a ternary asks for": [deny("(has(arguments.amount) ? arguments.amount : 0) > 50")],
      "a binding that asks": [deny('cel.bind(p, has(arguments.p) ? arguments.p : dest_path, p == "x")')],
      "each of the maps on the way": [deny("has(context.a) && has(context.a.b) && context.a.b == 1")],
      "flat names": [deny('dest_domain == "a.example" && dest_port == 1 && session_id == "x"')],
      "what is in every request": [
        deny('identity.name == "x" && "a" in identity.roles && size(identity.attributes) == 0'),
      ],
      "the maps themselves": [deny("size(arguments) == 0 && size(destination) == 0 && size(context) == 0")],
      "a key that is a variable": [deny('["a", "b"].exists(k, k in arguments && arguments[k] == 1)')],
      "an address that was asked for": [deny('dest_ip != "" && dest_ip_in_cidr(dest_ip, "10.0.0.0/8")')],
      "an address that begins as one does": [
        deny('dest_ip.startsWith("10.") && dest_ip_in_cidr(dest_ip, "10.0.0.0/8")'),
      ],
      "an address that has a size": [deny('size(dest_ip) > 0 && dest_ip_in_cidr(dest_ip, "10.0.0.0/8")')],
    },
  },
  "needless-regex": {
    finds: {
      "a beginning": [deny("action_name.matches(r'^stripe\\.')", "action: { type: tool_call }")],
      "an end": [deny("action_name.matches(r'\\.refund$')", "action: { type: tool_call }")],
      "a part": [deny("action_name.matches('refund')")],
      "the whole": [deny("action_name.matches('^pay$')")],
      "one of several": [deny("action_name.matches('^(?:pay|refund)$')")],
      "a beginning with the rest": [deny("action_name.matches('^pay.*')")],
      "an end with the rest": [deny("action_name.matches('.*pay$')")],
      "a glob": [deny("action_name.matches(r'^stripe\\..*_refund$')")],
      "the whole of what may be no text": [deny("has(arguments.a) && arguments.a.matches('^pay$')")],
    },
    misses: {
      "case that does not count": [deny("action_name.matches('(?i)^pay$')")],
      "a class": [deny("action_name.matches('^[a-z]+$')")],
      "alternatives that are open": [deny("action_name.matches('^(?:GET|HEAD)( |$)')")],
      "alternatives that are patterns": [deny("action_name.matches('^(?:GET|HE.D)$')")],
      "alternatives with an escaped bar": [deny("action_name.matches(r'^(?:a\\|b)$')")],
      "one character": [deny("action_name.matches('^pay.$')")],
      "something at least": [deny("action_name.matches('^pay.+')")],
      "a pattern that is not constant": [deny("action_name.matches(identity.name)")],
    },
  },
  "never-applies": {
    finds: {
      "two names": [deny('action_name == "refund"')],
      "a name that the glob does not match": [deny('action_name == "refund"', 'action: { name: "pay.*" }')],
      "two beginnings": [deny('action_name.startsWith("crm.")', 'action: { name: "pay.*" }')],
      "two ends": [deny('dest_domain.endsWith(".example") && dest_domain.endsWith(".com")')],
      "two values of an argument": [deny('has(arguments.a) && arguments.a == "x" && arguments.a in ["y", "z"]')],
      "two values of what may be absent": [deny('arguments.a == "x" && arguments.a == "y"')],
    },
    misses: {
      "a name of the list": [deny('action_name == "refund"', "action: { name: [pay, refund] }")],
      "a beginning that goes on": [deny('action_name.startsWith("pay.a")', 'action: { name: "pay.*" }')],
      alternatives: [deny('identity.name == "a" || identity.name == "b"')],
      "two roles": [deny('"a" in identity.roles && "b" in identity.roles')],
      "two arguments": [deny('has(arguments.a) && arguments.a == "x" && has(arguments.b) && arguments.b == "y"')],
    },
  },
  "unknown-action-type": {
    finds: {
      "other case in the action": [open("deny", "action: { type: Tool_Call }")],
      "a hyphen in a list": [open("deny", "action: { type: [sql_query, http-request] }")],
      "other case in a condition": [deny('action_type == "TOOL_CALL"', "action: { name: pay }")],
      "a letter too many in a list": [deny('action_type in ["sql_query", "tool_calls"]', "action: { name: pay }")],
    },
    misses: {
      "a known one": [open("deny", "action: { type: message_send }")],
      "one of your own": [open("deny", "action: { type: [payment, message_read] }")],
      "a wildcard": [open("deny", 'action: { type: "Tool_Cal*" }')],
      "a name like it": [open("deny", "action: { name: Tool_Call }")],
    },
  },
  "unreachable-rule": {
    finds: {
      "less is asked of a stronger rule": [
        deny('identity.name == "a"', HIGH),
        allow('identity.name == "a" && dest_port == 1'),
      ],
      "a bound that is wider": [
        deny("has(arguments.n) && arguments.n > 50"),
        allow("has(arguments.n) && arguments.n > 100"),
      ],
      "a list that is longer": [deny('identity.name in ["a", "b"]'), allow('identity.name == "a"')],
      "a beginning that is shorter": [deny('identity.name.startsWith("a")'), allow('identity.name == "abc"')],
      "an alternative more": [deny("dest_port == 1 || dest_port == 2"), allow("dest_port == 2")],
      "alternatives that each suffice": [deny("dest_port in [1, 2, 3]"), allow("dest_port == 1 || dest_port == 3")],
      "names that two rules share": [
        open("deny", "action: { name: [pay, a] }"),
        open("deny", "action: { name: [refund, b] }"),
        open("allow", "action: { name: [pay, refund] }"),
      ],
      "a name in the condition": [open("deny"), allow('action_name == "pay"', "action: { type: tool_call }")],
      "a condition of the action in the other rule": [
        deny('action_name.startsWith("pa")', "action: { type: tool_call }"),
        allow('identity.name == "a"'),
      ],
      "a deny that errs as well": [
        deny('has(arguments.a) && arguments.a == "x"', HIGH),
        deny('has(arguments.a) && arguments.a == "x" && dest_port == 1'),
      ],
      "an allow that cannot err": [allow('identity.name == "a"', HIGH), deny('identity.name == "a" && dest_port == 1')],
    },
    misses: {
      "the same strength": [
        allow('identity.name == "a"'),
        allow('identity.name == "a" && "x" in identity.roles\nobligations: [{ type: x }]'),
      ],
      "a weaker rule that asks less": [allow('identity.name == "a"'), deny('identity.name == "a" && dest_port == 1')],
      "a bound that is narrower": [
        deny("has(arguments.n) && arguments.n > 100"),
        allow("has(arguments.n) && arguments.n > 50"),
      ],
      "the bound itself": [
        deny("has(arguments.n) && arguments.n > 50"),
        allow("has(arguments.n) && arguments.n >= 50"),
      ],
      "other names": [open("deny", "action: { name: refund }"), open("allow")],
      "one name that is left": [
        open("deny", "action: { name: [pay, a] }"),
        open("allow", "action: { name: [pay, refund] }"),
      ],
      "a deny that applies by its error where the allow does not": [
        allow("has(arguments.n) && arguments.n > 50", HIGH),
        deny("has(arguments.n) && arguments.n > 100"),
      ],
      "an order that errs for a text, against inequality": [
        deny('has(arguments.n) && arguments.n != "x"', HIGH),
        deny("has(arguments.n) && arguments.n > 100"),
      ],
      "a flat name, which is never absent, against its path": [
        deny("has(destination.port) && destination.port == 1", HIGH),
        deny("dest_port == 1"),
      ],
      "a rule that is switched off": [
        `${deny("dest_port == 1", HIGH)}\nenabled: false`,
        allow("dest_port == 1 && true"),
      ],
    },
  },
  "broad-allow": {
    finds: {
      "a glob over a rule with a limit": [
        open("allow", 'action: { type: tool_call, name: "pay.*" }'),
        allow("has(arguments.n) && arguments.n < 50", "action: { type: tool_call, name: pay.refund }"),
      ],
      "a bound over a tighter one": [
        allow("has(arguments.n) && arguments.n < 100"),
        allow("has(arguments.n) && arguments.n < 50"),
      ],
    },
    misses: {
      "a neighbour of a higher priority": [
        open("allow", 'action: { type: tool_call, name: "pay.*" }'),
        allow("dest_port == 1", "action: { type: tool_call, name: pay.refund }\npriority: 5"),
      ],
      "a neighbour with a duty of its own": [
        open("allow", 'action: { type: tool_call, name: "pay.*" }'),
        `${allow("dest_port == 1", "action: { type: tool_call, name: pay.refund }")}\nobligations: [{ type: notify }]`,
      ],
      "a neighbour that denies": [
        open("allow", 'action: { type: tool_call, name: "pay.*" }'),
        deny("dest_port == 1", "action: { type: tool_call, name: pay.refund }"),
      ],
      "two that overlap": [
        allow("has(arguments.n) && arguments.n < 100"),
        allow("has(arguments.n) && arguments.n > 50"),
      ],
    },
  },
  "allow-everything": {
    finds: { "no condition": [open("allow", 'when: "true"')] },
    misses: { "an action": [open("allow")] },
  },
  "always-true": {
    finds: { "two numbers": [deny("1 == 1 && true")] },
    misses: { "the word": [open("deny", 'when: "true"')] },
  },
  "always-false": { finds: { "two numbers": [deny("1 == 2")] }, misses: { "a path": [deny("dest_port == 2")] } },
  "not-indexable": {
    finds: { "a part": [deny('action_name.contains("a")', "")] },
    misses: { "a beginning": [deny('action_name.startsWith("a")', "")] },
  },
  "shadowed-rule": {
    finds: { "the same action": [open("allow"), open("deny")] },
    misses: { "another action": [open("allow", "action: { name: refund }"), open("deny")] },
  },
  "unknown-path": {
    finds: {
      "a letter less": ["amount", "amount", "amont"].map((name) =>
        deny(`has(arguments.${name}) && arguments.${name} > 1`),
      ),
    },
    misses: {
      "another word": ["amount", "amount", "currency"].map((name) =>
        deny(`has(arguments.${name}) && arguments.${name} > 1`),
      ),
    },
  },
  "on-timeout-allow": {
    finds: { allow: [`${open("approval_required")}\napproval: { on_timeout: allow }`] },
    misses: { deny: [`${open("approval_required")}\napproval: { on_timeout: deny }`] },
  },
  "unreachable-quorum": {
    finds: { "two of one": [`${open("approval_required")}\napproval: { quorum: 2, approvers: ["user:a"] }`] },
    misses: {
      "two of two": [`${open("approval_required")}\napproval: { quorum: 2, approvers: ["user:a", "user:b"] }`],
    },
  },
};

describe.each(Object.entries(CASES))("%s", (id, { finds, misses }) => {
  it.each(Object.entries(finds))("is found in %s", (_name, rules) => {
    expect(found(...rules).map((finding) => finding.replace(/ of .*/, ""))).toContain(id);
  });
  it.each(Object.entries(misses))("is not found in %s", (_name, rules) => {
    expect(found(...rules).map((finding) => finding.replace(/ of .*/, ""))).not.toContain(id);
  });
});

describe("untested-rule", () => {
  const rules = ruleFile(open("deny"), open("allow", "action: { name: refund }"));
  const names = (fixtures: string) =>
    lintText(rules, fixtures).findings.flatMap(({ id, rule_id }) => (id === "untested-rule" ? [rule_id] : []));

  it("is found in rules that no case names", () => {
    expect(names("cases: []")).toEqual(["p/r0", "p/r1"]);
    expect(names("cases:\n  - request: { arguments: { note: p/r0 } }\n    name: p/r1\n")).toEqual(["p/r0", "p/r1"]);
  });

  it("is not found in rules that an expectation, a near miss or a cell of a matrix names", () => {
    expect(names("cases:\n  - { name: a, expect: { decision: deny, rule: p/r0 }, near_miss: [p/r1] }")).toEqual([]);
    expect(names("cases:\n  - { name: a, matrix: { x: { y: { decision: deny, rule: p/r1 } } } }")).toEqual(["p/r0"]);
  });

  it("is found in all rules when the fixtures cannot be read, and in none when there are none to look at", () => {
    expect(names("cases: [")).toEqual(["p/r0", "p/r1"]);
    expect(lintText(rules).findings).toEqual([]);
  });
});

describe("a finding", () => {
  const [first] = lintText(ruleFile(deny('identity.name == "a"\n    && arguments.amount > 50'))).findings;

  it("has the place of the part of the condition, the rule, and a message in the words of the rule", () => {
    expect(first).toMatchObject({
      id: "missing-has",
      severity: "warning",
      file: "a.yaml",
      line: 8,
      column: 12,
      rule_id: "p/r0",
    });
    expect(first?.message).toBe(
      "`arguments.amount` may be absent; then the condition is an error, so this deny rule applies; ask `has(arguments.amount)` first",
    );
  });

  it("says of an allow rule that the error grants nothing", () => {
    const [finding] = lintText(ruleFile(allow("arguments.amount < 50"))).findings;
    expect(finding?.message).toContain("the rule grants nothing, and the answer lists the error");
  });

  it("points at the read that nothing guards, not at an earlier one that something does", () => {
    const condition = "has(arguments.a) && arguments.a == 1 || arguments.a == 2";
    const [finding] = lintText(ruleFile(deny(condition))).findings;
    expect(finding).toMatchObject({ line: 7, column: 7 + condition.lastIndexOf("arguments.a") });
  });

  it("is only what loading says when the rules have an error", () => {
    const { findings } = lintText(ruleFile(deny("arguments.amount > 50"), deny("argumets.a == 1")));
    expect(findings.map(({ id, severity }) => `${severity} ${id}`)).toEqual(["error invalid-condition"]);
  });
});

describe("the list of findings", () => {
  test("has every warning of loading", () => {
    const folder = new URL("../rules/", import.meta.url);
    const sources = ["lint.ts", "lint-paths.ts", "lint-shadowed.ts", "read-rule-file.ts"].map((name) =>
      readFileSync(new URL(name, folder), "utf8"),
    );
    const warned = sources.flatMap((source) =>
      [...source.matchAll(/\.warn\(\s*"([a-z-]+)"|severity: "warning",\s*code: "([a-z-]+)"/g)].map((m) => m[1] ?? m[2]),
    );
    expect(new Set(warned).size).toBeGreaterThan(6);
    expect(LINT_IDS).toEqual(expect.arrayContaining(warned as string[]));
  });

  test("is in order, and each has a test above or is about suppressions", () => {
    expect([...LINT_IDS].sort()).toEqual([...LINT_IDS]);
    const elsewhere = /suppression|^untested-rule$/;
    expect(LINT_IDS.filter((id) => !elsewhere.test(id))).toEqual(Object.keys(CASES).sort());
  });
});
