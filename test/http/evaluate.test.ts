import { beforeAll, describe, expect, test } from "vitest";
import { createTestService, TEST_RULES } from "../test-service.ts";

const REFUND = { action_type: "tool_call", action_name: "stripe.refund", arguments: { amount: 120 } };
const READ = { action_type: "tool_call", action_name: "crm.get" };

let verdict: Awaited<ReturnType<typeof createTestService>>;
beforeAll(async () => {
  verdict = await createTestService();
});

describe("POST /v1/policy/evaluate", () => {
  test("answers with the rule that decided, the revision and the latency", async () => {
    const { status, body, headers } = await verdict.evaluate(REFUND);
    expect(status).toBe(200);
    expect(body).toEqual({
      decision: "approval_required",
      reason: "Refunds above $50 need a person.",
      reason_code: "rule_matched",
      rule_id: "test/refund-over-cap",
      rule_name: "refund-over-cap",
      rules: ["test/refund-over-cap"],
      obligations: [],
      errors: [],
      policy_revision: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
      cache_ttl_seconds: 0,
      help_text: expect.stringContaining("approval_id"),
      approval: expect.objectContaining({ status: "pending" }),
      request_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      latency_ms: expect.any(Number),
    });
    expect(headers.get("x-request-id")).toBe(body.request_id);
    expect(headers.get("x-content-type-options")).toBe("nosniff");
  });

  test("allows, denies by default, and denies with help", async () => {
    expect((await verdict.evaluate(READ)).body).toMatchObject({ decision: "allow", rule_id: "test/read" });
    const unknown = await verdict.evaluate({ action_type: "tool_call", action_name: "launch" });
    expect(unknown.body).toMatchObject({ decision: "deny", reason_code: "no_matching_rule" });
    expect(unknown.body).not.toHaveProperty("rule_id");
    const drop = { action_type: "sql_query", action_name: "psql", arguments: { query: "DROP TABLE x" } };
    expect((await verdict.evaluate(drop)).body).toMatchObject({
      decision: "deny",
      help_text: "Write a migration instead.",
    });
  });

  test("applies a deny rule that cannot be evaluated and names the error", async () => {
    const { body } = await verdict.evaluate({ action_type: "sql_query", action_name: "psql", arguments: {} });
    expect(body).toMatchObject({ decision: "deny", reason_code: "rule_error", errors: [{ rule_id: "test/no-drop" }] });
  });

  test("echoes the caller's request id and keeps it in the record", async () => {
    const { body, headers } = await verdict.evaluate(READ, { headers: { "x-request-id": "abc-1" } });
    expect(headers.get("x-request-id")).toBe("abc-1");
    const record = await verdict.request("GET", `/v1/audit/${body.request_id}`, { key: verdict.secrets.auditor });
    expect(record.body).toMatchObject({
      kind: "decision",
      client_request_id: "abc-1",
      decision: { decision: "allow" },
    });
  });

  test("explains every rule's outcome and each stage's time", async () => {
    const query = { action_type: "sql_query", action_name: "psql.get", arguments: {}, explain: true };
    const { explanation } = (await verdict.evaluate(query)).body;
    expect(explanation.rules).toEqual([
      { rule_id: "test/no-drop", outcome: "error", message: expect.stringContaining("query") },
      { rule_id: "test/read", outcome: "matched" },
      { rule_id: "test/refund", outcome: "not_matched" },
      { rule_id: "test/refund-over-cap", outcome: "not_matched" },
    ]);
    expect(Object.keys(explanation.stages)).toEqual(["enter", "decide", "record"]);
  });

  test("a decision that cannot be recorded is a deny that cannot be cached, never an allow", async () => {
    const append = () => Promise.reject(new Error("disk full"));
    const broken = await createTestService();
    Object.assign(broken.service.spool, { append });
    const { status, body } = await broken.evaluate(READ);
    expect(status).toBe(200);
    expect(body).toMatchObject({ decision: "deny", reason_code: "audit_unavailable", cache_ttl_seconds: 0 });
    expect(body).not.toHaveProperty("rule_id");
  });

  test("an engine that fails is a deny, recorded as one", async () => {
    const broken = await createTestService();
    const set = broken.service.activeRules.current();
    Object.assign(set as object, {
      select: () => {
        throw new Error("bug");
      },
    });
    const { status, body } = await broken.evaluate(READ);
    expect([status, body.decision, body.reason_code]).toEqual([200, "deny", "internal_error"]);
    expect(JSON.stringify(body)).not.toContain("bug");
    const record = await broken.request("GET", `/v1/audit/${body.request_id}`, { key: broken.secrets.auditor });
    expect(record.body.decision.reason_code).toBe("internal_error");
  });

  test("without a valid rule set every action is denied and the service is not ready", async () => {
    const empty = await createTestService({ files: [] });
    expect((await empty.evaluate(READ)).body).toMatchObject({
      decision: "deny",
      reason_code: "policy_not_ready",
      policy_revision: "",
    });
    const readiness = await empty.request("GET", "/readyz");
    expect([readiness.status, readiness.body.checks.rules.status]).toEqual([503, "down"]);
    empty.setFiles([{ path: "a.yaml", content: TEST_RULES }]);
    await empty.request("POST", "/v1/policy/reload", { key: empty.secrets.admin });
    expect((await empty.evaluate(READ)).body.decision).toBe("allow");
    expect((await empty.request("GET", "/readyz")).status).toBe(200);
  });
});

