import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { ApprovalNews, ApprovalStore } from "../../src/approvals/index.ts";
import { createApp, createHostGuard } from "../../src/http/index.ts";
import { UnavailableError } from "../../src/model/errors.ts";
import { actor, newApproval, TIMEOUT_MS } from "../contract/approval-samples.ts";
import { type ApprovalScene, createApprovalScene } from "./approvals-scene.ts";
import { readEvents, settle } from "./event-client.ts";

const LIST_MS = 5000;
const HEARTBEAT_MS = 15_000;
/** Somebody who answers at another replica whose news are lost. */
const unheard = actor("unheard");

let scene: ApprovalScene;
let alice: string;
async function begin(options?: Parameters<typeof createApprovalScene>[0]) {
  scene = await createApprovalScene(options);
  alice = (await scene.keyOf("alice", ["approver"], { tenant: "acme" })).secret;
}
beforeEach(async () => {
  await begin();
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval"] });
});
afterEach(() => {
  vi.useRealTimers();
});

function ask(key = alice, app = scene.app, query = "") {
  const headers = { host: "localhost", authorization: `Bearer ${key}` };
  return app.request(`http://localhost/v1/approvals/stream${query}`, { headers });
}

/** An inbox: what it was told, in short. */
async function connect(key = alice, app = scene.app) {
  const client = await readEvents(await ask(key, app));
  await settle();
  let seen = 0;
  return {
    ...client,
    /** Since the last call: status and id of each, and how many are pending with `synced`. */
    news() {
      const fresh = client.events.slice(seen);
      seen = client.events.length;
      return fresh.map(({ event, data }) => {
        const { id, pending, status } = JSON.parse(data);
        expect(event).toBe(status ?? "synced");
        return [event, event === "synced" ? pending : id];
      });
    },
  };
}

async function pass(ms: number) {
  for (let left = ms; left > 0; left -= 500) {
    const step = Math.min(left, 500);
    scene.advance(step);
    await vi.advanceTimersByTimeAsync(step);
    await settle();
  }
}

function replaceStore(parts: Partial<ApprovalStore>): ApprovalStore {
  const { approvalStore } = scene.service;
  const original = { ...approvalStore };
  Object.assign(approvalStore, parts);
  return original;
}
const down = async () => {
  throw new UnavailableError("storage", "it went away");
};

