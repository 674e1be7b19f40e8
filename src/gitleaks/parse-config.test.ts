import { describe, expect, it } from "vitest";
import { parseGitleaksConfig } from "./index.ts";

const parse = (source: string) => parseGitleaksConfig("rules.toml", source, () => 0);
const problemsOf = (source: string) => {
  const result = parse(source);
  return result.ok ? [] : result.problems;
};
const rule = (fields: string) => `[[rules]]\nid = "r"\n${fields}`;

describe("what cannot be used is refused, all of it at once", () => {
  it.each([
    ["", /^rules\.toml: rules: .*expected array/],
    ["rules = []", /^rules\.toml: rules: none of them has a `regex` and is reported, so nothing would be found$/],
    ['[[rules]]\nid = "a"\nregex = "x\n', /^rules\.toml:3:\d+: /],
    ["a = 1\na = 2", /^rules\.toml:2:\d+: /],
    [rule("regex = 1"), /^rules\.toml: rules\[0\] \(r\)\.regex: .*expected string/],
    [rule('regex = "a"\nregexp = "b"'), /^rules\.toml: rules\[0\] \(r\): Unrecognized key: "regexp"$/],
    ['[[rules]]\nregex = "a"', /^rules\.toml: rules\[0\]\.id: .*expected string/],
    ['[[rules]]\nid = " "\nregex = "a"', /^rules\.toml: rules\[0\] \( \)\.id: expected a name$/],
    [
      `${rule('description = "x"')}\n${rule('regex = "a"')}`,
      /^rules\.toml: rules\[0\] \(r\): has neither `regex` nor `path`$/,
    ],
    [rule('regex = "(a"'), /^rules\.toml: rules\[0\] \(r\)\.regex: RE2 refuses the expression: .*missing closing \)/],
    [rule('regex = "(?=a)"'), /^rules\.toml: rules\[0\] \(r\)\.regex: RE2 refuses the expression: /],
    [
      rule('regex = "(a)"\nsecretGroup = 2'),
      /^rules\.toml: rules\[0\] \(r\)\.secretGroup: is 2, but `regex` has 1 groups$/,
    ],
    [rule('regex = "a"\nentropy = -1'), /^rules\.toml: rules\[0\] \(r\)\.entropy: /],
    [rule('regex = "a"\nkeywords = "a"'), /^rules\.toml: rules\[0\] \(r\)\.keywords: .*expected array/],
    [
      rule('regex = "a"\n[[rules.allowlists]]\nregexes = ["a", "["]'),
      /^rules\.toml: rules\[0\] \(r\)\.allowlists\[0\]\.regexes\[1\]: RE2 refuses the expression: /,
    ],
    [
      rule('regex = "a"\n[[rules.allowlists]]\ndescription = "x"'),
      /^rules\.toml: rules\[0\] \(r\)\.allowlists\[0\]: needs one of `regexes`, `stopwords`, `paths` and `commits`$/,
    ],
    [
      rule('regex = "a"\n[rules.allowlist]\nstopwords = ["a"]\n[[rules.allowlists]]\nstopwords = ["a"]'),
      /^rules\.toml: rules\[0\] \(r\)\.allowlist: cannot stand beside `allowlists`/,
    ],
    [
      rule('regex = "a"\n[[rules.allowlists]]\nregexTarget = "file"\nstopwords = ["a"]'),
      /^rules\.toml: rules\[0\] \(r\)\.allowlists\[0\]\.regexTarget: expected match, line or secret$/,
    ],
    [
      rule('regex = "a"\n[[rules.allowlists]]\ncondition = "NOT"\nstopwords = ["a"]'),
      /^rules\.toml: rules\[0\] \(r\)\.allowlists\[0\]\.condition: expected AND or OR$/,
    ],
    [`${rule('regex = "a"\nRegex = "b"')}`, /^rules\.toml: the field `regex` is there twice, in two spellings$/],
    [rule('regex = "a"\nentropy = 35'), /^rules\.toml: rules\[0\] \(r\)\.entropy: .*<=8/],
    [
      rule('regex = "a"\n[[rules.allowlists]]\nstopwords = ["x", ""]'),
      /^rules\.toml: rules\[0\] \(r\)\.allowlists\[0\]\.stopwords: allows every text/,
    ],
    [
      rule('regex = "a"\n[[rules.allowlists]]\nregexes = ["x", "y*"]'),
      /^rules\.toml: rules\[0\] \(r\)\.allowlists\[0\]\.regexes\[1\]: allows every text/,
    ],
    [
      `${rule('regex = "a"')}\n[[allowlists]]\ntargetRules = ["r", "s"]\nstopwords = ["x"]`,
      /^rules\.toml: allowlists\[0\]\.targetRules: there is no rule with the id `s`$/,
    ],
    [`[extend]\nuseDefault = true\n${rule('regex = "a"')}`, /^rules\.toml: extend: is not followed/],
    [
      rule(`regex = "a"\nkeywords = ["${"k".repeat(32_001)}"]`),
      /^rules\.toml: rules: the keywords have 32001 characters together, at most 32000 may$/,
    ],
  ])("%j", (source, problem) => {
    expect(problemsOf(source)).toEqual([expect.stringMatching(problem)]);
  });

  it("names every problem", () => {
    expect(problemsOf(`${rule('regex = "("')}\n[[rules]]\nid = "s"\nregex = ")"`)).toEqual([
      expect.stringContaining("rules[0] (r).regex"),
      expect.stringContaining("rules[1] (s).regex"),
    ]);
  });
});

describe("what gitleaks takes is taken", () => {
  it("names of fields in any case, as gitleaks reads them", () => {
    const source = `[[Rules]]\nID = "r"\nRegex = "a(b)"\nSecretgroup = 1\nKeyWords = ["A"]\n[[Rules.AllowLists]]\nstopWords = ["z"]`;
    expect(problemsOf(source)).toEqual([]);
  });

  it("all that a rule may have", () => {
    const source = `
      title = "t"
      minVersion = "v8.25.0"
      [[rules]]
      id = "r"
      description = "d"
      regex = "a"
      path = "x"
      tags = ["t"]
      [[rules.required]]
      id = "part"
      withinLines = 5
      [[rules]]
      id = "part"
      regex = "b"
      skipReport = true
      [[rules]]
      id = "file"
      path = ".p12$"
      [[allowlists]]
      targetRules = ["r"]
      paths = ["node_modules"]`;
    expect(problemsOf(source)).toEqual([]);
  });
});
