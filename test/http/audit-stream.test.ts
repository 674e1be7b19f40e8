import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createApp, createHostGuard } from "../../src/http/index.ts";
import { UnavailableError } from "../../src/model/errors.ts";
import { createTestService } from "../test-service.ts";
import { readEvents, settle } from "./event-client.ts";

let verdict: Awaited<ReturnType<typeof createTestService>>;
beforeEach(async () => {
  verdict = await createTestService();
  await verdict.service.flushAudit();
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval"] });
});
afterEach(() => {
  vi.useRealTimers();
});

const READ = { action_type: "tool_call", action_name: "crm.get" };
const HEARTBEAT_MS = 15_000;
const POLL_MS = 500;
const evaluate = async (rest: object = {}) => (await verdict.evaluate({ ...READ, ...rest })).body.request_id as string;

interface Options {
  readonly key?: string;
  readonly headers?: Record<string, string>;
  readonly app?: (typeof verdict)["app"];
}

function ask(query = "", { key = verdict.secrets.auditor, headers, app = verdict.app }: Options = {}) {
  return app.request(`http://localhost/v1/audit/stream${query}`, {
    headers: { host: "localhost", authorization: `Bearer ${key}`, ...headers },
  });
}

async function createAuditor(): Promise<string> {
  const body = { identity: { name: "siem" }, roles: ["auditor"] };
  return (await verdict.request("POST", "/v1/keys", { key: verdict.secrets.admin, body })).body.key as string;
}

const connect = async (query?: string, options?: Options) => readEvents(await ask(query, options));

async function pass(ms: number) {
  for (let passed = 0; passed < ms; passed += POLL_MS) {
    verdict.advance(POLL_MS);
    await vi.advanceTimersByTimeAsync(POLL_MS);
    await settle();
  }
}

