import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fakeDecision, fakeId, fakeWriter } from "../../test/fake-audit-log.ts";
import { csvHeader, csvRow } from "./csv-row.ts";
import type { ChainedRecord, DecisionRecord, EventRecord } from "./types.ts";

const link = { writer: fakeWriter(1), seq: 7, prev_hash: "a".repeat(64), hash: "b".repeat(64) };
const decision = { ...(fakeDecision(5) as DecisionRecord), ...link };
const event: EventRecord & ChainedRecord = {
  ...{ version: 1, kind: "key.created", id: fakeId(6), time: "2026-01-31T09:20:00.006Z", actor: "system" },
  ...{ data: { name: 'the "first"' } },
  ...link,
};

/** RFC 4180, to the letter. */
function parseRow(row: string): string[] {
  const cells: string[] = [];
  let rest = row;
  do {
    const match = /^(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/.exec(rest)!;
    cells.push(match[1]?.replaceAll('""', '"') ?? match[2]!);
    rest = rest.slice(match[0].length);
    if (match[3] === "\r\n") break;
  } while (rest !== "");
  expect(rest).toBe("");
  return cells;
}

const asObject = (record: ChainedRecord) => {
  const names = parseRow(csvHeader);
  const cells = parseRow(csvRow(record));
  expect(cells).toHaveLength(names.length);
  return Object.fromEntries(names.map((name, at) => [name, cells[at]]));
};

describe("a row", () => {
  test("has a decision under the header's names", () => {
    expect(csvHeader).toBe(
      "id,time,kind,identity,action_type,action_name,decision,reason_code,rule_id,rules,session_id,key_id,latency_us,actor,arguments,destination,data,writer,seq,hash\r\n",
    );
    const request = { ...decision.request, session_id: "run-1", destination: { domain: "a.b" } };
    const rules = ["a/b", "c/d"];
    expect(asObject({ ...decision, request, decision: { ...decision.decision, rules } })).toEqual({
      ...{ id: decision.id, time: decision.time, kind: "decision", identity: "support-bot" },
      ...{ action_type: "tool_call", action_name: "crm.get_customer", decision: "allow", reason_code: "rule_matched" },
      ...{ rule_id: "baseline/read", rules: "a/b c/d", session_id: "run-1", key_id: decision.key_id, latency_us: "5" },
      ...{ actor: "", arguments: '{"id":"cus_5","note":"Zoë ✓ \ufffd"}', destination: '{"domain":"a.b"}', data: "" },
      ...{ writer: link.writer, seq: "7", hash: link.hash },
    });
  });

  test("has an event under the header's names", () => {
    const { id, time, kind, actor, data, writer, seq, hash, ...others } = asObject(event);
    expect({ id, time, kind, actor, data, writer, seq, hash }).toEqual({
      ...{ id: event.id, time: event.time, kind: "key.created", actor: "system", data: '{"name":"the \\"first\\""}' },
      ...{ writer: link.writer, seq: "7", hash: link.hash },
    });
    expect(Object.values(others).every((cell) => cell === "")).toBe(true);
  });
});

const withName = (name: string): ChainedRecord => ({
  ...decision,
  request: { ...decision.request, action_name: name },
});
const nameOf = (name: string) => asObject(withName(name)).action_name;

describe("a spreadsheet takes no cell for a formula", () => {
  const before = fc.string({
    unit: fc.constantFrom(" ", '"', "'", "\t", "\r", "\n", "\u00a0", "\u3000", "\ufeff", "\u200b", "\0", "`"),
    maxLength: 4,
  });
  const first = fc.constantFrom(
    "=",
    "+",
    "-",
    "@",
    "＝",
    "＋",
    "－",
    "＠",
    "﹦",
    "﹢",
    "﹣",
    "﹫",
    "a",
    "1",
    ",",
    ";",
    "",
  );
  const anyCell = fc.tuple(before, first, fc.string({ unit: "binary" })).map((parts) => parts.join(""));

  test("whatever stands in it, and the text behind the apostrophe is kept", () => {
    fc.assert(
      fc.property(anyCell, (text) => {
        const cell = nameOf(text)!;
        expect(cell).not.toMatch(/^[\t\r\n=+\-@＝＋－＠]/);
        expect(cell.replace(/^["\s]+/, "")).not.toMatch(/^[=+\-@＝＋－＠]/);
        expect([text, `'${text}`]).toContain(cell);
      }),
      { numRuns: 2000 },
    );
  });

  test.each([
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    ' "=1',
    "\u200b=1",
    "＝1",
    '=HYPERLINK("http://a.b")',
  ])("%j", (text) => expect(nameOf(text)).toBe(`'${text}`));

  test.each(["a=1", "1-1", "user@example.com", "", " a", "{}"])("and %j is left as it is", (text) => {
    expect(nameOf(text)).toBe(text);
  });

  test("in an event's actor and a rule's name", () => {
    expect(asObject({ ...event, actor: "=1" }).actor).toBe("'=1");
    expect(asObject({ ...decision, decision: { ...decision.decision, rules: ["@a", "b"] } }).rules).toBe("'@a b");
  });
});
