import { beforeEach, describe, expect, test } from "vitest";
import { hashSecret } from "../../src/identity/index.ts";
import { createTestService } from "../test-service.ts";

let verdict: Awaited<ReturnType<typeof createTestService>>;
beforeEach(async () => {
  verdict = await createTestService();
});
const READ = { action_type: "tool_call", action_name: "crm.get" };
const asAdmin = (method: string, path: string, body?: unknown) =>
  verdict.request(method, path, { key: verdict.secrets.admin, ...(body === undefined ? {} : { body }) });
const create = (body: unknown) => asAdmin("POST", "/v1/keys", body);

describe("API keys", () => {
  test("a new key works at once, is shown once, and never again in a list, a record or the log", async () => {
    const { status, body } = await create({
      identity: { name: "bot", roles: ["support"], tenant: "acme" },
      roles: ["agent"],
    });
    expect(status).toBe(201);
    expect(body).toMatchObject({
      identity: { name: "bot", roles: ["support"], tenant: "acme" },
      roles: ["agent"],
      expires_at: null,
    });
    expect((await verdict.evaluate(READ, { key: body.key })).body.decision).toBe("allow");
    const list = await asAdmin("GET", "/v1/keys");
    const audit = await asAdmin("GET", "/v1/audit?kind=key.created");
    const everything = JSON.stringify([list.body, audit.body, verdict.logLines]);
    expect(everything).not.toContain(body.key);
    expect(everything).not.toContain(hashSecret(body.key));
    expect(audit.body.items[0].data).toMatchObject({ key_id: body.id, prefix: body.prefix });
  });

  test("a revoked key stops at once, is listed as revoked, and revoking it again changes nothing", async () => {
    const { body } = await create({ identity: { name: "bot" }, roles: ["agent"] });
    const first = await asAdmin("DELETE", `/v1/keys/${body.id}`);
    expect(first.body.revoked_at).toBe("2026-01-02T03:04:05.000Z");
    expect((await verdict.evaluate(READ, { key: body.key })).body).toMatchObject({
      code: "key_revoked",
      decision: "deny",
    });
    verdict.advance(1000);
    expect((await asAdmin("DELETE", `/v1/keys/${body.id}`)).body.revoked_at).toBe(first.body.revoked_at);
    expect((await asAdmin("GET", "/v1/audit?kind=key.revoked")).body.items).toHaveLength(1);
  });

  test("a key that expires does", async () => {
    const { body } = await create({ identity: { name: "bot" }, roles: ["agent"], expires_at: "2026-01-02T03:05:05Z" });
    expect((await verdict.evaluate(READ, { key: body.key })).status).toBe(200);
    verdict.advance(60_000);
    expect((await verdict.evaluate(READ, { key: body.key })).body.code).toBe("key_expired");
  });

  test.each([
    [{ roles: ["agent"] }, "/identity"],
    [{ identity: { name: "" }, roles: ["agent"] }, "/identity/name"],
    [{ identity: { name: "x" }, roles: ["root"] }, "/roles/0"],
    [{ identity: { name: "x" } }, "/roles"],
    [{ identity: { name: "x" }, roles: ["agent"], expires_at: "soon" }, "/expires_at"],
    [{ identity: { name: "x" }, roles: ["agent"], expires_at: "2020-01-01T00:00:00Z" }, "/expires_at"],
    [{ identity: { name: "x", role: [] }, roles: ["agent"] }, "/identity/role"],
  ])("%j is refused by its field", async (body, pointer) => {
    const answer = await create(body);
    expect([answer.status, answer.body.errors[0].pointer]).toEqual([400, pointer]);
  });

  test("the last key that can manage keys stays, also when two managers revoke each other at once", async () => {
    const [admin] = (await asAdmin("GET", "/v1/keys")).body.items.filter(({ roles }: { roles: string[] }) =>
      roles.includes("admin"),
    );
    expect((await asAdmin("DELETE", `/v1/keys/${admin.id}`)).body.code).toBe("conflict");
    const other = await create({ identity: { name: "second" }, roles: ["admin"] });
    const both = await Promise.all([
      verdict.request("DELETE", `/v1/keys/${admin.id}`, { key: other.body.key }),
      asAdmin("DELETE", `/v1/keys/${other.body.id}`),
    ]);
    expect(both.map(({ status }) => status).sort()).toEqual([200, 409]);
  });

  test("a manager that expires does not count as the one that stays", async () => {
    await create({ identity: { name: "brief" }, roles: ["admin"], expires_at: "2026-01-02T03:04:06Z" });
    const { body } = await asAdmin("GET", "/v1/keys");
    const admin = body.items.find(({ identity }: { identity: { name: string } }) => identity.name === "admin");
    expect((await asAdmin("DELETE", `/v1/keys/${admin.id}`)).body.code).toBe("conflict");
  });

  test("nobody hands out a scope that their own key lacks", async () => {
    const manager = await create({ identity: { name: "manager" }, scopes: ["keys:write"] });
    const mint = (body: object) =>
      verdict.request("POST", "/v1/keys", { key: manager.body.key, body: { identity: { name: "x" }, ...body } });
    expect((await mint({ roles: ["admin"] })).body).toMatchObject({ code: "insufficient_scope" });
    expect((await mint({ scopes: ["evaluate"] })).status).toBe(403);
    expect((await mint({ scopes: ["keys:write"] })).status).toBe(201);
  });

  test("a key whose record cannot be written is not made", async () => {
    const before = (await asAdmin("GET", "/v1/keys")).body.items.length;
    const { append } = verdict.service.spool;
    Object.assign(verdict.service.spool, { append: () => Promise.reject(new Error("disk full")) });
    expect((await create({ identity: { name: "bot" }, roles: ["agent"] })).status).toBe(500);
    Object.assign(verdict.service.spool, { append });
    expect((await asAdmin("GET", "/v1/keys")).body.items).toHaveLength(before);
  });
});