describe("a stream of approvals", () => {
  test("is refused without the scope, with a query, and while the store does not answer", async () => {
    expect((await ask(scene.secrets.agent)).status).toBe(403);
    expect((await ask(alice, scene.app, "?status=pending")).status).toBe(400);
    const { list } = replaceStore({ list: down });
    expect((await ask()).status).toBe(503);
    replaceStore({ list });
    expect((await ask()).status).toBe(200);
  });

  test("begins with all that are pending, oldest first, and says when that was all", async () => {
    const ids = [];
    for (let n = 0; n < 250; n++) ids.push((await scene.open()).id);
    await scene.post(ids[7]!, "deny", alice, { reason: "No." });
    const client = await connect();
    for (let turns = 0; turns < 10; turns++) await settle();
    const left = ids.filter((_, at) => at !== 7);
    expect(client.news()).toEqual([...left.map((id) => ["pending", id]), ["synced", 249]]);
    await client.close();
  });

  test("says that nothing is pending", async () => {
    const client = await connect();
    expect(client.news()).toEqual([["synced", 0]]);
    await client.close();
  });

  test("tells of every change as it happens, whole: asked, voted, answered, used", async () => {
    const client = await connect();
    client.news();
    const { id } = await scene.open({ terms: { quorum: 2 } });
    await settle();
    expect(client.news()).toEqual([["pending", id]]);
    await scene.post(id, "approve", alice, { note: "Fine." });
    await settle();
    expect(client.news()).toEqual([["pending", id]]);
    const { body } = await scene.request("GET", "/v1/approvals", { key: alice });
    expect(JSON.parse(client.events.at(-1)!.data)).toEqual(body.items[0]);
    const bob = (await scene.keyOf("bob", ["approver"], { tenant: "acme" })).secret;
    await scene.post(id, "approve", bob);
    await settle();
    expect(client.news()).toEqual([["approved", id]]);
    const { approvalStore, approvalAnnouncer, clock } = scene.service;
    const { approval } = (await approvalStore.get(id, clock.now()))!;
    const use = { digest: approval.digest, requestId: id, caller: actor("billing-agent") };
    const used = (await approvalStore.consume(id, use, clock.now()))!;
    await approvalAnnouncer.announce([{ kind: "consumed", approval: used.approval }]);
    await settle();
    expect(client.news()).toEqual([["approved", id]]);
    expect(JSON.parse(client.events.at(-1)!.data).grant).toHaveProperty("consumed_at");
    await client.close();
  });

  test("tells nothing twice, however often it is heard", async () => {
    const client = await connect();
    client.news();
    const { id } = await scene.open();
    await scene.post(id, "deny", alice, { reason: "No." });
    await settle();
    const { approvalNews } = scene.service;
    for (let n = 0; n < 3; n++) {
      await approvalNews.publish(id);
      await settle();
    }
    await pass(2 * LIST_MS);
    expect(client.news().filter(([event]) => event === "denied")).toEqual([["denied", id]]);
    await client.close();
  });

  test("shows a key of a tenant what is the tenant's, and one without a tenant all", async () => {
    const before = await scene.open({ tenant: "globex" });
    const carol = (await scene.keyOf("carol", ["approver"], { tenant: "globex" })).secret;
    const [acme, globex, all] = [await connect(), await connect(carol), await connect(scene.secrets.approver)];
    const mine = await scene.open();
    const nobodys = await scene.open({ tenant: undefined });
    await settle();
    await scene.post(before.id, "deny", carol, { reason: "No." });
    await pass(LIST_MS);
    expect(acme.news()).toEqual([
      ["synced", 0],
      ["pending", mine.id],
    ]);
    expect(globex.news()).toEqual([
      ["pending", before.id],
      ["synced", 1],
      ["denied", before.id],
    ]);
    expect(all.news()).toEqual([
      ["pending", before.id],
      ["synced", 1],
      ["pending", mine.id],
      ["pending", nobodys.id],
      ["denied", before.id],
    ]);
    for (const client of [acme, globex, all]) await client.close();
  });

  test("finds within five seconds what it did not hear of: what is new, voted on, or gone", async () => {
    const [gone, voted] = [await scene.open(), await scene.open({ terms: { quorum: 2 } })];
    const client = await connect();
    client.news();
    const { approvalStore, clock, newId } = scene.service;
    const id = newId(clock.now());
    await approvalStore.deny(gone.id, unheard, "No.", clock.now());
    await approvalStore.vote(voted.id, unheard, undefined, clock.now());
    await approvalStore.open(newApproval(9, { id }), clock.now(), { pendingMax: 100 });
    await pass(LIST_MS + 1000);
    expect(client.news().sort()).toEqual(
      [
        ["pending", id],
        ["pending", voted.id],
        ["denied", gone.id],
      ].sort(),
    );
    await client.close();
  });

  test("tells of what nobody answered in time", async () => {
    const { id } = await scene.open();
    const client = await connect();
    client.news();
    await pass(TIMEOUT_MS + LIST_MS);
    expect(client.news()).toEqual([["expired", id]]);
    expect(await scene.steps()).toEqual(["approval.opened", "approval.expired"]);
    await client.close();
  });

  test("leaves nothing out that happens while it begins", async () => {
    // From here on there is news, and no need to look because it just came.
    const other = await connect();
    const first = await scene.open();
    let second = "";
    const { list } = replaceStore({});
    replaceStore({
      async list(...args) {
        const page = await list(...args);
        replaceStore({ list });
        await scene.post(first.id, "deny", alice, { reason: "No." });
        second = (await scene.open()).id;
        return page;
      },
    });
    const client = await connect();
    expect(client.news()).toEqual([
      ["synced", 0],
      ["denied", first.id],
      ["pending", second],
    ]);
    for (const each of [client, other]) await each.close();
  });

  test("outlives a store that does not answer for a while, and leaves nothing out", async () => {
    const { id } = await scene.open();
    const client = await connect();
    client.news();
    const { get, list } = replaceStore({ get: down, list: down });
    await scene.service.approvalNews.publish(id);
    await pass(2 * LIST_MS);
    expect([client.ended(), client.news()]).toEqual([false, []]);
    replaceStore({ get, list });
    await scene.post(id, "deny", alice, { reason: "No." });
    await pass(1000);
    expect(client.news()).toEqual([["denied", id]]);
    await client.close();
  });

  test("looks at all when news may have been lost", async () => {
    let listener: (id: string | undefined) => void = () => {};
    const approvalNews: ApprovalNews = {
      publish: async () => {},
      close: async () => {},
      async subscribe(given) {
        listener = given;
        return async () => {};
      },
    };
    vi.useRealTimers();
    await begin({ override: { approvalNews } });
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval"] });
    const client = await connect();
    client.news();
    const { id } = await scene.open();
    await settle();
    expect(client.news()).toEqual([]);
    listener(undefined);
    await settle();
    expect(client.news()).toEqual([["pending", id]]);
    await client.close();
  });

  test("says every 15 seconds that it is still there, and gives nothing to resume from", async () => {
    const client = await connect();
    await pass(3 * HEARTBEAT_MS);
    expect(client.comments).toHaveLength(3);
    expect(client.lastId()).toBe("");
    await client.close();
  });

  test("ends when its key is revoked, before it tells anything more", async () => {
    const { id, secret } = await scene.keyOf("dora", ["approver"], { tenant: "acme" });
    const client = await connect(secret);
    client.news();
    await scene.request("DELETE", `/v1/keys/${id}`, { key: scene.secrets.admin });
    await scene.open();
    await pass(1000);
    expect([client.ended(), client.news()]).toEqual([true, []]);
  });

  test("ends at once when the service stops", async () => {
    const stopping = new AbortController();
    const { service } = scene;
    const app = createApp({ service, assertHost: createHostGuard(["localhost"]), stopping: stopping.signal });
    const client = await connect(alice, app);
    stopping.abort();
    await settle();
    expect(client.ended()).toBe(true);
  });

  test("is one of at most 100, 25 with one key; what a client leaves, asks by HEAD or is refused holds no place", async () => {
    const headers = { host: "localhost", authorization: `Bearer ${alice}` };
    const keys = [alice];
    while (keys.length < 4) keys.push((await scene.keyOf("bob", ["approver"], { tenant: "acme" })).secret);
    for (let n = 0; n < 101; n++)
      await scene.app.request("http://localhost/v1/approvals/stream", { method: "HEAD", headers });
    const { list } = replaceStore({ list: down });
    for (let n = 0; n < 101; n++) await ask();
    replaceStore({ list });
    const clients = [];
    for (const key of keys) {
      for (let n = 0; n < 25; n++) clients.push(await connect(key));
      expect(await (await ask(key)).json()).toMatchObject({
        status: 429,
        detail: expect.stringContaining("this API key"),
      });
    }
    const other = (await scene.keyOf("carol", ["approver"], { tenant: "acme" })).secret;
    expect((await ask(other)).status).toBe(429);
    await clients[0]!.close();
    clients[0] = await connect(other);
    expect((await ask()).status).toBe(429);
    for (const client of clients) await client.close();
    expect(vi.getTimerCount()).toBe(0);
  });

  test("costs one look per change and one list per five seconds, however many there are", async () => {
    const clients = [await connect(), await connect(), await connect()];
    const { id } = await scene.open();
    await settle();
    const { get, list } = replaceStore({});
    const calls = { get: 0, list: 0 };
    replaceStore({
      get: (...args) => {
        calls.get += 1;
        return get(...args);
      },
      list: (...args) => {
        calls.list += 1;
        return list(...args);
      },
    });
    await scene.post(id, "deny", alice, { reason: "No." });
    await settle();
    expect(calls).toEqual({ get: 1, list: 0 });
    await pass(4 * LIST_MS);
    expect(calls.list).toBeLessThanOrEqual(4);
    expect(calls.get).toBe(1);
    for (const client of clients) await client.close();
  });

  test("does not read on for a client that takes nothing, and gives it up after a minute", async () => {
    for (let n = 0; n < 100; n++) await scene.open();
    const { get } = replaceStore({});
    let reads = 0;
    replaceStore({
      get: (...args) => {
        reads += 1;
        return get(...args);
      },
    });
    const reader = (await ask()).body!.getReader();
    await reader.read();
    await reader.read();
    const before = reads;
    for (let n = 0; n < 10; n++) await scene.open();
    await pass(4 * HEARTBEAT_MS);
    expect(reads).toBe(before);
    expect((await reader.read()).done).toBe(true);
  });
});
