import { beforeEach, describe, expect, test } from "vitest";
import { linkOf } from "../../src/audit/index.ts";
import { createTestService } from "../test-service.ts";

let verdict: Awaited<ReturnType<typeof createTestService>>;
beforeEach(async () => {
  verdict = await createTestService();
});
const READ = { action_type: "tool_call", action_name: "crm.get" };
const asAuditor = (path: string) => verdict.request("GET", path, { key: verdict.secrets.auditor });

describe("the audit log", () => {
  test("shows records with their place in the chain, as they are stored", async () => {
    const { request_id } = (await verdict.evaluate(READ)).body;
    const { body: one } = await asAuditor(`/v1/audit/${request_id}`);
    expect(one).toMatchObject({ request_id, id: request_id, seq: expect.any(Number) });
    const { items } = (await asAuditor("/v1/audit?kind=decision")).body;
    expect(items).toEqual([one]);
    const [stored] = await verdict.service.auditStore.scan({ kind: "decision", limit: 1 });
    expect(JSON.parse(stored!.line)).toEqual(one);
    expect(one).toMatchObject({ ...linkOf(stored!.line) });
  });

  test.each(["/v1/audit", "/v1/audit/stream", "/v1/audit/export"])("%s has the same filters", async (path) => {
    const { body } = await asAuditor(`${path}?kind=x&decision=y&from=z&to=z&nothing=1`);
    const pointers = body.errors.map(({ pointer }: { pointer: string }) => pointer).sort();
    expect([body.code, pointers]).toEqual(["invalid_request", ["/decision", "/from", "/kind", "/nothing", "/to"]]);
    const all = "identity=a&action_type=b&action_name=c&rule_id=d&session_id=e&kind=decision&decision=deny";
    expect((await verdict.request("GET", `${path}?${all}&x=1`, { key: verdict.secrets.auditor })).body.errors).toEqual([
      expect.objectContaining({ pointer: "/x" }),
    ]);
  });

  test.each(["stream", "export", "verify", "keys"])(
    "the path `%s` is not taken for the id of a record",
    async (name) => {
      const { status } = await verdict.request("GET", `/v1/audit/${name}`, { key: verdict.secrets.agent });
      expect(status).toBe(403);
    },
  );
});
