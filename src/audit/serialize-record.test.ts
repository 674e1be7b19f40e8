import fc from "fast-check";
import { expect, test } from "vitest";
import type { JsonObject } from "../model/activation.ts";
import { instantText } from "../model/instant.ts";
import { parseRecord, serializeDecision, serializeRecord } from "./serialize-record.ts";
import type { DecisionRecord } from "./types.ts";

const text = fc.string({ unit: "binary" });
const object = fc.dictionary(text, fc.jsonValue()) as fc.Arbitrary<JsonObject>;
const optional = { requiredKeys: [] };

const anyRecord: fc.Arbitrary<DecisionRecord> = fc
  .record({
    id: fc.uuid(),
    time: fc.nat().map(instantText),
    request: fc.record({ action_type: text, action_name: text, arguments: object, session_id: text }, optional),
    identity: fc.record({ name: text, roles: fc.array(text), attributes: object }),
    reason: text,
    key_id: text,
    client: fc.option(text, { nil: undefined }),
    latency_us: fc.nat(),
    redacted: fc.option(fc.array(text), { nil: undefined }),
  })
  .map(({ id, time, request, identity, reason, key_id, client, latency_us, redacted }) => ({
    version: 1,
    kind: "decision",
    id,
    request_id: id,
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
    ...(redacted === undefined ? undefined : { redacted, arguments_digest: "hmac-sha256:00" }),
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
  const { identity, decision, ...rest } = fc.sample(anyRecord, 1)[0]!;
  const entry = { ...rest, identityJson: JSON.stringify(identity), decisionJson: JSON.stringify(decision) };
  const [plain, broken] = sent.map((requestJson) => serializeDecision({ ...entry, requestJson }));
  expect(plain).toContain(`"request":${sent[0]},`);
  expect(broken).toContain('"request":{"action_type":"a","action_name":"b\\n"},');
});
