import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createApp, createHostGuard } from "../../src/http/index.ts";
import type { KeyStore } from "../../src/identity/index.ts";
import { UnavailableError } from "../../src/model/errors.ts";
import { createTestService, TEST_RULES } from "../test-service.ts";
import { readEvents, settle } from "./event-client.ts";

const KEYS_MS = 5000;
const HEARTBEAT_MS = 15_000;
const STREAM = "/v1/policy/stream";
const OTHER_RULES = [{ path: "test.yaml", content: TEST_RULES.replace("> 50", "> 60") }];

let verdict: Awaited<ReturnType<typeof createTestService>>;
beforeEach(async () => {
  verdict = await createTestService();
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval"] });
});
afterEach(() => {
  vi.useRealTimers();
});

function ask(key = verdict.secrets.agent, app = verdict.app, query = "", method = "GET") {
  const headers = { host: "localhost", authorization: `Bearer ${key}` };
  return app.request(`http://localhost${STREAM}${query}`, { headers, method });
}

/** A follower: what it was told, in short. */
async function connect(key = verdict.secrets.agent, app = verdict.app) {
  const client = await readEvents(await ask(key, app));
  await settle();
  let seen = 0;
  return {
    ...client,
    /** Since the last call: the types, with the revision of each that has one. */
    news() {
      const fresh = client.events.slice(seen);
      seen = client.events.length;
      return fresh.map(({ event, data }) => [event, ...Object.values(JSON.parse(data))]);
    },
  };
}

async function pass(ms: number) {
  for (let left = ms; left > 0; left -= 500) {
    const step = Math.min(left, 500);
    verdict.advance(step);
    await vi.advanceTimersByTimeAsync(step);
    await settle();
  }
}

async function createKey() {
  const body = { identity: { name: "other" }, roles: ["agent"] };
  const { body: key } = await verdict.request("POST", "/v1/keys", { key: verdict.secrets.admin, body });
  return { id: key.id as string, secret: key.key as string };
}
const revoke = (id: string) => verdict.request("DELETE", `/v1/keys/${id}`, { key: verdict.secrets.admin });
const revision = () => verdict.service.activeRules.current()!.revision;
const down = async () => {
  throw new UnavailableError("storage", "it went away");
};
function replaceKeyStore(parts: Partial<KeyStore>): KeyStore {
  const original = { ...verdict.service.keyStore };
  Object.assign(verdict.service.keyStore, parts);
  return original;
}

