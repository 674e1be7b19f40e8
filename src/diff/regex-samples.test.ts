import { RE2JS } from "re2js";
import { describe, expect, it } from "vitest";
import { regexSamples } from "./regex-samples.ts";

describe("samples of a regular expression", () => {
  it.each([
    "^(?:GET|HEAD)(?: |$)",
    String.raw`(?i)^\s*(drop|truncate)\s+t1`,
    String.raw`^https://(?:api\.stripe\.com|api\.mollie\.com)/(?:[A-Za-z0-9/_-]*/refunds?/?)?$`,
    "^cus_[A-Za-z0-9]+$",
    "^[A-Za-z0-9_#:-]{1,100}$",
    String.raw`\bsk-[a-z]{2,4}[^a-z\s]x?\d{3}`,
    "[]a]|[^]x]",
    String.raw`^(?P<year>\d{4})-(?-i:[A-Z])\x41\x{42}\p{L}\pN$`,
    "a{2}b{3,}c*?d+?",
    "",
  ])("%s: all but few match it", (pattern) => {
    const samples = regexSamples(pattern);
    const compiled = RE2JS.compile(pattern);
    const matching = samples.filter((sample) => compiled.matcher(sample).find());
    expect(samples.length).toBeGreaterThan(0);
    expect(matching.length, JSON.stringify(samples)).toBeGreaterThanOrEqual(samples.length / 2);
  });

  it("have each alternative among them", () => {
    expect(regexSamples("^(?:a|b(?:c|d))$")).toEqual(["a", "bc", "bd"]);
  });

  it("are none for what is not understood, and end for what is no expression", () => {
    for (const pattern of ["a)b", "(", "[", "a{", "\\", "(?", "[a-", "\\p{", "\\x{", "(((((", "*"]) {
      expect(Array.isArray(regexSamples(pattern))).toBe(true);
    }
  });
});
