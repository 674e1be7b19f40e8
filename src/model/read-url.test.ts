import fc from "fast-check";
import { expect, test } from "vitest";
import { readUrl } from "./read-url.ts";

/** The slow, obvious way. */
function reference(text: string): string | undefined {
  try {
    return new URL(text).href;
  } catch {
    return undefined;
  }
}

test("a text is read the same at first and when its reader has been optimised, whatever its characters", () => {
  const texts = [
    "http://lºcalhost/",
    "http://¹27.0.0.1/",
    "http://Bücher.example/",
    "http://exa\u00admple.com/",
    "ü",
    "a b",
  ];
  const atFirst = texts.map((text) => readUrl(text)?.href);
  let read = 0;
  for (let n = 0; n < 300_000; n++)
    if (readUrl(n % 2 === 0 ? "http://example.com/a" : "no url") !== undefined) read += 1;
  expect(read).toBe(150_000);
  expect(texts.map((text) => readUrl(text)?.href)).toEqual(atFirst);
  expect(atFirst.slice(0, 2)).toEqual(["http://localhost/", "http://127.0.0.1/"]);
  expect(atFirst.slice(4)).toEqual([undefined, undefined]);
});

test("what is a URL is what the constructor takes", () => {
  const part = fc.constantFrom(
    "http:",
    "//",
    "/",
    "a",
    "ü",
    "º",
    "@",
    ":",
    "[",
    "]",
    "%",
    " ",
    "é.com",
    "1",
    "ſ",
    "\u3002",
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 8 }), (parts) => {
      for (const text of [parts.join(""), `http://${parts.join("")}`])
        expect(readUrl(text)?.href).toBe(reference(text));
    }),
  );
});
