import { beforeEach, describe, expect, test } from "vitest";
import { createTestService, TEST_RULES } from "../test-service.ts";

let verdict: Awaited<ReturnType<typeof createTestService>>;
beforeEach(async () => {
  verdict = await createTestService();
});
const READ = { action_type: "tool_call", action_name: "crm.get" };
const asAdmin = (method: string, path: string) => verdict.request(method, path, { key: verdict.secrets.admin });

describe("rules", () => {
  test("are listed with their revision, conditions and places", async () => {
    const { body } = await asAdmin("GET", "/v1/policy/rules");
    expect(body.revision).toBe((await verdict.evaluate(READ)).body.policy_revision);
    expect(body.last_load).toEqual({ at: "2026-01-02T03:04:05.000Z", ok: true });
    expect(body.rules.map(({ id }: { id: string }) => id)).toEqual([
      "test/no-drop",
      "test/read",
      "test/refund",
      "test/refund-over-cap",
    ]);
    expect(body.rules[3]).toMatchObject({
      when: "arguments.amount > 50",
      action_names: ["stripe.refund"],
      file: "test.yaml",
    });
  });

  test("that change are active after a reload, with another revision and a record of it", async () => {
    const before = (await verdict.evaluate(READ)).body;
    verdict.setFiles([
      { path: "test.yaml", content: TEST_RULES.replace("decision: allow", "decision: deny\n    reason: No.") },
    ]);
    const { status, body } = await asAdmin("POST", "/v1/policy/reload");
    expect([status, body.changed]).toEqual([200, true]);
    const after = (await verdict.evaluate(READ)).body;
    expect([before.decision, after.decision]).toEqual(["allow", "deny"]);
    expect(after.policy_revision).toBe(body.revision);
    expect(after.policy_revision).not.toBe(before.policy_revision);
    const [activated] = (await asAdmin("GET", "/v1/audit?kind=rules.activated")).body.items;
    expect(activated.data).toMatchObject({ revision: body.revision, from: before.policy_revision });
  });

  test("with an error change nothing: 422 with the place of each problem, and the set before stays", async () => {
    verdict.setFiles([
      { path: "test.yaml", content: TEST_RULES.replace("arguments.amount > 50", "argumens.amount > 50") },
    ]);
    const { status, body } = await asAdmin("POST", "/v1/policy/reload");
    expect([status, body.code]).toEqual([422, "rules_invalid"]);
    expect(body.errors[0]).toMatchObject({ pointer: "/test.yaml:11:11", detail: expect.stringContaining("arguments") });
    expect((await verdict.evaluate(READ)).body.decision).toBe("allow");
    const rules = (await asAdmin("GET", "/v1/policy/rules")).body;
    expect(rules.last_load.ok).toBe(false);
    expect(rules.diagnostics[0]).toMatchObject({ severity: "error", file: "test.yaml", line: 11, column: 11 });
    expect((await asAdmin("GET", "/v1/audit?kind=rules.refused")).body.items).toHaveLength(1);
  });

  test("whose activation cannot be recorded are not activated, and it shows", async () => {
    const { append } = verdict.service.spool;
    verdict.setFiles([{ path: "test.yaml", content: TEST_RULES.replace("priority", "priority").replace("50", "60") }]);
    Object.assign(verdict.service.spool, { append: () => Promise.reject(new Error("disk full")) });
    const before = verdict.service.activeRules.current()?.revision;
    expect((await asAdmin("POST", "/v1/policy/reload")).status).toBe(500);
    expect(verdict.service.activeRules.current()?.revision).toBe(before);
    const rules = (await asAdmin("GET", "/v1/policy/rules")).body;
    expect([rules.last_load.ok, rules.diagnostics[0].code]).toEqual([false, "not-recorded"]);
    Object.assign(verdict.service.spool, { append });
    expect((await asAdmin("POST", "/v1/policy/reload")).body.changed).toBe(true);
  });
});

describe("the audit list", () => {
  test("filters, pages without gaps or repeats, and sees what was just answered", async () => {
    const ids: string[] = [];
    for (let n = 0; n < 7; n++) {
      const body = { ...READ, action_name: n % 2 === 0 ? "crm.get" : "crm.list", session_id: `s${n}` };
      ids.push((await verdict.evaluate(body)).body.request_id);
    }
    const list = async (query: string) =>
      (await verdict.request("GET", `/v1/audit?${query}`, { key: verdict.secrets.auditor })).body;
    const idsOf = (page: { items: { id: string }[] }) => page.items.map(({ id }) => id);
    const seen: string[] = [];
    let query = "kind=decision&limit=3";
    for (let pages = 0; pages < 3; pages++) {
      const page = await list(query);
      seen.push(...idsOf(page));
      query = `kind=decision&limit=3&cursor=${page.next_cursor}`;
      if (pages === 2) expect(page.next_cursor).toBeNull();
    }
    expect([...seen].sort()).toEqual([...ids].sort());
    expect(seen).toEqual([...seen].sort().reverse());
    expect(idsOf(await list("action_name=crm.list"))).toHaveLength(3);
    expect(idsOf(await list("session_id=s4"))).toEqual([ids[4]]);
    expect(idsOf(await list("decision=deny"))).toEqual([]);
    expect(idsOf(await list("rule_id=test/read&identity=agent"))).toHaveLength(7);
    expect(idsOf(await list("from=2026-01-02T03:04:06Z"))).toEqual([]);
  });
});
