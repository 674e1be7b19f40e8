import { describe, expect, it } from "vitest";
import { lintText } from "../../test/lint-rules.ts";
import { fix } from "./fix.ts";
import { fixFile } from "./fix-file.ts";

const file = (rule: string) => `version: 1\npolicy: p\nrules:\n  - id: a # the first\n${rule.replace(/^/gm, "    ")}\n`;

/** The file once what can be mended is; undefined when nothing is. */
function mend(content: string): string | undefined {
  const sources = [{ path: "a.yaml", content }];
  return fix(sources, lintText(content).findings).changed[0]?.content;
}

const rule = (when: string) => file(`when: ${when}\ndecision: deny\nreason: No.`);

describe("a needless regular expression", () => {
  it.each([
    ["plain", "action_name.matches('^pay')", "action_name.startsWith('pay')"],
    ["in single quotes", `'action_name.matches("^pay")'`, `'action_name.startsWith("pay")'`],
    ["in single quotes, both", `'action_name.matches(''pay$'')'`, `'action_name.endsWith(''pay'')'`],
    ["in double quotes", `"action_name.matches(\\"pay\\")"`, `"action_name.contains(\\"pay\\")"`],
    [
      "in a literal block",
      `|-\n  action_name.matches(r'^a\\.b')\n  && true`,
      `|-\n  action_name.startsWith('a.b')\n  && true`,
    ],
    ["in a folded block", `>-\n  action_name\n  .matches('^pay$')`, `>-\n  action_name == 'pay'`],
    ["a list", "action_name.matches('^(?:a|b)$')", "action_name in ['a', 'b']"],
    ["below a `!`", "'!action_name.matches(\"^a$\")'", "'!(action_name == \"a\")'"],
    ["in a comparison", "action_name.matches('^a$') == true", "(action_name == 'a') == true"],
    [
      "beside others",
      "action_name.matches('^a$') && dest_path.matches('^b$')",
      "action_name == 'a' && dest_path == 'b'",
    ],
    [
      "in an argument",
      "has(arguments.a) && arguments.a.matches('^a')",
      "has(arguments.a) && arguments.a.startsWith('a')",
    ],
  ])("%s is mended, and nothing else changes", (_name, before, after) => {
    expect(mend(rule(before))).toBe(rule(after));
  });

  it.each([
    ["the whole of what may be no text", "has(arguments.a) && arguments.a.matches('^a$')"],
    ["a text with a quote in it", `'action_name.matches("^it''s")'`],
    ["a text with a backslash", "action_name.matches(r'^a\\\\')"],
    ["a glob, which takes line breaks", "action_name.matches('^a.*b$')"],
    ["a subject in parentheses", "(action_name).matches('^a$')"],
    ["a subject that is a call", "action_name.lowerAscii().matches('^a$')"],
    ["a text that would end a plain scalar", "action_name.matches('^a\\x20#b')"],
  ])("with %s is left to a person", (_name, when) => {
    expect(mend(rule(when))).toBeUndefined();
  });
});

describe("a condition that is always true", () => {
  it.each([
    ["plain", "1 == 1", '"true"'],
    ["in quotes", "'1 == 1 && 2 > 1'", "'true'"],
    ["in a block", "|-\n  1 == 1\n  && 2 > 1", "|-\n  true"],
  ])("%s becomes `true`", (_name, before, after) => {
    expect(mend(rule(before))).toBe(rule(after));
  });

  it("is left alone when it reads something: what it was to ask is not known", () => {
    expect(mend(rule("1 == 1 || dest_port == 2"))).toBeUndefined();
  });
});

describe("a text that YAML reads as something else", () => {
  it("gets quotes, as it is written", () => {
    const before = file("action: { type: tool_call, name: [404, pay, 1e3] }\ndecision: deny\nreason: true");
    expect(mend(before)).toBe(
      before.replace("[404, pay, 1e3]", '["404", pay, "1e3"]').replace("reason: true", 'reason: "true"'),
    );
  });

  it.each([
    ["a condition for every request, which a person has to mean", "when: true\ndecision: deny\nreason: No."],
    ["what is to be a number", 'priority: "high"\nwhen: dest_port == 1\ndecision: deny\nreason: No.'],
    ["what is to be a boolean", "enabled: 1\nwhen: dest_port == 1\ndecision: deny\nreason: No."],
    ["nothing at all", "action: { name: ~ }\ndecision: deny\nreason: No."],
  ])("is not %s", (_name, text) => {
    expect(mend(file(text))).toBeUndefined();
  });
});

describe("a file", () => {
  it("keeps its line breaks and its byte order mark", () => {
    const before = `\uFEFF${rule("action_name.matches('^a')")}`.replaceAll("\n", "\r\n");
    expect(mend(before)).toBe(before.replace("matches('^a')", "startsWith('a')"));
  });

  it("drops an edit that would change anything but what it says", () => {
    const source = rule("dest_port == 1");
    const at = source.indexOf("dest_port == 1");
    const edit = (text: string, condition = text) => ({
      start: at,
      end: at + 14,
      text,
      condition: { ruleId: "p/a", start: 0, end: 14, text: condition },
    });
    expect(fixFile(source, [edit("dest_port == 2")]).applied).toBe(1);
    for (const text of ["dest_port == 2 # x", "dest_port == 2\n    priority: 5", "{}", "dest_port: 2: 3"])
      expect(fixFile(source, [edit(text)]), text).toEqual({ text: source, applied: 0 });
    expect(fixFile(source, [edit("dest_port == 2", "dest_port == 3")]).applied).toBe(0);
  });

  it("takes the later of two edits that overlap", () => {
    const source = rule("dest_port == 1");
    const at = source.indexOf("dest_port");
    const port = { start: 0, end: 9, text: "dest_path", ruleId: "p/a" };
    const rest = { start: 5, end: 14, text: "port == 2", ruleId: "p/a" };
    const edits = [port, rest].map(({ start, end, text, ruleId }) => {
      return { start: at + start, end: at + end, text, condition: { start, end, text, ruleId } };
    });
    expect(fixFile(source, edits)).toEqual({ text: source.replace("== 1", "== 2"), applied: 1 });
  });
});
