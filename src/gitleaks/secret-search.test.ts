import { describe, expect, it } from "vitest";
import { parseGitleaksConfig } from "./index.ts";

function searchOf(source: string, microseconds = () => 0) {
  const result = parseGitleaksConfig("rules.toml", source, microseconds);
  if (!result.ok) throw new Error(result.problems.join("\n"));
  return result.search;
}
const rule = (fields: string, id = "r") => `[[rules]]\nid = "${id}"\n${fields}\n`;

/** What is found, each once, as its kind and its text. */
function find(source: string, text: string, name?: string): string[] {
  const found = searchOf(source).begin()(text, name);
  return [...new Set(found.map(({ start, end, kind }) => `${kind}: ${text.slice(start, end)}`))];
}

describe("what is the secret of a match", () => {
  it.each([
    ["the whole match without groups", "regex = 'k-[0-9]+'", "a k-123 b", "k-123"],
    ["the first group that has something", "regex = 'k=(?:<([0-9]*)>|\"([0-9]+)\")'", 'k="12"', "12"],
    ["the group that is named", "regex = '(k)=([0-9]+)'\nsecretGroup = 2", "k=123", "123"],
    ["the whole match where that group has nothing", "regex = 'k=([0-9]*)'\nsecretGroup = 1", "k=", "k="],
    ["with what follows without a break", "regex = 'k=([0-9]{2})[0-9a-f-]+'", "k=12-ab", "12-ab"],
    ["with what goes before without a break", "regex = 'k=ey(Z+)'", "k=eyZZ", "eyZZ"],
    ["with more than a delimiter behind it", "regex = 'k=([0-9]{2})\\s[a-z]+'", "k=12\nabcd", "12\nabcd"],
    ["without a delimiter", "regex = 'k=\"([0-9]+)\" */>'", 'k="12" />', "12"],
  ])("%s", (_case, fields, text, secret) => {
    expect(find(rule(fields), text)).toEqual([`r: ${secret}`]);
  });

  it("every match counts", () => {
    expect(find(rule("regex = 'k=([0-9]+)'"), "k=1, k=22, k=333")).toEqual(["r: 1", "r: 22", "r: 333"]);
  });

  it("a match of nothing is none", () => {
    expect(find(rule("regex = 'x*'"), "abc")).toEqual([]);
  });

  it("its kind is what a marker can have of the id", () => {
    expect(find(rule("regex = 'a'", "My Rule_No.7"), "a")).toEqual(["my-rule-no-7: a"]);
    expect(find(rule("regex = 'a'", "x".repeat(50)), "a")).toEqual([`${"x".repeat(40)}: a`]);
  });
});

describe("what is searched", () => {
  it("texts with a keyword, in any case and of any length", () => {
    const long = rule(`regex = '[0-9]{4}'\nkeywords = ["Acme", "ob"]`);
    expect(find(long, "ACME 1234")).toEqual(["r: 1234"]);
    expect(find(long, "oB 1234")).toEqual(["r: 1234"]);
    expect(find(long, "other 1234")).toEqual([]);
  });

  it("every text, by a rule without keywords or with one that JSON may spell in another way", () => {
    expect(find(rule("regex = '[0-9]{4}'"), "1234")).toEqual(["r: 1234"]);
    expect(find(rule(`regex = '[0-9]{4}'\nkeywords = ['a"b', "é"]`), "1234")).toEqual(["r: 1234"]);
  });

  it("a member as it stands in a JSON file, of which only the value counts", () => {
    const source = rule(`regex = 'acme[a-z_]*"?[:=]"?([0-9a-f]{8})"'\nkeywords = ["acme"]`);
    expect(find(source, "0123abcd", "acme_id")).toEqual(["r: 0123abcd"]);
    expect(find(source, "0123abcd", "other")).toEqual([]);
    expect(find(source, "0123abcd")).toEqual([]);
    expect(find(rule("regex = 'acme.*'"), "abc", "acme")).toEqual(["r: abc"]);
    expect(find(rule("regex = 'acme'"), "abc", "acme")).toEqual([]);
  });

  it("a number as it stands in a JSON file", () => {
    const search = searchOf(rule(`regex = 'pin"[:] *([0-9]{10})'`));
    expect(search.begin()("1204567890", "pin", true)).toEqual([{ start: 0, end: 10, kind: "r" }]);
    expect(search.begin()("1204567890", "pin")).toEqual([]);
  });

  it("by rules for certain files as well, and not by parts of other rules", () => {
    expect(find(rule("regex = 'a'\npath = '\\.tf$'"), "a")).toEqual(["r: a"]);
    expect(find(rule("regex = 'a'\nskipReport = true") + rule("regex = 'b'", "s"), "ab")).toEqual(["s: b"]);
    const parts = rule("regex = 'a'\n[[rules.required]]\nid = \"s\"") + rule("regex = 'b'", "s");
    expect(find(parts, "a")).toEqual(["r: a"]);
  });
});

