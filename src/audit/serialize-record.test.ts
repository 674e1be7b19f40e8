import fc from "fast-check";
import { expect, test } from "vitest";
import type { JsonObject } from "../model/activation.ts";
import { parseRecord, serializeDecision, serializeRecord } from "./serialize-record.ts";
import type { DecisionRecord } from "./types.ts";

const text = fc.string({ unit: "binary" });
const object = fc.dictionary(text, fc.jsonValue()) as fc.Arbitrary<JsonObject>;
const optional = { requiredKeys: [] };

const anyRecord: fc.Arbitrary<DecisionRecord> = fc
  .record({
    id: fc.uuid(),
    time: fc.nat(),
    request: fc.record({ action_type: text, action_name: text, arguments: object, session_id: text }, optional),
    identity: fc.record({ name: text, roles: fc.array(text), attributes: object }),
    reason: text,
    key_id: text,
    client: fc.option(text, { nil: undefined }),
    latency_us: fc.nat(),
  })
  .map(({ id, time, request, identity, reason, key_id, client, latency_us }) => ({
    version: 1,
    kind: "decision",
    id,
    time,
    request: request as DecisionRecord["request"],
    identity,
    decision: {
      decision: "deny",
      reason,
      reason_code: "rule_matched",
      rules: [reason],
      obligations: [],
      errors: [],
      policy_revision: "",
      cache_ttl_seconds: 0,
    },
    key_id,
    ...(client === undefined ? undefined : { client_request_id: client }),
    latency_us,
  }));

test("a decision's line is what JSON.stringify gives, without a line break, and reads back as the record", () => {
  fc.assert(
    fc.property(anyRecord, (record) => {
      const line = serializeRecord(record);
      expect(line).toBe(JSON.stringify(record));
      expect(serializeRecord(record)).toBe(line);
      expect(line).not.toMatch(/[\n\r]/);
      expect(serializeRecord(parseRecord(line))).toBe(line);
    }),
    { numRuns: 500 },
  );
});

test("a request is recorded as it was sent, on one line", () => {
  const sent = [
    '{"action_type":"a" , "action_name":"b","arguments":{"x":1.0}}',
    '{\n"action_type":"a",\r\n"action_name":"b\\n"}',
  ];
  const [plain, broken] = sent.map((requestJson) => serializeDecision({ ...fc.sample(anyRecord, 1)[0]!, requestJson }));
  expect(plain).toContain(`"request":${sent[0]},`);
  expect(broken).toContain('"request":{"action_type":"a","action_name":"b\\n"},');
});
