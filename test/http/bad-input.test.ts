import { beforeAll, describe, expect, test } from "vitest";
import { createKeyRing } from "../../src/identity/index.ts";
import { createTestService } from "../test-service.ts";

const READ = { action_type: "tool_call", action_name: "crm.get" };

let verdict: Awaited<ReturnType<typeof createTestService>>;
beforeAll(async () => {
  verdict = await createTestService();
});

/** Every error of the evaluate route is a problem with a deny in it. */
async function refused(rest: Parameters<typeof verdict.request>[2]) {
  const { status, body, headers } = await verdict.request("POST", "/v1/policy/evaluate", rest);
  expect(body.decision).toBe("deny");
  expect(headers.get("content-type")).toBe("application/problem+json");
  expect(body).toMatchObject({ status, type: `/docs#${body.code}`, instance: expect.stringMatching(/^urn:uuid:/) });
  return {
    status,
    code: body.code,
    pointers: (body.errors ?? []).map((error: { pointer: string }) => error.pointer),
    body,
  };
}

const nested = (depth: number): unknown => (depth === 0 ? 1 : { a: nested(depth - 1) });

describe("evaluate refuses, with a deny", () => {
  test("malformed JSON", async () => {
    expect(await refused({ text: '{"action_type": "tool_call"' })).toMatchObject({
      status: 400,
      code: "malformed_json",
    });
    expect(await refused({ text: "" })).toMatchObject({ status: 400, code: "malformed_json" });
  });

  test("bytes that are not UTF-8", async () => {
    expect(await refused({ text: new Uint8Array([0x22, 0xff, 0x22]) })).toMatchObject({
      status: 400,
      code: "malformed_json",
    });
  });

  test.each([undefined, "text/plain", "application/x-www-form-urlencoded", "application/jsonp"])(
    "the content type %s",
    async (type) => {
      const headers = { "content-type": type ?? "" };
      expect(await refused({ body: READ, headers })).toMatchObject({ status: 415, code: "unsupported_media_type" });
    },
  );

  test("an encoded body", async () => {
    const headers = { "content-encoding": "gzip" };
    expect(await refused({ body: READ, headers })).toMatchObject({ status: 415, code: "unsupported_media_type" });
  });

  test("a missing field", async () => {
    expect(await refused({ body: { action_type: "tool_call" } })).toMatchObject({
      status: 400,
      pointers: ["/action_name"],
    });
  });

  test("an extra field", async () => {
    expect(await refused({ body: { ...READ, argument: {} } })).toMatchObject({ status: 400, pointers: ["/argument"] });
  });

  test("wrongly typed fields, all of them at once", async () => {
    const body = { action_type: 1, action_name: "x", arguments: [], session_id: "", explain: "yes" };
    expect(await refused({ body })).toMatchObject({
      status: 400,
      pointers: ["/action_type", "/arguments", "/session_id", "/explain"],
    });
  });

  test("depth 65, and takes depth 64", async () => {
    const at = (depth: number) => ({ body: { ...READ, arguments: nested(depth - 1) } });
    expect(await refused(at(65))).toMatchObject({ status: 400, code: "invalid_request" });
    expect((await verdict.evaluate(at(64).body)).status).toBe(200);
  });

  test("256 KiB + 1, and takes 256 KiB", async () => {
    const ofSize = (bytes: number) => {
      const empty = JSON.stringify({ ...READ, arguments: { a: "" } }).length;
      return JSON.stringify({ ...READ, arguments: { a: "x".repeat(bytes - empty) } });
    };
    expect(await refused({ text: ofSize(256 * 1024 + 1) })).toMatchObject({ status: 413, code: "body_too_large" });
    expect((await verdict.request("POST", "/v1/policy/evaluate", { text: ofSize(256 * 1024) })).status).toBe(200);
  });

  test("NUL and lone surrogates, by their pointer", async () => {
    const withText = (escaped: string) => ({
      text: `{"action_type":"a","action_name":"b","arguments":{"q":["${escaped}"]}}`,
    });
    for (const escaped of ["\\u0000", "\\ud800", "\\udfff\\ud800"]) {
      expect(await refused(withText(escaped))).toMatchObject({ status: 400, pointers: ["/arguments/q/0"] });
    }
  });

  test("an unknown key, a key of the wrong form, and none", async () => {
    for (const key of [`vdt_${"A".repeat(43)}`, "x", null]) {
      expect(await refused({ body: READ, key })).toMatchObject({ status: 401, code: "unauthenticated" });
    }
  });

  test("a revoked key", async () => {
    const { secret } = await verdict.addKey(["agent"], { revokedAt: 1 });
    expect(await refused({ body: READ, key: secret })).toMatchObject({ status: 401, code: "key_revoked" });
  });

  test("an expired key", async () => {
    const { secret } = await verdict.addKey(["agent"], { expiresAt: Date.parse("2026-01-02T03:04:05Z") });
    expect(await refused({ body: READ, key: secret })).toMatchObject({ status: 401, code: "key_expired" });
  });

  test("a key without the scope", async () => {
    const { status, code, body } = await refused({ body: READ, key: verdict.secrets.auditor });
    expect([status, code]).toEqual([403, "insufficient_scope"]);
    expect(body.detail).toContain("evaluate");
  });

  test("a forged identity, and takes it from a gateway", async () => {
    const body = { ...READ, identity: { name: "admin", roles: ["admin"] } };
    expect(await refused({ body })).toMatchObject({ status: 403, pointers: ["/identity/name", "/identity/roles"] });
    const { body: answer } = await verdict.evaluate(body, { key: verdict.secrets.gateway });
    expect(answer.decision).toBe("allow");
    const record = await verdict.request("GET", `/v1/audit/${answer.request_id}`, { key: verdict.secrets.auditor });
    expect(record.body.identity).toMatchObject({ name: "admin", roles: ["admin"] });
  });

  test.each(["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "", "localhost@evil.example"])(
    "the foreign Host %j",
    async (host) => {
      expect(await refused({ body: READ, headers: { host } })).toMatchObject({ status: 403, code: "host_forbidden" });
    },
  );

  test("a destination that contradicts its url", async () => {
    const destination = { url: "https://api.stripe.com/v1", domain: "evil.example", port: 80 };
    expect(await refused({ body: { ...READ, destination } })).toMatchObject({
      status: 400,
      pointers: ["/destination/domain", "/destination/port"],
    });
  });

  test("everybody before the keys are loaded", async () => {
    const keyRing = { ...createKeyRing({ list: async () => [] }), refresh: async () => {} };
    const starting = await createTestService({ override: { keyRing } });
    const { status, body, headers } = await starting.evaluate(READ);
    expect([status, body.code, body.decision, headers.get("retry-after")]).toEqual([503, "not_ready", "deny", "1"]);
  });
});

describe("the other routes", () => {
  test("refuse a foreign Host, on every path", async () => {
    for (const path of ["/healthz", "/metrics", "/openapi.json", "/docs", "/v1/policy/rules", "/nowhere"]) {
      expect((await verdict.request("GET", path, { headers: { host: "evil.example" } })).status, path).toBe(403);
    }
  });

  test("answer an unknown path with 404 and a wrong method with 405 and Allow", async () => {
    expect((await verdict.request("GET", "/v1/nope")).body).toMatchObject({ status: 404, code: "not_found" });
    const { status, headers, body } = await verdict.request("PUT", "/v1/keys");
    expect([status, headers.get("allow"), body.code]).toEqual([405, "GET, POST", "method_not_allowed"]);
    const typo = await verdict.request("GET", "/v1/policy/evaluate");
    expect([typo.status, typo.body.decision]).toEqual([405, "deny"]);
  });

  test.each([
    ["limit=0", "/limit"],
    ["limit=501", "/limit"],
    ["from=yesterday", "/from"],
    ["decision=maybe", "/decision"],
    ["cursor=x", "/cursor"],
    ["indentity=a", "/indentity"],
    ["limit=1&limit=2", "/limit"],
  ])("refuse the query %s by its parameter", async (query, pointer) => {
    const { status, body } = await verdict.request("GET", `/v1/audit?${query}`, { key: verdict.secrets.auditor });
    expect([status, body.errors[0].pointer]).toEqual([400, pointer]);
  });

  test("echo the caller's request id, errors too, and no id that could not stand in a header", async () => {
    const paths = ["/healthz", "/readyz", "/metrics", "/openapi.json", "/docs", "/v1/policy/rules", "/nowhere"];
    for (const path of paths) {
      const { headers } = await verdict.request("GET", path, { headers: { "x-request-id": "abc-1" } });
      expect(headers.get("x-request-id"), path).toBe("abc-1");
      const odd = await verdict.request("GET", path, { headers: { "x-request-id": "a b" } });
      expect(odd.headers.get("x-request-id"), path).not.toBe("a b");
    }
  });

  test("ask for their scope", async () => {
    const calls = [
      ["GET", "/v1/policy/rules"],
      ["POST", "/v1/policy/reload"],
      ["GET", "/v1/audit"],
      ["GET", "/v1/audit/01890b6e-7c00-7000-8000-000000000000"],
      ["GET", "/v1/keys"],
      ["DELETE", "/v1/keys/01890b6e-7c00-7000-8000-000000000000"],
    ] as const;
    for (const [method, path] of calls) {
      expect((await verdict.request(method, path)).body.code, path).toBe("insufficient_scope");
      expect((await verdict.request(method, path, { key: null })).body.code, path).toBe("unauthenticated");
    }
  });
});