describe("what is no secret after all", () => {
  const K = "regex = 'k=([^ ]+)'";

  it("too little entropy", () => {
    const source = rule(`${K}\nentropy = 2`);
    expect(find(source, "k=aabb k=abcd k=abcde")).toEqual(["r: abcde"]);
  });

  it.each([
    ["an expression, in the secret", "regexes = ['^x']", "k=xyz", "k=yxz"],
    ["an expression, in the match", "regexTarget = 'match'\nregexes = ['^k=x']", "k=xyz", "k=yxz"],
    ["an expression, in the line", "regexTarget = 'line'\nregexes = ['^test: ']", "a\ntest: k=1", "test: a\nk=1"],
    ["a word in the secret, in any case", "stopwords = ['Exam']", "k=eXAMple", "exam k=ple"],
    ["any of them", "regexes = ['^x']\nstopwords = ['q']", "k=abq", "k=ab"],
    ["all of them", "condition = 'AND'\nregexes = ['^x']\nstopwords = ['q']", "k=xq", "k=q"],
  ])("%s", (_case, fields, allowed, secret) => {
    for (const list of [
      `[[rules.allowlists]]\n${fields}`,
      `[rules.allowlist]\n${fields}`,
      `[[allowlists]]\n${fields}`,
    ]) {
      expect(find(`${rule(K)}${list}`, allowed)).toEqual([]);
      expect(find(`${rule(K)}${list}`, secret)).toHaveLength(1);
    }
  });

  it("a match has the optional run before it, but not more than the expression takes", () => {
    const source = rule(
      `regex = '[a-z]{0,3}?k=([0-9]+)'\n[[rules.allowlists]]\nregexTarget = 'match'\nregexes = ['^abck']`,
    );
    expect(find(source, "abck=1")).toEqual([]);
    expect(find(source, "zabck=1")).toEqual([]);
    expect(find(source, "abcdk=1")).toEqual(["r: 1"]);
  });

  it("never by file or commit, which an action has none of", () => {
    const paths = "[[rules.allowlists]]\npaths = ['.*']\ncommits = ['0']";
    expect(find(`${rule(K)}${paths}`, "k=1")).toEqual(["r: 1"]);
    expect(find(`${rule(K)}${paths}\ncondition = 'AND'\nregexes = ['.*']`, "k=1")).toEqual(["r: 1"]);
  });

  it("only for the rules that a list names", () => {
    const list = "[[allowlists]]\ntargetRules = ['s']\nstopwords = ['a']";
    expect(find(`${rule(K)}${rule(K, "s")}${list}`, "k=a")).toEqual(["r: a"]);
  });

  it("not by a comment that whoever is recorded could write", () => {
    expect(find(rule(K), "k=1 # gitleaks:allow")).toEqual(["r: 1"]);
  });
});

describe("the time is bounded", () => {
  const source = rule("regex = 'k=[0-9]'") + rule("regex = 'q'", "s");
  /** A clock that goes on by so much with each look. */
  const ticking = (step: number) => {
    let now = 0;
    return () => (now += step);
  };

  it("what a text has no time for is found as a whole, and the next text has time again", () => {
    let now = 0;
    let step = 0;
    const find = searchOf(source, () => (now += step)).begin();
    expect(find("a k=1")).toContainEqual({ start: 2, end: 5, kind: "r" });
    step = 40_000;
    expect(find("a k=1", "name")).toEqual([{ start: 0, end: 5, kind: "unsearched" }]);
    step = 0;
    expect(find("a k=1")).toContainEqual({ start: 2, end: 5, kind: "r" });
  });

  it("also between the matches of one rule, since each may read the whole text", () => {
    const text = "k=1 ".repeat(1_000);
    expect(searchOf(source, ticking(100)).begin()(text)).toEqual([{ start: 0, end: text.length, kind: "unsearched" }]);
  });

  it("a value whose texts take too long together is refused, so that no text hides another", () => {
    const find = searchOf(source, ticking(30_000)).begin();
    expect(find("k=1")).toEqual([{ start: 0, end: 3, kind: "unsearched" }]);
    expect(() => {
      for (let texts = 0; texts < 10; texts += 1) find("k=1");
    }).toThrow("took too long");
  });
});

describe("a long text", () => {
  it("is searched in parts, in which whatever is not longer than their overlap is found wherever it stands", () => {
    const secret = `k=${"7".repeat(4_000)};`;
    const find = searchOf(rule("regex = 'k=(7+);'")).begin();
    for (let at = 24_000; at < 66_000; at += 500) {
      const text = `${"x".repeat(at)}${secret}${"x".repeat(70_000 - at)}`;
      expect(find(text)).toContainEqual({ start: at + 2, end: at + 4_002, kind: "r" });
    }
  });
});

describe("ways to write a letter", () => {
  it("the two characters that fold to ASCII count as that, as for RE2", () => {
    expect(find(rule("regex = '(?i)token ([0-9]{6})'\nkeywords = ['token']"), "to\u212aen 123456")).toEqual([
      "r: 123456",
    ]);
    expect(find(rule("regex = '(?i)ask ([0-9]{6})'\nkeywords = ['ask']"), "a\u017fk 123456")).toEqual(["r: 123456"]);
    expect(searchOf(rule("regex = '(?i)token'\nkeywords = ['token']")).mayMatch('"to\u212aen"')).toBe(true);
  });
});