describe("a stream of the policy", () => {
  test("is for whoever may evaluate, and takes no query", async () => {
    for (const role of ["agent", "gateway"] as const) {
      const client = await connect(verdict.secrets[role]);
      expect(client.news()).toEqual([["revision", revision()]]);
      await client.close();
    }
    for (const role of ["ci", "approver", "auditor"] as const) {
      expect((await ask(verdict.secrets[role])).status).toBe(403);
    }
    expect((await ask("vdt_unknown")).status).toBe(401);
    expect((await ask(undefined, undefined, "?since=1")).status).toBe(400);
  });

  test("tells the revision at once and at every change, and nothing when a reload changes nothing", async () => {
    const client = await connect();
    const first = revision();
    await verdict.service.ruleReloader.reload("system");
    await pass(2000);
    expect(client.news()).toEqual([["revision", first]]);
    verdict.setFiles(OTHER_RULES);
    await verdict.service.ruleReloader.reload("system");
    await pass(100);
    expect(revision()).not.toBe(first);
    expect(client.news()).toEqual([["revision", revision()]]);
    await client.close();
  });

  test("tells a revision again when others were active in between, however shortly", async () => {
    const client = await connect();
    client.news();
    const first = revision();
    verdict.advance(1);
    for (const files of [OTHER_RULES, [{ path: "test.yaml", content: TEST_RULES }]]) {
      verdict.setFiles(files);
      await verdict.service.ruleReloader.reload("system");
    }
    await pass(100);
    expect(client.news()).toEqual([["revision", first]]);
    await client.close();
  });

  test("tells no revision before there is one", async () => {
    const service = { ...verdict.service, activeRules: { ...verdict.service.activeRules, current: () => undefined } };
    const client = await connect(undefined, createApp({ service, assertHost: createHostGuard(["localhost"]) }));
    await pass(2000);
    expect([client.news(), client.ended()]).toEqual([[], false]);
    await client.close();
  });

  test("tells at once that a key was revoked, not which, and not that one was made", async () => {
    const client = await connect();
    client.news();
    const { id } = await createKey();
    await settle();
    expect(client.news()).toEqual([]);
    await revoke(id);
    await settle();
    expect(client.events.at(-1)).toEqual({ id: "", event: "revoked", data: "{}" });
    expect(client.news()).toEqual([["revoked"]]);
    await revoke(id);
    await pass(2 * KEYS_MS);
    expect(client.news()).toEqual([]);
    await client.close();
  });

  test("asks for news of keys again when it could not be told of them", async () => {
    const { keyChanges } = verdict.service;
    const { subscribe } = keyChanges;
    Object.assign(keyChanges, { subscribe: async () => Promise.reject(new Error("no connection")) });
    const client = await connect();
    Object.assign(keyChanges, { subscribe });
    await pass(KEYS_MS);
    client.news();
    const { id } = await createKey();
    await revoke(id);
    await settle();
    expect(client.news()).toEqual([["revoked"]]);
    await client.close();
  });

  test("does not tell of what was revoked before it began", async () => {
    const { id } = await createKey();
    await revoke(id);
    const client = await connect();
    await pass(2 * KEYS_MS);
    expect(client.news()).toEqual([["revision", revision()]]);
    await client.close();
  });

  test("ends when its own key is revoked, which is refused from then on", async () => {
    const { id, secret } = await createKey();
    const client = await connect(secret);
    client.news();
    await revoke(id);
    await settle();
    expect([client.ended(), client.news()]).toEqual([true, []]);
    const refused = await ask(secret);
    expect([refused.status, ((await refused.json()) as { code: string }).code]).toEqual([401, "key_revoked"]);
  });

  test("ends within a second of the end of its key", async () => {
    const expiresAt = verdict.service.clock.now() + 10_000;
    const { secret } = await verdict.addKey(["agent"], { expiresAt });
    const client = await connect(secret);
    await pass(9500);
    expect(client.ended()).toBe(false);
    await pass(1500);
    expect(client.ended()).toBe(true);
  });

  test("finds what another replica revoked and nobody said, and refuses that key before it tells", async () => {
    const { id, secret } = await createKey();
    const client = await connect();
    client.news();
    await verdict.service.keyStore.revoke(id, verdict.service.clock.now());
    expect((await verdict.evaluate({ action_type: "tool_call", action_name: "a.get" }, { key: secret })).status).toBe(
      200,
    );
    await pass(KEYS_MS);
    expect(client.news()).toEqual([["revoked"]]);
    expect((await ask(secret)).status).toBe(401);
    await client.close();
  });

  test("tells of a revocation that came while the store did not answer, once it does", async () => {
    const { id } = await createKey();
    const client = await connect();
    client.news();
    const { list } = replaceKeyStore({ list: down });
    await verdict.service.keyStore.revoke(id, verdict.service.clock.now());
    await pass(2 * KEYS_MS);
    expect([client.news(), client.ended()]).toEqual([[], false]);
    replaceKeyStore({ list });
    await pass(KEYS_MS);
    expect(client.news()).toEqual([["revoked"]]);
    await client.close();
  });

  test("begins while the store does not answer, and takes whatever is found later as revoked meanwhile", async () => {
    const { id } = await createKey();
    const { list } = replaceKeyStore({ list: down });
    const client = await connect();
    expect(client.news()).toEqual([["revision", revision()]]);
    await verdict.service.keyStore.revoke(id, verdict.service.clock.now());
    replaceKeyStore({ list });
    await pass(KEYS_MS);
    expect(client.news()).toEqual([["revoked"]]);
    await client.close();
  });

  test("does not tell before the key is refused, when the keys cannot be read again", async () => {
    const { id, secret } = await createKey();
    const client = await connect();
    client.news();
    const { refresh } = verdict.service.keyRing;
    Object.assign(verdict.service.keyRing, { refresh: down });
    await verdict.service.keyStore.revoke(id, verdict.service.clock.now());
    await pass(2 * KEYS_MS);
    expect(client.news()).toEqual([]);
    Object.assign(verdict.service.keyRing, { refresh });
    await pass(KEYS_MS);
    expect(client.news()).toEqual([["revoked"]]);
    expect((await ask(secret)).status).toBe(401);
    await client.close();
  });

  test("does not tell before the key is refused, when reading the keys again was overtaken", async () => {
    const { id, secret } = await createKey();
    const client = await connect();
    client.news();
    const { refresh } = verdict.service.keyRing;
    Object.assign(verdict.service.keyRing, { refresh: async () => {} });
    await verdict.service.keyStore.revoke(id, verdict.service.clock.now());
    await pass(KEYS_MS);
    expect(client.news()).toEqual([]);
    Object.assign(verdict.service.keyRing, { refresh });
    await pass(KEYS_MS);
    expect(client.news()).toEqual([["revoked"]]);
    expect((await ask(secret)).status).toBe(401);
    await client.close();
  });

  test("says every 15 seconds that it is still there, and gives nothing to resume from", async () => {
    const client = await connect();
    await pass(3 * HEARTBEAT_MS);
    expect(client.comments).toHaveLength(3);
    expect(client.lastId()).toBe("");
    await client.close();
  });

  test("ends at once when the service stops", async () => {
    const stopping = new AbortController();
    const { service } = verdict;
    const app = createApp({ service, assertHost: createHostGuard(["localhost"]), stopping: stopping.signal });
    const client = await connect(undefined, app);
    stopping.abort();
    await settle();
    expect(client.ended()).toBe(true);
  });

  test("is one of at most 1000, 500 with one key, and watches nothing when there are none", async () => {
    for (let n = 0; n < 1001; n++) await ask(undefined, undefined, "", "HEAD");
    const streams: Response[] = [];
    const { secret } = await createKey();
    for (const key of [verdict.secrets.agent, secret]) {
      for (let n = 0; n < 500; n++) streams.push(await ask(key));
      expect(await (await ask(key)).json()).toMatchObject({
        status: 429,
        detail: expect.stringContaining("this API key"),
      });
    }
    expect((await ask(verdict.secrets.gateway)).status).toBe(429);
    await streams.pop()!.body!.cancel();
    streams.push(await ask(secret));
    expect((await ask(secret)).status).toBe(429);
    for (const stream of streams) await stream.body!.cancel();
    expect(vi.getTimerCount()).toBe(0);
  });

  test("reads the keys once in five seconds, however many follow", async () => {
    const clients = [await connect(), await connect(), await connect()];
    let reads = 0;
    const { list } = replaceKeyStore({});
    replaceKeyStore({
      list: () => {
        reads += 1;
        return list();
      },
    });
    await pass(4 * KEYS_MS);
    expect(reads).toBe(4);
    for (const client of clients) await client.close();
  });
});
