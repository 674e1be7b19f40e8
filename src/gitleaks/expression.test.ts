import fc from "fast-check";
import { RE2JS } from "re2js";
import { describe, expect, it } from "vitest";
import { compileExpression, startOf } from "./expression.ts";

/** Every match: where it begins and ends, and its groups. */
function matchesOf(regex: RE2JS, text: string, startAt: (from: number, start: number) => number) {
  const matcher = regex.matcher(text);
  const matches: unknown[] = [];
  for (let from = 0; matcher.find(); from = matcher.end()) {
    const groups = Array.from({ length: matcher.groupCount() }, (_, at) => [
      matcher.start(at + 1),
      matcher.end(at + 1),
    ]);
    matches.push([startAt(from, matcher.start()), matcher.end(), groups]);
  }
  return matches;
}

function expectSame(source: string, text: string): void {
  const expression = compileExpression(source);
  const found = matchesOf(expression.regex, text, (from, start) => startOf(expression, text, from, start));
  const expected = matchesOf(RE2JS.compile(source), text, (_from, start) => start);
  expect([source, text, found]).toEqual([source, text, expected]);
  expect(expression.regex.test(text)).toBe(expected.length > 0);
}

const run = fc.constantFrom(
  "[ab]{0,3}?",
  "[^c]{0,2}?",
  "[\\w.-]{0,50}?",
  "[b-]{0,1}?",
  "[ab]{0,3}",
  "[ab]{1,3}?",
  "[[:alpha:]]{0,2}?",
);
const flags = fc.constantFrom("", "(?i)", "(?s)", "(?U)");
const rest = fc.constantFrom(
  "b",
  "(a|b)c",
  "b|c",
  "(?:b|c)([ab]*)",
  "\\bb(c?)",
  "^b",
  "b$",
  "[|]b",
  "b\\|c",
  "b[)]|c",
  "\\Qb|c\\E|a",
  "(?:c)(?:[ .a-]{0,2})=(b{1,2})",
  "c*(a)?",
  "(?i:B)c",
  "[a\\]]|c",
  "((b)|(c))+",
);

describe("an optional run at the beginning", () => {
  it("is taken off where it changes nothing", () => {
    expect(compileExpression("(?i)[\\w.-]{0,50}?(?:acme)=([0-9]+)").lead).toBeDefined();
    expect(compileExpression("[ab]{0,5}?(b|c)").lead).toBeDefined();
  });

  it.each(["[ab]{0,5}b", "[ab]{1,5}?b", "[ab]{0,5}?b|c", "[ab]{0,5}?c*", "(?U)[ab]{0,5}?b", "[[:alpha:]]{0,5}?b", "b"])(
    "but not in %s",
    (source) => {
      expect(compileExpression(source).lead).toBeUndefined();
    },
  );

  it("leaves every match, and what its groups hold, as they are", () => {
    const text = fc.string({
      unit: fc.constantFrom("a", "b", "c", "B", " ", ".", "=", "-", "|", "]", "\n", "é", "😀"),
      maxLength: 30,
    });
    fc.assert(
      fc.property(flags, run, rest, text, (flag, first, then, searched) => expectSame(flag + first + then, searched)),
      { numRuns: 3_000 },
    );
  });
});
