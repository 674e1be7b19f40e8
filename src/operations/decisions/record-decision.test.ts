import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { createRedactor } from "../../redaction/index.ts";
import { createDecisionRecorder, type DecisionToRecord } from "./record-decision.ts";

const PASSWORD = "correct-horse-battery";

function made(parts: Partial<DecisionToRecord> = {}): DecisionToRecord {
  const request = parts.request ?? { action_type: "tool_call", action_name: "x", arguments: { note: "hello" } };
  return {
    id: "01890b6e-7c00-7000-8000-000000000000",
    now: Date.UTC(2026, 0, 31, 9),
    request,
    requestJson: JSON.stringify(request),
    identity: { name: "agent", roles: [], attributes: {} },
    isOwnIdentity: false,
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
    ruled: undefined,
    approval: undefined,
    keyId: "01890b6e-7c00-7000-8000-000000000001",
    clientRequestId: undefined,
    latencyUs: 12,
    ...parts,
  };
}

async function recordOf(parts: Partial<DecisionToRecord>, paths: string[] = []) {
  const records: string[] = [];
  const spool = { append: async (text: string) => void records.push(text) };
  await createDecisionRecorder(spool, createRedactor({ key: randomBytes(32), paths }))(made(parts));
  return { text: records[0]!, record: JSON.parse(records[0]!) };
}

test("an ordinary request is recorded as the text that was sent, and nothing says redacted", async () => {
  const requestJson = '{ "action_type":"tool_call","action_name":"x" ,"arguments":{"note":"hello"}}';
  const { text, record } = await recordOf({ requestJson });
  expect(text).toContain(`"request":${requestJson},`);
  expect(record).not.toHaveProperty("redacted");
  expect(record).not.toHaveProperty("arguments_digest");
  expect(record).toMatchObject({ id: record.request_id, time: "2026-01-31T09:00:00.000Z" });
});

test("a key's own identity is recorded alike each time", async () => {
  const records: string[] = [];
  const spool = { append: async (text: string) => void records.push(text) };
  const record = createDecisionRecorder(spool, createRedactor({ key: randomBytes(32) }));
  const identity = { name: "agent", roles: [], attributes: { password: PASSWORD } };
  for (const isOwnIdentity of [true, true, false]) await record(made({ identity, isOwnIdentity }));
  expect(records[0]).not.toContain(PASSWORD);
  expect(new Set(records).size).toBe(1);
});

test.each<[string, Partial<DecisionToRecord>, string]>([
  [
    "an argument",
    { request: { action_type: "a", action_name: "b", arguments: { db: { password: PASSWORD } } } },
    "/request/arguments/db/password",
  ],
  [
    "the identity",
    { identity: { name: "a", roles: [], attributes: { password: PASSWORD } } },
    "/identity/attributes/password",
  ],
  [
    "the message of a rule's error",
    { decision: { ...made().decision, errors: [{ rule_id: "a/b", message: `cannot read "password=${PASSWORD}"` }] } },
    "/decision/errors/0/message",
  ],
  ["the caller's own request id", { clientRequestId: `password=${PASSWORD}` }, "/client_request_id"],
])("a secret in %s is not recorded, and the record says where it was", async (_, parts, pointer) => {
  const { text, record } = await recordOf(parts);
  expect(text).not.toContain(PASSWORD);
  expect(record.redacted).toEqual([pointer]);
  expect(record.arguments_digest).toMatch(/^hmac-sha256:[0-9a-f]{64}$/);
});

test("a path that is configured is redacted in a claimed identity and in the one that acted", async () => {
  const identity = { name: "a", roles: [], attributes: { mail: "a@example.com" } };
  const request = { action_type: "a", action_name: "b", identity };
  const { text, record } = await recordOf({ request, identity }, ["/identity/attributes/mail"]);
  expect(text).not.toContain("a@example.com");
  expect(record.redacted).toEqual(["/request/identity/attributes/mail", "/identity/attributes/mail"]);
});

test("a redactor that fails keeps the record, and so the answer, from going out", async () => {
  const broken = {
    ...createRedactor({ key: randomBytes(32) }),
    redactJson: () => {
      throw new Error("bug");
    },
  };
  const record = createDecisionRecorder({ append: async () => {} }, broken);
  expect(() => record(made())).toThrow("bug");
});

test("an identity stays one, whatever rules from outside take for a secret", async () => {
  const records: string[] = [];
  const spool = { append: async (text: string) => void records.push(text) };
  const search = { mayMatch: () => true, begin: () => (text: string) => [{ start: 0, end: text.length, kind: "all" }] };
  await createDecisionRecorder(spool, createRedactor({ key: randomBytes(32), search }))(made());
  expect(JSON.parse(records[0]!).identity).toEqual({
    name: expect.stringMatching(/^\[redacted:all:/),
    roles: [],
    attributes: {},
  });
});

test("what takes too long to search is not recorded, which denies the action", () => {
  const search = {
    mayMatch: () => true,
    begin: () => () => {
      throw new Error("too long");
    },
  };
  const record = createDecisionRecorder({ append: async () => {} }, createRedactor({ key: randomBytes(32), search }));
  expect(() => record(made())).toThrow("too long");
});
