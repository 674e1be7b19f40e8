import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseGitleaksConfig } from "../../src/gitleaks/index.ts";
import { createRedactor } from "../../src/redaction/index.ts";

const RULES = [
  `regex = 'acme[a-z_]*"?[:=]"?([0-9a-f]{4,8})'\nkeywords = ["acme"]`,
  `regex = '[\\w.-]{0,50}?ob[=:"]{1,3}([0-9]{4})'\nkeywords = ["ob"]`,
  `regex = 'a/b([0-9]+)'\nkeywords = ["a/b"]`,
  `regex = 'é([0-9]+)'\nkeywords = ["é"]`,
  `regex = '"q"=([0-9]+)'\nkeywords = ['"q"']`,
  `regex = '(?i)redacted.{0,3}'\nkeywords = ["redacted"]`,
  `regex = 'zz[0-9]{4}'`,
  `regex = 'acme": *([0-9]{10})'\nkeywords = ["acme"]`,
  `regex = '\\[ "acme", "([^"]+)"'\nkeywords = ["acme"]`,
];
const toml = (rules: readonly string[]) => rules.map((fields, at) => `[[rules]]\nid = "r${at}"\n${fields}\n`).join("");

function searchOf(rules: readonly string[]) {
  const result = parseGitleaksConfig("rules.toml", toml(rules), () => 0);
  if (!result.ok) throw new Error(result.problems.join("\n"));
  return result.search;
}

const KEY = new Uint8Array(32).fill(7);
const MARKER = /\[redacted:[a-z0-9-]{1,40}:[0-9a-f]{16}\]/g;

const piece = fc.constantFrom(
  ...'acme ACME _id = : " \\ / a/b é ob OB= 1234 0123abcd zz "q"= \n \u0001 😀 K [redacted: [redacted:r1:0123456789abcdef] token= password'.split(
    " ",
  ),
  " ",
);
const text = fc.array(piece, { maxLength: 6 }).map((pieces) => pieces.join(""));
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    text,
    fc.constantFrom<unknown>(1234, 1204567890, true, null),
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(text, tie("value"), { maxKeys: 3 }),
    tie("value").map((inner) => JSON.stringify(inner)),
    tie("value").map((inner) => JSON.stringify(["acme", inner], undefined, " ").replaceAll("\n", "")),
  ),
}));
const rules = fc.subarray(RULES, { minLength: 1 });
/** A client may write any character as an escape. */
const spelled = (json: string, escapes: boolean) =>
  escapes ? json.replaceAll("/", "\\/").replaceAll("é", "\\u00e9").replaceAll("a", "\\u0061") : json;

/** Every text with the name that it stands under, those of JSON texts inside of texts, too, and every number that is long enough. */
function* textsOf(
  value: unknown,
  name?: string,
): Generator<readonly [text: string, name: string | undefined, isNumber: boolean]> {
  if (typeof value === "string") {
    yield [value, name, false];
    const inner = parsed(value);
    if (inner !== undefined) yield* textsOf(inner);
  } else if (typeof value === "number") {
    if (String(value).length >= 8) yield [String(value), name, true];
  } else if (Array.isArray(value)) {
    for (const item of value) yield* textsOf(item);
  } else if (typeof value === "object" && value !== null) {
    for (const [key, member] of Object.entries(value)) {
      if (!/^[a-z_]{1,24}$/.test(key)) yield [key, undefined, false];
      yield* textsOf(member, key);
    }
  }
}

function parsed(text: string): unknown {
  if (!/^\s*["[{]/.test(text)) return undefined;
  try {
    const value = JSON.parse(text);
    return typeof value === "object" ? (value ?? undefined) : typeof value === "string" ? parsed(value) : undefined;
  } catch {
    return undefined;
  }
}

describe("redaction with rules from outside", () => {
  it("leaves nothing that they find, whether it parses the text or not", () => {
    fc.assert(
      fc.property(rules, value, fc.boolean(), (chosen, given, escapes) => {
        const search = searchOf(chosen);
        const json = spelled(JSON.stringify(given), escapes);
        const redacted = JSON.parse(createRedactor({ key: KEY, search }).redactJson(json)?.json ?? json);
        const find = search.begin();
        for (const [text, name, isNumber] of textsOf(redacted)) {
          const left = find(text, name, isNumber).filter(({ start, end }) => outsideMarkers(text, start, end));
          expect({ text, name, left }).toEqual({ text, name, left: [] });
        }
      }),
      { numRuns: 4_000 },
    );
  });

  it("changes nothing the second time", () => {
    fc.assert(
      fc.property(rules, value, (chosen, given) => {
        const redactor = createRedactor({ key: KEY, search: searchOf(chosen) });
        const once = redactor.redactJson(JSON.stringify(given));
        if (once !== undefined) expect(redactor.redactJson(once.json)).toBeUndefined();
      }),
      { numRuns: 4_000 },
    );
  });

  it("finds at least what it finds without", () => {
    fc.assert(
      fc.property(rules, text, (chosen, given) => {
        const plain = createRedactor({ key: KEY }).redactText(given);
        const more = createRedactor({ key: KEY, search: searchOf(chosen) }).redactText(given);
        expect(more.replaceAll(MARKER, "").length).toBeLessThanOrEqual(plain.replaceAll(MARKER, "").length);
      }),
      { numRuns: 4_000 },
    );
  });
});

/** Whether some of the range is in no marker. */
function outsideMarkers(text: string, start: number, end: number): boolean {
  const covered = new Set(
    [...text.matchAll(MARKER)].flatMap(({ index, 0: marker }) => range(index, index + marker.length)),
  );
  return range(start, end).some((at) => !covered.has(at));
}

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => from + at);
