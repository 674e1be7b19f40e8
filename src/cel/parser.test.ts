import { describe, expect, it } from "vitest";
import { parse } from "./parser.ts";
import { compileStandard } from "./standard.ts";

function fault(source: string): string {
  const result = parse(source);
  if (result.ok) return "no fault";
  const { line, column, message } = result.diagnostic;
  return `${line}:${column} ${message}`;
}

function value(source: string): unknown {
  const expression = compileStandard(source);
  return expression.ok ? expression.evaluate({}) : expression.diagnostics[0]?.message;
}

describe("syntax errors say where, what was found and what was expected", () => {
  it.each([
    ["", "1:1 found the end, expected an expression"],
    ["a &&", "1:5 found the end, expected an expression"],
    ["a b", "1:3 found `b`, expected an operator or the end"],
    ["(a", "1:3 found the end, expected `)`"],
    ["f(a b)", "1:5 found `b`, expected `,` or `)`"],
    ["[a b]", "1:4 found `b`, expected `,` or `]`"],
    ["{a}", "1:3 found `}`, expected `:`"],
    ["a ? b", "1:6 found the end, expected `:`"],
    ["a.1", "1:2 found `.1`, expected an operator or the end"],
    ["a.+", "1:3 found `+`, expected a field name"],
    ["a.in", "1:3 found `in`, expected a field name"],
    ["a\n  && = b", "2:6 unexpected character `=`, equality is `==`"],
    ["a & b", "1:3 unexpected character `&`, and is `&&`"],
    ["a | b", "1:3 unexpected character `|`, or is `||`"],
    ["for", "1:1 `for` is a reserved word"],
    ["'abc", "1:1 unterminated string literal"],
    ["'a\nb'", "1:1 unterminated string literal"],
    ["'a\\qb'", "1:3 invalid escape sequence `\\q`"],
    ["'\\uD800'", "1:2 escape sequence is not a Unicode code point"],
    ["'\\U00110000'", "1:2 escape sequence is not a Unicode code point"],
    ["b'\\u0041'", "1:3 bytes literals have no `\\u` escapes"],
    ["9223372036854775808", "1:1 int literal out of range"],
    ["-9223372036854775809", "1:2 int literal out of range"],
    ["18446744073709551616u", "1:1 uint literal out of range"],
    ["1e999", "1:1 double literal out of range"],
    ["12abc", "1:1 malformed number"],
    ["a.?b", "1:3 optional syntax is not supported"],
    ["a[?b]", "1:3 optional syntax is not supported"],
    ["has(a)", "1:1 `has` takes one field selection, such as `has(arguments.amount)`"],
    ["[1].all(x.y, true)", "1:11 the variable of `all` must be a simple name"],
    ["[1].all(x, x, true)", "1:12 the two variables of `all` have the same name"],
  ])("%j", (source, expected) => {
    expect(fault(source)).toBe(expected);
  });

  it("a long piece of the source is cut short in the message, and control characters do not reach a terminal", () => {
    expect(fault(`a ${"b".repeat(200)}`)).toBe(`1:3 found \`${"b".repeat(57)}...\`, expected an operator or the end`);
    expect(fault("a \u001b[31m")).toBe("1:3 unexpected character `\ufffd`");
  });
});

describe("literals mean what they say", () => {
  it.each<[string, unknown]>([
    ["-9223372036854775808", -(2n ** 63n)],
    ["0xFF", 255n],
    ["-0x10", -16n],
    [".5", 0.5],
    ["1e3", 1000],
    ["'\\x41\\101\\u0041\\U00000041'", "AAAA"],
    ['"""a"b\n"c"""', 'a"b\n"c'],
    ["r'\\d'", "\\d"],
    ['b"\\xff\\377a"', new Uint8Array([255, 255, 97])],
    ['br"\\d"', new Uint8Array([92, 100])],
    ["'\\`\\?'", "`?"],
    ["{'a-b': 1}.`a-b`", 1n],
    ["{'in': 1}.`in`", 1n],
    ["[1, 2,].size() // the end", 2n],
    ["1 - 1", 0n],
    ["1-1", 0n],
    ["- 1", -1n],
    ["2 + 3 * 4 == 14 && !false || false", true],
    ["10 - 4 - 3", 3n],
    ["false ? 1 : true ? 2 : 3", 2n],
  ])("%s", (source, expected) => {
    expect(value(source)).toEqual(expected);
  });
});
