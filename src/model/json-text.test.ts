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

  test.each(["1e309", "-1E+400", "1e0400", `1${"0".repeat(400)}`, `${"9".repeat(290)}e99`, `0.1e400`])(
    "%s is refused: a record could not hold it",
    (number) => {
      expect(pointersOf(`{"a":{"b":[0,${number}]}}`)).toEqual(["/a/b/1"]);
      expect(pointersOf(number)).toEqual([""]);
    },
  );

  test.each(["-0", "-0.0", "-0e5", "-0.00E-2", "-1e-400", `-0.${"0".repeat(400)}1`])("%s is read as zero", (number) => {
    const result = parseJsonText(`{"a":[${number}],"__proto__":${number},"b":{"c":${number}}}`);
    expect(JSON.stringify(result)).toBe('{"ok":true,"value":{"a":[0],"__proto__":0,"b":{"c":0}}}');
    expect(result.ok && result.value).toEqual(JSON.parse('{"a":[0],"__proto__":0,"b":{"c":0}}'));
    expect(parseJsonText(number)).toEqual({ ok: true, value: 0 });
  });

  test("survives being written and read again, whatever its numbers are", () => {
    const digits = fc.stringMatching(/^(?:0|[1-9][0-9]{0,320})$/);
    const exponent = fc.stringMatching(/^(?:[eE][+-]?[0-9]{1,4})?$/);
    const fraction = fc.stringMatching(/^(?:\.[0-9]{1,330})?$/);
    fc.assert(
      fc.property(fc.constantFrom("", "-"), digits, fraction, exponent, (sign, whole, part, power) => {
        const result = parseJsonText(`[${sign}${whole}${part}${power}]`);
        if (result.ok) expect(JSON.parse(JSON.stringify(result.value))).toEqual(result.value);
        else {
          const [number] = JSON.parse(`[${sign}${whole}${part}${power}]`) as [number];
          expect(Number.isFinite(number) && (Number.isSafeInteger(number) || !Number.isInteger(number))).toBe(false);
        }
      }),
    );
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
        // Through JSON once more: a negative zero is read as zero.
        if (result.ok) expect(result.value).toEqual(JSON.parse(JSON.stringify(JSON.parse(text))));
        else expect(result.code).toBe("invalid_request");
      }),
    );
  });

  test.each([
    ['{"a":1,"b":2,"a":3}', "/a"],
    ['{"a":[0,{"b":{"c":1,"c" : 1}}]}', "/a/1/b/c"],
    ['{"a":1,"\\u0061":2}', "/a"],
    ['{"__proto__":1,"__proto__":2}', "/__proto__"],
    ['{"a":{},"b":{"a":1},"b":{}}', "/b"],
  ])("%s holds a key twice, and is refused by its pointer", (text, pointer) => {
    expect(pointersOf(text)).toEqual([pointer]);
  });

  test.each([
    '{"a":{"b":1},"b":{"a":1}}',
    '[{"a":1},{"a":1}]',
    '{"text":"\\"a\\":1,\\"a\\":2"}',
    '{"a":":\\":","b":"{\\"a\\" :1,\\"a\\" :1}"}',
  ])("%s holds no key twice", (text) => {
    expect(parseJsonText(text)).toEqual({ ok: true, value: JSON.parse(text) });
  });

  test.each([
    ['{"a":9007199254740992}', "/a"],
    ['{"a":[1,-9007199254740993]}', "/a/1"],
    ['{"a":1e400}', "/a"],
    ["-1e999", ""],
    ['{"a":1e21}', "/a"],
  ])("%s holds a number that would be another one, and is refused by its pointer", (text, pointer) => {
    expect(pointersOf(text)).toEqual([pointer]);
  });

  test("minus zero is zero, and what a double holds is kept", () => {
    const result = parseJsonText('{"a":-0,"b":[-0.0,9007199254740991,-1.5e-300,0.1,1e15]}');
    expect(result).toEqual({ ok: true, value: { a: 0, b: [0, 9007199254740991, -1.5e-300, 0.1, 1e15] } });
    expect(parseJsonText("-0")).toEqual({ ok: true, value: 0 });
  });

  test("what is accepted reads back from its own JSON as the same value", () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 4 }), (text) => {
        const result = parseJsonText(text);
        if (result.ok) expect(JSON.parse(JSON.stringify(result.value))).toStrictEqual(result.value);
      }),
    );
  });
});
