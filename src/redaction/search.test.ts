import { describe, expect, it } from "vitest";
import { createRedactor } from "./index.ts";

const KEY = new Uint8Array(32).fill(7);
const MARKER = /\[redacted:[a-z0-9-]{1,40}:[0-9a-f]{16}\]/g;
// Put together here, so that scanners of this repository find nothing.
const github = `gh${"p_"}9Kd3vQ7xLm2Tz8Rb5Wn1Yc6Hf4Jp0Gs9Kd3v`;

describe("a search by rules from outside", () => {
  const found: [string, string | undefined][] = [];
  const searching = createRedactor({
    key: KEY,
    search: {
      mayMatch: () => true,
      begin: () => (text, name) => {
        found.push([text, name]);
        const start = text.indexOf("zz");
        return start < 0 ? [] : [{ start, end: text.length, kind: "zz" }];
      },
    },
  });
  const redactedBy = (value: unknown) => {
    found.length = 0;
    return JSON.parse(searching.redactJson(JSON.stringify(value))?.json.replaceAll(MARKER, "#") ?? "null");
  };

  it("is given every text with the name that it stands under, and what is no mere name", () => {
    redactedBy({ arguments: { Path: ["a"], "X-1": { b: "c" } }, n: 12345678, few: 1234567 });
    expect(found).toEqual([
      ["Path", undefined],
      ["a", undefined],
      ["X-1", undefined],
      ["c", "b"],
      ["12345678", "n"],
    ]);
  });

  it("leaves names that the request itself has, and takes others", () => {
    expect(redactedBy({ arguments: { zz_key: 1, "zz-key": 2 } })).toEqual({ arguments: { zz_key: 1, "#": 2 } });
  });

  it("is asked again under the name that a member has in the record", () => {
    const byName = createRedactor({
      key: KEY,
      search: {
        mayMatch: () => true,
        begin: () => (text, name) =>
          text === "v" && name?.startsWith("[redacted:") === true ? [{ start: 0, end: 1, kind: "v" }] : [],
      },
    });
    const once = byName.redactJson(JSON.stringify({ [github]: "v" }))!;
    expect(once.json.replaceAll(MARKER, "#")).toBe('{"#":"#"}');
    expect(byName.redactJson(once.json)).toBeUndefined();
  });

  it("takes a number that is a secret as a whole", () => {
    const byDigits = createRedactor({
      key: KEY,
      search: {
        mayMatch: () => true,
        begin: () => (text) => (/^\d+$/.test(text) ? [{ start: 0, end: text.length, kind: "n" }] : []),
      },
    });
    const { json, pointers } = byDigits.redactJson('{"id":1204567890,"few":120456}')!;
    expect([json.replaceAll(MARKER, "#"), pointers]).toEqual(['{"id":"#","few":120456}', ["/id"]]);
  });

  it("takes a JSON text in a string as the text that it is, too", () => {
    const body = '["datadog", "v1"] ';
    const byText = createRedactor({
      key: KEY,
      search: {
        mayMatch: () => true,
        begin: () => (text) => {
          const start = text.indexOf('", "v');
          return start < 0 ? [] : [{ start: start + 4, end: start + 6, kind: "v" }];
        },
      },
    });
    const { json } = byText.redactJson(JSON.stringify({ body }))!;
    expect(JSON.parse(json).body.replaceAll(MARKER, "#")).toBe('["datadog", "#"] ');
  });
});
