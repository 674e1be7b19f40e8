import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createRecordParser } from "../../src/replay/parse-record.ts";

const RUNS = 20_000;

/** A record as services write it, member by member. */
const RECORD = [
  '"version":1',
  '"kind":"decision"',
  '"id":"i"',
  '"request":{"action_name":"a"}',
  '"identity":{"name":"n","roles":["r"]}',
  '"decision":{"decision":"allow","rules":["p/a"]}',
  '"key_id":"k"',
  '"latency_us":5',
  '"writer":"w"',
  '"hash":"ab"',
];

/** What others may write, and what looks like the places where a line is cut. */
const ODD = [
  "",
  " ",
  '"kind":"export.end"',
  '"request":{"a":1,"identity":{"name":"other"},"decision":{},"key_id":"k"}',
  '"request":"x,\\"identity\\":{\\"name\\":1}"',
  '"request":[{"a":1,"identity":{"name":"other"}',
  '"arguments":1}],"b":[{"c":1',
  '"identity":{"name":"m","more":{"a":1,"decision":{"b":2,"key_id":"k"}}}',
  '"identity":null',
  '"identity":{"name":"cut',
  '"decision":{"decision":"deny","obligations":[{"type":"t","key_id":"k"}]}',
  '"decision":{"a":1,"identity":{"name":"inner"}}',
  '"decision":3}',
  '"ruled":{"decision":"deny"}',
  '"redacted":["/request"]',
  '"approval":{"id":"x"}',
  '"latency_us":05',
  '"latency_us":-1',
  '"client_request_id":"a\\"b"',
  '"client_request_id":"\u0001"',
  '"__proto__":{"identity":1}',
  '"__proto__":{"ruled":{"decision":"deny"}}',
  '"key_id":"k"}{"key_id":"k"',
  "1",
];

const step = fc.record({
  at: fc.nat(RECORD.length),
  removed: fc.nat(4),
  added: fc.array(fc.constantFrom(...RECORD, ...ODD), { maxLength: 2 }),
});
const line = fc.array(step, { maxLength: 4 }).map((steps) => {
  const members = [...RECORD];
  for (const { at, removed, added } of steps) members.splice(at, removed, ...added);
  return `{${members.join(",")}}`;
});

const JUDGED = ["version", "kind", "id", "time", "request", "identity", "decision", "ruled", "redacted"];

/** What judging would see of it. */
function seen(parse: (text: string) => unknown, text: string): unknown {
  let value: unknown;
  try {
    value = parse(text);
  } catch (error) {
    return { error };
  }
  const members = value as Record<string, unknown>;
  return JUDGED.map((name) => members[name]);
}

describe("a record parsed in parts", () => {
  it("is what JSON.parse makes of it, whatever the line holds", () => {
    // One for all, so that parts are met again.
    const parse = createRecordParser();
    fc.assert(
      fc.property(line, (text) => {
        expect(seen(parse, text)).toEqual(seen(JSON.parse, text));
      }),
      { numRuns: RUNS },
    );
  });

  it("shares what was there before, also after many others", () => {
    const parse = createRecordParser();
    const lineOf = (n: number) => `{${RECORD.join(",").replace('"n"', `"n${n}"`)}}`;
    const identityOf = (n: number) => (parse(lineOf(n)) as { readonly identity: unknown }).identity;
    const first = identityOf(0);
    expect(identityOf(0)).toBe(first);
    // More than are kept: nothing is, any more.
    for (let n = 1; n < 40_000; n += 1) identityOf(n);
    expect(identityOf(0)).toEqual(first);
    expect(identityOf(0)).not.toBe(identityOf(0));
  });

  it("is a record that rests on a person, too", () => {
    const parse = createRecordParser();
    const acted = '"ruled":{"decision":"approval_required"},"approval":{"id":"x"}';
    const text = `{${[...RECORD.slice(0, 6), acted, ...RECORD.slice(6)].join(",")}}`;
    for (let times = 0; times < 2; times += 1) expect(seen(parse, text)).toEqual(seen(JSON.parse, text));
  });

  it("is not shared where something of it was redacted, since traps are put into it", () => {
    const parse = createRecordParser();
    const redacted = '"redacted":["/identity/name"]';
    for (const members of [
      [...RECORD, redacted],
      [redacted, ...RECORD],
      [...RECORD.slice(0, 6), redacted, ...RECORD.slice(6)],
    ]) {
      const text = `{${members.join(",")}}`;
      const [one, other] = [parse(text), parse(text)] as { readonly identity: unknown }[];
      expect(one!.identity).not.toBe(other!.identity);
    }
  });
});
