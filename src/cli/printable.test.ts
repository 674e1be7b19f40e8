import fc from "fast-check";
import { expect, test } from "vitest";
import { printable, printableJson } from "./printable.ts";

const ANY_TEXT = fc.string({
  unit: fc.oneof(fc.constantFrom("\u001b", "\u009b", "\n", "\u202e", "\u2028", "\r", "\t"), fc.string()),
});
const DANGEROUS = /[\p{Cc}\u202a-\u202e\u2066-\u2069\u2028\u2029]/u;

test("nothing printable can control a terminal or break a line", () => {
  expect(printable("a\u001b[2J \u009b \u202e\n  b\tc")).toBe("a\\u{1b}[2J \\u{9b} \\u{202e} b c");
  fc.assert(
    fc.property(ANY_TEXT, (text) => {
      expect(printable(text)).not.toMatch(DANGEROUS);
    }),
  );
});

test("printable JSON is the same JSON", () => {
  fc.assert(
    fc.property(fc.dictionary(ANY_TEXT, ANY_TEXT), fc.boolean(), (value, isIndented) => {
      const text = printableJson(value, isIndented);
      expect(text.replaceAll("\n", "")).not.toMatch(DANGEROUS);
      expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
});
