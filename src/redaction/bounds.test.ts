import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createRedactor } from "./index.ts";

const KEY = new Uint8Array(32).fill(7);
const redactor = createRedactor({ key: KEY });
const byEveryPath = createRedactor({ key: KEY, paths: ["/*", "/*/*", "/*/*/*"] });
const MARKER = /\[redacted:[a-z0-9-]{1,40}:[0-9a-f]{16}\]/g;

const bytesOf = (text: string) => Buffer.byteLength(text);
const grownBytes = ({ json, pointers }: { json: string; pointers: readonly string[] }) =>
  bytesOf(json) + bytesOf(JSON.stringify(pointers));

describe("what comes out is not much larger than what came in", () => {
  it("a large value under a secret name goes as one, and is left alone the next time", () => {
    const found = redactor.redactJson(JSON.stringify({ a: { password: Array(17).fill(1), token: [1, 2] } }));
    expect(found?.json.replaceAll(MARKER, "#")).toBe('{"a":{"password":"#","token":["#","#"]}}');
    expect(found?.pointers).toEqual(["/a/password", "/a/token/0", "/a/token/1"]);
    expect(redactor.redactJson(found!.json)).toBeUndefined();
  });

  it("a deep value under a secret name goes as one", () => {
    const deep = (depth: number) => JSON.parse(`${"[".repeat(depth)}1${"]".repeat(depth)}`);
    const found = redactor.redactJson(JSON.stringify({ password: deep(9), token: deep(8) }));
    expect(found?.json.replaceAll(MARKER, "#")).toBe(`{"password":"#","token":${"[".repeat(8)}"#"${"]".repeat(8)}}`);
  });

  it("more than 100 pointers become those of the members that hold them", () => {
    const found = redactor.redactJson(JSON.stringify({ a: Array(101).fill({ otp: "x" }), b: { otp: "x" }, c: 1 }));
    expect(found?.pointers).toEqual(["/a", "/b"]);
    const flat = Object.fromEntries(Array.from({ length: 101 }, (_, at) => [`k${at}_password`, "x"]));
    expect(redactor.redactJson(JSON.stringify(flat))?.pointers).toEqual([""]);
  });

  it("long keys do not make long lists of pointers", () => {
    const value = { a: { ["k".repeat(20_000)]: { password: Array(16).fill(1) } } };
    expect(redactor.redactJson(JSON.stringify(value))?.pointers).toEqual(["/a"]);
  });

  const pieces = fc.constantFrom<unknown>(
    { password: [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1] },
    { otp: 1 },
    { "pwd=a pwd": 1 },
    "pwd=a pwd=a",
    "x://:a@",
    "mysql -pa -pa -pa -pa",
    1,
    { credentials: { a: "b", c: [1, [2, [3]]] } },
    '{"otp":[1,1,1,1]}',
    "/".repeat(300),
  );
  it("at most 6 times and 64 KB more, whatever came in", () => {
    const value = fc.tuple(
      fc.array(pieces, { minLength: 1, maxLength: 4 }),
      fc.integer({ min: 1, max: 250_000 }),
      fc.constantFrom("a", "password", "k".repeat(2_500), "/".repeat(60_000)),
      fc.constantFrom(
        (list: unknown[], key: string) => ({ arguments: { [key]: list } }) as unknown,
        (list: unknown[], key: string) => ({ arguments: { [key]: { otp: 1, password: list } } }),
        (list: unknown[]) => list,
        (list: unknown[]) => list.map(String).join(" "),
        (list: unknown[], key: string) => Object.fromEntries(list.map((item, at) => [`${at}${key.slice(0, 8)}`, item])),
        (list: unknown[]) => ({ body: JSON.stringify({ list }) }),
      ),
    );
    fc.assert(
      fc.property(value, ([some, size, key, shape]) => {
        const copies = Math.max(1, Math.floor(size / JSON.stringify(some).length));
        const json = JSON.stringify(shape(Array.from({ length: copies }, () => some).flat(), key));
        for (const { redactJson } of [redactor, byEveryPath]) {
          const found = redactJson(json);
          if (found === undefined) continue;
          expect(grownBytes(found)).toBeLessThanOrEqual(6 * bytesOf(json) + 65_536);
          expect(found.pointers.length).toBeLessThanOrEqual(100);
        }
      }),
      { numRuns: 60 },
    );
  }, 60_000);
});
