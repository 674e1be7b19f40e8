import { describe, expect, test } from "vitest";
import { activationOf } from "./activation-of.ts";
import type { DecisionRecord } from "./types.ts";

const record: DecisionRecord = {
  version: 1,
  kind: "decision",
  id: "01890b6e-7c00-7000-8000-000000000000",
  request_id: "01890b6e-7c00-7000-8000-000000000000",
  time: "2026-01-31T09:00:00.000Z",
  request: {
    action_type: "http_request",
    action_name: "POST",
    arguments: { amount: -0 },
    destination: { url: "https://API.Example.com" },
    identity: { name: "claimed" },
    session_id: "run-42",
  },
  identity: { name: "agent", roles: ["support"], attributes: {} },
  decision: {
    decision: "deny",
    reason: "No rule allows this action.",
    reason_code: "no_matching_rule",
    rules: [],
    obligations: [],
    errors: [],
    policy_revision: "",
    cache_ttl_seconds: 0,
  },
  key_id: "01890b6e-7c00-7000-8000-000000000001",
  latency_us: 21,
};

describe("what the rules saw", () => {
  test("is made of the record: completed, with defaults, and by the identity that acted", () => {
    expect(activationOf(record)).toEqual({
      action_type: "http_request",
      action_name: "POST",
      arguments: { amount: 0 },
      destination: {
        url: "https://api.example.com/",
        scheme: "https",
        domain: "api.example.com",
        port: 443,
        path: "/",
      },
      identity: record.identity,
      session: { id: "run-42" },
      context: {},
      request: { id: record.id, time: Date.parse(record.time) },
      now: Date.parse(record.time),
    });
  });

  test.each([
    ["without an action", { action_type: "t" }],
    ["with an unknown field", { ...record.request, argument: 1 }],
    [
      "with a destination that contradicts its url",
      { ...record.request, destination: { url: "https://a.b", port: 1 } },
    ],
    ["that no parser would have let through", { ...record.request, arguments: { text: "\0" } }],
  ])("is not guessed from a request %s", (_, request) => {
    const altered = { ...record, request: request as DecisionRecord["request"] };
    expect(() => activationOf(altered)).toThrow(record.id);
  });
});