describe("POST /v1/policy/evaluate/batch", () => {
  test("answers in order, with a problem in the place of a bad item", async () => {
    const { status, body } = await verdict.request("POST", "/v1/policy/evaluate/batch", {
      body: { requests: [READ, { action_name: "x" }, { ...READ, identity: { name: "admin" } }, REFUND] },
    });
    expect(status).toBe(200);
    expect(body.results.map((result: { decision: string }) => result.decision)).toEqual([
      "allow",
      "deny",
      "deny",
      "approval_required",
    ]);
    expect(body.results[1]).toMatchObject({
      code: "invalid_request",
      errors: [{ pointer: "/requests/1/action_type" }],
    });
    expect(body.results[2]).toMatchObject({
      code: "identity_forbidden",
      errors: [{ pointer: "/requests/2/identity/name" }],
    });
    expect(body.results[0].request_id).not.toBe(body.results[3].request_id);
  });

  test("of 0 or 101 items is refused whole", async () => {
    for (const count of [0, 101]) {
      const { status, body } = await verdict.request("POST", "/v1/policy/evaluate/batch", {
        body: { requests: Array(count).fill(READ) },
      });
      expect([status, body.decision, body.errors[0].pointer]).toEqual([400, "deny", "/requests"]);
    }
  });
});

describe("GET /v1/policy/evaluations/{request_id}", () => {
  test("shows a key its own decisions, and all to an auditor", async () => {
    const { body } = await verdict.evaluate(READ);
    const path = `/v1/policy/evaluations/${body.request_id}`;
    const own = await verdict.request("GET", path);
    expect(own.body).toMatchObject({
      request_id: body.request_id,
      status: "decided",
      decision: "allow",
      rule_id: "test/read",
    });
    expect((await verdict.request("GET", path, { key: verdict.secrets.auditor })).status).toBe(200);
    expect((await verdict.request("GET", path, { key: verdict.secrets.gateway })).status).toBe(404);
    expect((await verdict.request("GET", path, { key: verdict.secrets.ci })).status).toBe(403);
    expect((await verdict.request("GET", "/v1/policy/evaluations/nope")).status).toBe(404);
  });
});

describe("what one request can cost", () => {
  test("explain is not for batches", async () => {
    const { body } = await verdict.request("POST", "/v1/policy/evaluate/batch", {
      body: { requests: [{ ...READ, explain: true }, READ] },
    });
    expect(body.results[0]).toMatchObject({ decision: "deny", errors: [{ pointer: "/requests/0/explain" }] });
    expect(body.results[1].decision).toBe("allow");
  });

  test("errors are listed up to 20, and the rest is counted", async () => {
    const rule = (n: number) => `  - { id: r${n}, when: arguments.x > 1, decision: deny, reason: No. }\n`;
    const content = `version: 1\npolicy: p\nrules:\n${Array.from({ length: 50 }, (_, n) => rule(n)).join("")}`;
    const many = await createTestService({ files: [{ path: "p.yaml", content }] });
    const { body } = await many.evaluate(READ);
    expect(body).toMatchObject({ decision: "deny", reason_code: "rule_error", errors_omitted: 30 });
    expect(body.errors).toHaveLength(20);
  });

  test("all rules of a decision share a bound on their work, and what is beyond it denies", async () => {
    const when = "arguments.list.all(a, arguments.list.all(b, a != b + 0.5))";
    const rule = (n: number) => `  - { id: r${n}, when: "${when}", decision: deny, reason: No. }\n`;
    const content = `version: 1\npolicy: p\nrules:\n${Array.from({ length: 20 }, (_, n) => rule(n)).join("")}`;
    const costly = await createTestService({ files: [{ path: "p.yaml", content }] });
    const list = Array.from({ length: 300 }, (_, n) => n);
    const { body } = await costly.evaluate({ ...READ, arguments: { list } });
    expect(body.decision).toBe("deny");
    expect(body.errors.at(-1).message).toContain("limit");
  });
});
