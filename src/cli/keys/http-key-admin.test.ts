import { describe, expect, test } from "vitest";
import { createTestService } from "../../../test/test-service.ts";
import { AppError, ERROR_CODES } from "../../model/errors.ts";
import { CliError } from "../cli-error.ts";
import { createHttpKeyAdmin } from "./http-key-admin.ts";

const URL_OF_SERVICE = "http://localhost:8181/pdp";
const KEY = "vdt_very-secret-key-of-an-administrator-0123456";
const ID = "01890b6e-7c00-7000-8000-000000000000";

interface Sent {
  readonly url: string;
  readonly init: RequestInit;
}

/** An admin whose service answers what the test says. */
function adminWith(answer: (sent: Sent) => Response | Promise<Response>, timeoutMs?: number) {
  const sent: Sent[] = [];
  const fetch = (async (url, init = {}) => {
    sent.push({ url: String(url), init });
    return answer(sent.at(-1)!);
  }) as typeof globalThis.fetch;
  const timeout = timeoutMs === undefined ? undefined : { timeoutMs };
  return { sent, admin: createHttpKeyAdmin({ url: URL_OF_SERVICE, key: KEY, fetch, ...timeout }) };
}

const answering = (status: number, body: unknown, headers?: Record<string, string>) =>
  adminWith(
    () => new Response(typeof body === "string" ? body : JSON.stringify(body), { status, ...(headers && { headers }) }),
  );

async function failureOf(promise: Promise<unknown>): Promise<Error> {
  const failure = await promise.then(
    () => undefined,
    (error: Error) => error,
  );
  if (failure === undefined) throw new Error("it did not fail");
  const told = [
    failure.message,
    failure.stack,
    JSON.stringify(failure),
    failure instanceof CliError ? failure.hint : "",
  ];
  expect(told.join("\n")).not.toContain(KEY);
  return failure;
}

