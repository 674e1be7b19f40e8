import fc from "fast-check";
import { expect, test } from "vitest";
import { printable, printableJson } from "./printable.ts";

const ANY_TEXT = fc.string({
  unit: fc.oneof(
    fc.constantFrom(
      "\u001b",
      "\u009b",
      "\n",
      "\u202e",
      "\u2028",
      "\r",
      "\t",
      "\u200b",
      "\ufeff",
      "\u3164",
      "\u{e0041}",
    ),
    fc.string(),
  ),
});
const DANGEROUS = /[\p{Cc}\u202a-\u202e\u2066-\u2069\u2028\u2029\u200b\ufeff\u3164\u{e0000}-\u{e0fff}]/u;

test("nothing printable can control a terminal or break a line", () => {
  expect(printable("a\u001b[2J \u009b \u202e\n  b\tc")).toBe("a\\u{1b}[2J \\u{9b} \\u{202e} b c");
  fc.assert(
    fc.property(ANY_TEXT, (text) => {
      expect(printable(text)).not.toMatch(DANGEROUS);
    }),
  );
});

test("what a terminal would not show at all is seen", () => {
  expect(printable("ref\u200bund\u00ad \u{e0041}")).toBe("ref\\u{200b}und\\u{ad} \\u{e0041}");
  expect(printableJson("a\u{e0041}\u2060", false)).toBe('"a\\udb40\\udc41\\u2060"\n');
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
