import fc from "fast-check";
import { expect, test } from "vitest";
import type { JsonObject } from "../model/activation.ts";
import { parseRecord, serializeRecord } from "./serialize-record.ts";
import type { DecisionRecord } from "./types.ts";

const text = fc.string({ unit: "binary" });
const object = fc.dictionary(text, fc.jsonValue()) as fc.Arbitrary<JsonObject>;
const optional = { requiredKeys: [] };

const anyRecord: fc.Arbitrary<DecisionRecord> = fc
  .record({
    id: text,
    time: fc.nat(),
    action_type: text,
    action_name: text,
    arguments: object,
    destination: fc.record({ url: text, port: fc.nat() }, optional),
    identity: fc.record({ name: text, roles: fc.array(text), attributes: object }),
    session: fc.record({ id: text }, optional),
    context: object,
    reason: text,
    key_id: text,
    client: fc.option(text, { nil: undefined }),
    latency_us: fc.nat(),
  })
  .map(({ id, time, reason, key_id, client, latency_us, ...activation }) => ({
    version: 1,
    kind: "decision",
    id,
    time,
    activation: { ...activation, request: { id, time }, now: time },
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