describe("keys over HTTP", () => {
  test("speaks the routes of the service", async () => {
    const service = await createTestService();
    const fetch = (async (url, init) =>
      service.app.request(String(url), {
        ...init,
        headers: { ...init?.headers, host: "localhost" },
      })) as typeof globalThis.fetch;
    const admin = createHttpKeyAdmin({ url: "http://localhost", key: service.secrets.admin, fetch });
    const before = await admin.list();
    expect(before).toHaveLength(6);

    const { key, secret } = await admin.create({
      identity: { name: "bot", roles: ["support"], tenant: "acme" },
      roles: ["agent"],
      scopes: ["audit:read"],
      expiresAt: service.service.clock.now() + 1000,
    });
    const stored = (await service.service.keyStore.list()).find(({ id }) => id === key.id);
    expect({ ...key, hash: stored?.hash }).toEqual(stored);
    expect(service.service.keyRing.authenticate(`Bearer ${secret}`, service.service.clock.now()).keyId).toBe(key.id);

    expect((await admin.revoke(key.id)).revokedAt).toBe(service.service.clock.now());
    expect((await admin.list()).find(({ id }) => id === key.id)).toHaveProperty("revokedAt");
    await admin.close();

    const agent = createHttpKeyAdmin({ url: "http://localhost", key: service.secrets.agent, fetch });
    expect(await failureOf(agent.list())).toMatchObject({ code: "insufficient_scope" });
    expect(await failureOf(admin.revoke(ID))).toMatchObject({ code: "not_found" });
    expect(await failureOf(admin.create({ identity: { name: "x", roles: [] }, roles: [] }))).toMatchObject({
      code: "invalid_request",
      faults: [{ pointer: "/roles" }],
    });
  });

  test("sends the key as a bearer token, below the address's path, and follows no redirect", async () => {
    const { admin, sent } = answering(200, { items: [], next_cursor: null });
    await admin.list();
    expect(sent[0]).toMatchObject({
      url: "http://localhost:8181/pdp/v1/keys",
      init: { method: "GET", redirect: "manual", headers: { authorization: `Bearer ${KEY}` } },
    });
    expect(sent[0]?.init.signal).toBeInstanceOf(AbortSignal);
    await failureOf(admin.revoke("../audit?x"));
    expect(sent[1]?.url).toBe("http://localhost:8181/pdp/v1/keys/..%2Faudit%3Fx");
  });

  test.each([301, 302, 303, 307, 308])("a redirect (%i) is an error, and the key goes nowhere else", async (status) => {
    const { admin, sent } = answering(status, "", { location: "https://evil.example/" });
    const error = await failureOf(admin.list());
    expect(error.message).toContain("redirect");
    expect(error.message).not.toContain("evil.example");
    expect(sent).toHaveLength(1);
  });

  test("a problem becomes its AppError with every fault", async () => {
    const errors = [{ pointer: "/identity/name", detail: "is too long" }];
    const problem = {
      type: "/docs#invalid_request",
      code: "invalid_request",
      status: 400,
      detail: "It is wrong.",
      errors,
    };
    const error = await failureOf(
      answering(400, problem).admin.create({ identity: { name: "a", roles: [] }, roles: [] }),
    );
    expect(error).toBeInstanceOf(AppError);
    expect(error).toMatchObject({ code: "invalid_request", detail: "It is wrong.", faults: errors });
  });

  test("no error holds the key, even when the server repeats it", async () => {
    for (const code of Object.keys(ERROR_CODES)) {
      const detail = `no entry for Bearer ${KEY}`;
      const problem = { code, title: KEY, detail, errors: [{ pointer: `/${KEY}`, detail }, KEY, null] };
      expect(await failureOf(answering(401, problem).admin.list())).toMatchObject({ code });
    }
    await failureOf(answering(401, { code: "unauthenticated", title: KEY }).admin.list());
    await failureOf(answering(500, KEY).admin.list());
    await failureOf(answering(200, { items: [KEY] }).admin.list());
  });

  test.each([
    [502, "<html>Bad Gateway</html>"],
    [500, { error: "no" }],
    [404, { code: "constructor" }],
    [401, []],
  ])("HTTP %i from something else than a service says so", async (status, body) => {
    expect((await failureOf(answering(status, body).admin.list())).message).toBe(
      `http://localhost:8181 answered HTTP ${status} without saying why`,
    );
  });

  const view = {
    id: ID,
    prefix: "vdt_12345678",
    identity: { name: "a", roles: [] },
    roles: ["agent", "role-of-the-future"],
    scopes: [],
    created_at: "2026-01-02T03:04:05.000Z",
    expires_at: null,
    revoked_at: null,
  };

  test("an answer with the wrong shape is not taken for an answer", async () => {
    for (const body of ["", "null", "[]", "{}", { items: {} }, { items: [{ ...view, id: 1 }] }]) {
      expect((await failureOf(answering(200, body).admin.list())).message).toContain("not as Verdict does");
    }
    for (const wrong of [
      { created_at: "soon" },
      { created_at: null },
      { expires_at: undefined },
      { revoked_at: 5 },
      { identity: { name: "a" } },
      { identity: { name: "a", roles: [], tenant: 1 } },
      { roles: "agent" },
      { scopes: [1] },
      { prefix: undefined },
    ]) {
      await failureOf(answering(200, { items: [{ ...view, ...wrong }] }).admin.list());
      await failureOf(answering(200, { ...view, ...wrong }).admin.revoke(ID));
    }
    await failureOf(answering(201, view).admin.create({ identity: { name: "a", roles: [] }, roles: ["agent"] }));
  });

  test("roles that this program does not know are left out", async () => {
    expect(await answering(200, { items: [view] }).admin.list()).toMatchObject([{ roles: ["agent"] }]);
  });

  test("a service that cannot be reached is named with the reason's code only", async () => {
    const refused = Object.assign(new Error(`connect ${KEY}`), { code: "ECONNREFUSED" });
    const { admin } = adminWith(() => Promise.reject(new TypeError(`fetch failed ${KEY}`, { cause: refused })));
    const error = await failureOf(admin.list());
    expect(error.message).toBe("http://localhost:8181 cannot be reached (ECONNREFUSED)");
    await failureOf(adminWith(() => Promise.reject(new TypeError(KEY))).admin.list());
  });

  test("a service that never answers ends with a time-out", async () => {
    const never = ({ init }: Sent) =>
      new Promise<Response>((_, reject) => {
        init.signal?.addEventListener("abort", () => reject(init.signal?.reason));
      });
    const error = await failureOf(adminWith(never, 5).admin.list());
    expect(error.message).toBe("http://localhost:8181 did not answer within 0.005 s");
  });

  test("a key that cannot stand in a header is refused without repeating it", () => {
    const make = () => createHttpKeyAdmin({ url: URL_OF_SERVICE, key: `${KEY}\n`, fetch: globalThis.fetch });
    expect(make).toThrow(CliError);
    expect(make).not.toThrow(KEY);
  });
});
