import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseJsonText } from "./json-text.ts";

const nested = (depth: number) => `${"[".repeat(depth)}${"]".repeat(depth)}`;
const pointersOf = (text: string) => {
  const result = parseJsonText(text);
  return result.ok ? [] : result.faults.map(({ pointer }) => pointer);
};

describe("a body's text", () => {
  test("may be 64 deep and not 65", () => {
    expect(parseJsonText(nested(64)).ok).toBe(true);
    expect(parseJsonText(nested(65))).toMatchObject({ ok: false, code: "invalid_request" });
    expect(parseJsonText(nested(100_000)).ok).toBe(false);
    expect(parseJsonText(`{"a":"${"[".repeat(200)}"}`).ok).toBe(true);
    expect(parseJsonText(`[${"[],".repeat(200)}1]`).ok).toBe(true);
  });

  test.each([
    ['{"a":{"b":["\\u0000"]}}', "/a/b/0"],
    ['{"a\\u0000":1}', "/a\uFFFD"],
    ['{"a":"\\ud800"}', "/a"],
    ['{"a":"\\udc00\\ud800"}', "/a"],
    ['{"a/b":{"c~d":"\\ud800"}}', "/a~1b/c~0d"],
  ])("%s is refused by its pointer", (text, pointer) => {
    expect(pointersOf(text)).toEqual([pointer]);
  });

  test("may hold escaped characters that are well-formed", () => {
    expect(parseJsonText('{"a":"\\u00e9\\ud83d\\ude00 \\\\u0000"}')).toEqual({ ok: true, value: { a: "é😀 \\u0000" } });
  });

  test.each(["", "{", '{"a":1,}', "nope", "\uFEFF{}", '{"secret":"hunter2'])(
    "%j is malformed, and is not quoted back",
    (text) => {
      const result = parseJsonText(text);
      expect(result).toMatchObject({ ok: false, code: "malformed_json" });
      expect(JSON.stringify(result)).not.toContain("hunter2");
    },
  );

  test("is read as JSON.parse reads it", () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 4 }), (text) => {
        const result = parseJsonText(text);
        if (result.ok) expect(result.value).toEqual(JSON.parse(text));
        else expect(result.code).toBe("invalid_request");
      }),
    );
  });
});