describe("an audit stream", () => {
  test("is refused without the scope and for a wrong filter", async () => {
    expect((await ask("", { key: verdict.secrets.agent })).status).toBe(403);
    expect((await ask("?kind=nothing")).status).toBe(400);
  });

  test.each(["nonsense", "999999.x", "1.%00", `1.${"x".repeat(100)}`])(
    "refuses the last event id %j, and names it",
    async (id) => {
      const response = await ask(`?last_event_id=${id}`);
      const { code, errors, detail } = (await response.json()) as { code: string; errors: object[]; detail: string };
      expect([response.status, code]).toEqual([400, "invalid_request"]);
      expect(errors).toEqual([expect.objectContaining({ pointer: "/last_event_id" })]);
      expect(detail).toContain("Last-Event-ID");
      expect((await ask("", { headers: { "last-event-id": id } })).status).toBe(400);
    },
  );

  test("begins with what arrives from now on: each record once, byte for byte, with its kind", async () => {
    await evaluate();
    await verdict.service.flushAudit();
    const client = await connect();
    await pass(1000);
    expect(client.events).toEqual([]);
    const ids = [await evaluate(), await evaluate()];
    await pass(1000);
    expect(client.ids()).toEqual(ids);
    const stored = await verdict.service.auditStore.scan({ limit: 100 });
    expect(client.events.map(({ data }) => data)).toEqual(stored.slice(-2).map(({ line }) => line));
    expect(client.events.map(({ event }) => event)).toEqual(["decision", "decision"]);
    await client.close();
  });

  test("resumed from any event, by header or query, gives exactly the missing ones", async () => {
    const whole = await connect();
    const before = whole.lastId();
    for (let n = 0; n < 250; n++) await evaluate();
    await pass(1000);
    expect(whole.events).toHaveLength(250);
    await whole.close();
    const places = [before, ...whole.events.map(({ id }) => id)];
    for (const at of [0, 1, 99, 100, 101, 249, 250]) {
      for (const options of [{ headers: { "last-event-id": places[at]! } }, undefined]) {
        const query = options === undefined ? `?last_event_id=${encodeURIComponent(places[at]!)}` : "";
        const resumed = await connect(query, options);
        await pass(POLL_MS);
        expect(resumed.ids()).toEqual(whole.ids().slice(at));
        await resumed.close();
      }
    }
  });

  test("gives only what matches, and goes on behind what does not", async () => {
    const client = await connect("?session_id=s1&kind=decision");
    for (let n = 0; n < 120; n++) await evaluate();
    const id = await evaluate({ session_id: "s1" });
    await pass(1000);
    expect(client.ids()).toEqual([id]);
    await client.close();
  });

  test("says every 15 seconds that it is still there, with what to resume from", async () => {
    const client = await connect("?session_id=none");
    const start = client.lastId();
    await evaluate();
    await pass(HEARTBEAT_MS - POLL_MS);
    expect(client.comments).toEqual([]);
    await pass(3 * HEARTBEAT_MS);
    expect(client.comments).toHaveLength(3);
    expect(client.lastId()).not.toBe(start);
    await client.close();
  });

  test("ends when its key is revoked, before it gives anything more", async () => {
    const { key, secret } = await verdict.addKey(["auditor"]);
    const client = await connect("", { key: secret });
    await evaluate();
    await verdict.request("DELETE", `/v1/keys/${key.id}`, { key: verdict.secrets.admin });
    await pass(1000);
    expect([client.ended(), client.events]).toEqual([true, []]);
  });

  test("ends when its key expires", async () => {
    const { secret } = await verdict.addKey(["auditor"], { expiresAt: verdict.service.clock.now() + 60_000 });
    const client = await connect("", { key: secret });
    await pass(59_000);
    expect(client.ended()).toBe(false);
    await pass(1000 + POLL_MS);
    expect(client.ended()).toBe(true);
  });

  test("ends at once when the service stops, and one that comes later too", async () => {
    const stopping = new AbortController();
    const deps = { service: verdict.service, assertHost: createHostGuard(["localhost"]), stopping: stopping.signal };
    const client = await connect("", { app: createApp(deps) });
    stopping.abort();
    await settle();
    expect(client.ended()).toBe(true);
    const late = await connect("", { app: createApp(deps) });
    expect(late.ended()).toBe(true);
  });

  test("outlives a database that does not answer for a while, and leaves nothing out", async () => {
    const { auditStore } = verdict.service;
    const { arrivals } = auditStore;
    const client = await connect();
    const down = async () => {
      throw new UnavailableError("storage", "the database went away");
    };
    Object.assign(auditStore, { arrivals: down });
    const id = await evaluate();
    await pass(2000);
    expect([client.ended(), client.events]).toEqual([false, []]);
    Object.assign(auditStore, { arrivals });
    await pass(1000);
    expect(client.ids()).toEqual([id]);
    await client.close();
  });

  test("is one of at most 100, 25 with one key, and what a client leaves or ends is free again", async () => {
    const keys = await Promise.all(Array.from({ length: 4 }, createAuditor));
    const clients = [];
    for (const key of keys) {
      for (let n = 0; n < 25; n++) clients.push(await connect("", { key }));
      expect(await (await ask("", { key })).json()).toMatchObject({
        status: 429,
        detail: expect.stringContaining("this API key"),
      });
    }
    expect((await ask()).status).toBe(429);
    await clients[0]!.close();
    clients[0] = await connect();
    expect((await ask("", { key: keys[0]! })).status).toBe(429);
    for (const client of clients) await client.close();
    await (await connect()).close();
  });

  test("asked for with HEAD, or refused for its id, holds no place", async () => {
    for (let n = 0; n < 101; n++) {
      const headers = { host: "localhost", authorization: `Bearer ${verdict.secrets.auditor}` };
      await verdict.app.request("http://localhost/v1/audit/stream", { method: "HEAD", headers });
      await ask("?last_event_id=nonsense");
    }
    await (await connect()).close();
  });

  test("costs one look at the store per half second while nothing happens, however many there are", async () => {
    const { auditStore } = verdict.service;
    const { arrivals } = auditStore;
    Object.assign(verdict.service, { flushAudit: async () => true });
    const clients = [await connect(), await connect(), await connect()];
    await pass(1000);
    let looks = 0;
    Object.assign(auditStore, {
      arrivals: (...args: Parameters<typeof arrivals>) => {
        looks += 1;
        return arrivals(...args);
      },
    });
    await pass(5000);
    expect(looks).toBeLessThanOrEqual(11);
    for (const client of clients) await client.close();
  });

  test("reads no further than one page ahead of its client, and gives up one that takes nothing for a minute", async () => {
    const { auditStore } = verdict.service;
    const { arrivals } = auditStore;
    const response = await ask();
    const reader = response.body!.getReader();
    await reader.read();
    for (let n = 0; n < 500; n++) await evaluate();
    await verdict.service.flushAudit();
    let pages = 0;
    Object.assign(auditStore, {
      arrivals: (...args: Parameters<typeof arrivals>) => {
        if (args[0] !== undefined) pages += 1;
        return arrivals(...args);
      },
    });
    const chunk = await reader.read();
    expect(
      Buffer.from(chunk.value!)
        .toString()
        .match(/^data: /gm),
    ).toHaveLength(100);
    await pass(4 * HEARTBEAT_MS);
    expect(pages).toBe(1);
    expect((await reader.read()).done).toBe(true);
  });

  test("keeps a stored line break from becoming a field of its own", async () => {
    const { auditStore } = verdict.service;
    const { arrivals } = auditStore;
    const client = await connect();
    await evaluate();
    Object.assign(auditStore, {
      arrivals: async (...args: Parameters<typeof arrivals>) => {
        const page = await arrivals(...args);
        return { ...page, lines: page.lines.map(({ id }) => ({ id, line: "a\nid: forged\r\ndata: b" })) };
      },
    });
    await pass(1000);
    expect(client.events).toEqual([{ id: client.lastId(), event: "message", data: "a\nid: forged\ndata: b" }]);
    expect(client.lastId()).not.toBe("forged");
    await client.close();
  });
});
