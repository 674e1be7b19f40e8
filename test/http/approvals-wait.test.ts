import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { ApprovalNews, ApprovalStore } from "../../src/approvals/index.ts";
import { createApp, createHostGuard } from "../../src/http/index.ts";
import { UnavailableError } from "../../src/model/errors.ts";
import { createApprovalWaiters } from "../../src/operations/approvals/wait-for-approval.ts";
import { actor, TIMEOUT_MS } from "../contract/approval-samples.ts";
import { idOf } from "../contract/samples.ts";
import { type ApprovalScene, createApprovalScene } from "./approvals-scene.ts";
import { settle } from "./event-client.ts";

const LOOK_MS = 2000;
/** Somebody who answers at another replica whose news are lost. */
const unheard = actor("unheard");

let scene: ApprovalScene;
let alice: string;
let bob: string;
let agent: { id: string; secret: string };
async function begin(options?: Parameters<typeof createApprovalScene>[0]) {
  scene = await createApprovalScene(options);
  alice = (await scene.keyOf("alice", ["approver"], { tenant: "acme" })).secret;
  bob = (await scene.keyOf("bob", ["approver"], { tenant: "acme" })).secret;
  agent = await scene.keyOf("billing-agent", ["agent"], { tenant: "acme" });
}
beforeEach(async () => {
  await begin();
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval"] });
});
afterEach(() => {
  vi.useRealTimers();
});

async function pass(ms: number) {
  for (let left = ms; left > 0; left -= 500) {
    const step = Math.min(left, 500);
    scene.advance(step);
    await vi.advanceTimersByTimeAsync(step);
    await settle();
  }
}

interface Answer {
  readonly status: number;
  readonly body: { readonly status: string; readonly code?: string; readonly votes: readonly unknown[] };
}

/** An agent that waits. */
async function waitFor(id: string, seconds = 60, key = agent.secret) {
  let answer: Answer | undefined;
  const request = scene.get(id, key, `?wait_seconds=${seconds}`).then((got) => {
    answer = got;
  });
  await settle();
  return { answer: () => answer, status: () => answer?.body.status, code: () => answer?.body.code, request };
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

function countReads() {
  let reads = 0;
  const { get } = scene.service.approvalStore;
  replaceStore({
    get: (...args) => {
      reads += 1;
      return get(...args);
    },
  });
  return () => reads;
}

describe("waiting for an answer", () => {
  test.each([
    ["approve", undefined, "approved"],
    ["deny", { reason: "No." }, "denied"],
    ["cancel", undefined, "cancelled"],
  ])("ends the moment somebody says %s, without a timer", async (verb, body, status) => {
    const { id } = await scene.open();
    const waiter = await waitFor(id);
    expect(waiter.answer()).toBeUndefined();
    await scene.post(id, verb, verb === "cancel" ? agent.secret : alice, body);
    await settle();
    expect([waiter.answer()?.status, waiter.status()]).toEqual([200, status]);
  });

  test("is not done for what is answered already, nor without being asked for", async () => {
    const { id } = await scene.open();
    expect((await waitFor(id, 0)).status()).toBe("pending");
    await scene.post(id, "approve", alice);
    expect((await waitFor(id)).status()).toBe("approved");
    expect(vi.getTimerCount()).toBe(0);
  });

  test("lasts as long as it was asked for, and then tells how it stands", async () => {
    const { id } = await scene.open({ terms: { quorum: 2 } });
    const waiter = await waitFor(id, 10);
    await scene.post(id, "approve", alice);
    await pass(9_500);
    expect(waiter.answer()).toBeUndefined();
    await pass(500);
    expect([waiter.answer()?.status, waiter.status(), waiter.answer()?.body.votes.length]).toEqual([200, "pending", 1]);
    expect(vi.getTimerCount()).toBe(0);
  });

  test("ends when the time to answer does, which is recorded once however many wait", async () => {
    const { id } = await scene.open({ terms: { timeoutMs: 5_500 } });
    const waiters = [await waitFor(id), await waitFor(id), await waitFor(id)];
    await pass(5_499);
    expect(waiters.map(({ status }) => status())).toEqual([undefined, undefined, undefined]);
    await pass(1);
    expect(waiters.map(({ status }) => status())).toEqual(["expired", "expired", "expired"]);
    expect(await scene.steps()).toEqual(["approval.opened", "approval.expired"]);
  });

  test("finds within two seconds what it did not hear of", async () => {
    const { id } = await scene.open();
    const waiter = await waitFor(id);
    await scene.service.approvalStore.vote(id, unheard, undefined, scene.service.clock.now());
    await settle();
    expect(waiter.answer()).toBeUndefined();
    await pass(LOOK_MS);
    expect(waiter.status()).toBe("approved");
  });

  test("misses nothing that happens while it begins", async () => {
    const { id } = await scene.open();
    // From here on there is news, and no need to look because it just came.
    await waitFor((await scene.open()).id);
    const { get } = replaceStore({});
    replaceStore({
      async get(...args) {
        const found = await get(...args);
        replaceStore({ get });
        await scene.post(id, "approve", alice);
        return found;
      },
    });
    expect((await waitFor(id)).status()).toBe("approved");
  });

  test("goes on where one of several persons said yes", async () => {
    const { id } = await scene.open({ terms: { quorum: 2 } });
    const waiter = await waitFor(id);
    await scene.post(id, "approve", alice);
    await settle();
    expect(waiter.answer()).toBeUndefined();
    await scene.post(id, "approve", bob);
    await settle();
    expect(waiter.answer()?.body.votes).toHaveLength(2);
  });

  test("costs one look when many who wait for the same are woken", async () => {
    const { id } = await scene.open();
    const waiters = [];
    for (let n = 0; n < 20; n++) waiters.push(await waitFor(id));
    const reads = countReads();
    await scene.post(id, "deny", alice, { reason: "No." });
    await settle();
    expect(waiters.map(({ status }) => status())).toEqual(waiters.map(() => "denied"));
    expect(reads()).toBe(1);
  });

  test("looks at nothing any more once nobody waits", async () => {
    const { id } = await scene.open();
    const waiter = await waitFor(id, 5);
    await pass(5000);
    expect(waiter.status()).toBe("pending");
    const reads = countReads();
    await scene.post(id, "deny", alice, { reason: "No." });
    await pass(10_000);
    expect([reads(), vi.getTimerCount()]).toEqual([0, 0]);
  });

  test("outlasts a store that does not answer for a while", async () => {
    const { id } = await scene.open();
    const waiter = await waitFor(id);
    const { get } = replaceStore({ get: down });
    await scene.post(id, "approve", alice);
    await pass(10_000);
    expect(waiter.answer()).toBeUndefined();
    replaceStore({ get });
    await pass(LOOK_MS);
    expect(waiter.status()).toBe("approved");
  });

  test("of a store that still does not answer at the end is a 503, which is no answer", async () => {
    const { id } = await scene.open({ terms: { timeoutMs: 3000 } });
    const waiter = await waitFor(id, 10);
    replaceStore({ get: down });
    await pass(9_500);
    expect(waiter.answer()).toBeUndefined();
    await pass(500);
    expect([waiter.answer()?.status, waiter.code()]).toEqual([503, "storage_unavailable"]);
  });

  test("is not kept up by a fault of the service", async () => {
    const { id } = await scene.open();
    const waiter = await waitFor(id);
    replaceStore({
      get: async () => {
        throw new TypeError("a bug");
      },
    });
    await scene.post(id, "approve", alice);
    await settle();
    expect([waiter.answer()?.status, waiter.code()]).toEqual([500, "internal_error"]);
  });

  test("with a key that was revoked meanwhile gets no answer", async () => {
    const { id } = await scene.open();
    const waiter = await waitFor(id);
    await scene.request("DELETE", `/v1/keys/${agent.id}`, { key: scene.secrets.admin });
    await scene.post(id, "approve", alice);
    await settle();
    expect([waiter.answer()?.status, waiter.code()]).toEqual([401, "key_revoked"]);
  });

  test("shows an approver how it stands then, with what else there is to know", async () => {
    const { id } = await scene.open();
    const waiter = await waitFor(id, 60, bob);
    await scene.post(id, "approve", alice);
    await settle();
    expect(waiter.answer()?.body).toMatchObject({ status: "approved", history: { pending: 0 }, session_decisions: [] });
  });

  test("is not for who may not see it", async () => {
    const { id } = await scene.open();
    const other = await scene.keyOf("other-agent", ["agent"], { tenant: "acme" });
    expect((await waitFor(id, 60, other.secret)).answer()?.status).toBe(404);
    expect((await waitFor(idOf(5), 60)).answer()?.status).toBe(404);
  });

  test.each(["-1", "61", "1.5", "soon"])("of %s seconds is refused", async (seconds) => {
    const { id } = await scene.open();
    const { status, body } = await scene.get(id, agent.secret, `?wait_seconds=${seconds}`);
    expect([status, body.errors[0].pointer]).toEqual([400, "/wait_seconds"]);
  });
});

describe("waiting, and the service", () => {
  test("ends when the service stops, with how it stands; nobody waits from then on", async () => {
    const stopping = new AbortController();
    const { service } = scene;
    const app = createApp({ service, assertHost: createHostGuard(["localhost"]), stopping: stopping.signal });
    const { id } = await scene.open();
    const ask = async () => {
      const headers = { host: "localhost", authorization: `Bearer ${agent.secret}` };
      const response = await app.request(`http://localhost/v1/approvals/${id}?wait_seconds=60`, { headers });
      return ((await response.json()) as { status: string }).status;
    };
    const asked = ask();
    await settle();
    stopping.abort();
    expect(await asked).toBe("pending");
    expect(await ask()).toBe("pending");
  });

  test("hears of replicas' news, and looks at all when some may be lost", async () => {
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
    const approvals = [await scene.open(), await scene.open(), await scene.open()];
    const waiters = [];
    for (const { id } of approvals) waiters.push(await waitFor(id));
    const now = scene.service.clock.now();
    for (const { id } of approvals) await scene.service.approvalStore.vote(id, unheard, undefined, now);
    listener(approvals[1]!.id);
    await settle();
    expect(waiters.map(({ status }) => status())).toEqual([undefined, "approved", undefined]);
    listener(undefined);
    await settle();
    expect(waiters.map(({ status }) => status())).toEqual(["approved", "approved", "approved"]);
  });

  test("does not depend on news: where there are none, it looks, and asks for them again", async () => {
    let tries = 0;
    const approvalNews: ApprovalNews = {
      publish: async () => {},
      close: async () => {},
      async subscribe() {
        tries += 1;
        throw new Error("no connection");
      },
    };
    vi.useRealTimers();
    await begin({ override: { approvalNews } });
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval"] });
    const { id } = await scene.open();
    const waiters = [await waitFor(id), await waitFor(id)];
    await scene.service.approvalStore.deny(id, unheard, "No.", scene.service.clock.now());
    await pass(LOOK_MS);
    expect(waiters.map(({ status }) => status())).toEqual(["denied", "denied"]);
    expect(tries).toBe(2);
  });
});

describe("those who wait", () => {
  const never = () => new AbortController().signal;
  const assertAllowed = () => {};

  test("are 5,000 at most, and who hangs up leaves room for another", async () => {
    const waiters = createApprovalWaiters(scene.service);
    const { id } = await scene.open();
    const caller = scene.service.keyRing.authenticate(`Bearer ${agent.secret}`, scene.service.clock.now());
    const leaving = new AbortController();
    let asked = 0;
    const wait = (gone = never()) => {
      asked += 1;
      const keyId = `key ${asked % 60}`;
      return waiters.wait({ ...caller, keyId }, id, { ms: 60_000, gone, assertAllowed });
    };
    const all = [wait(leaving.signal), ...Array.from({ length: 4999 }, () => wait())];
    await settle();
    await expect(wait()).rejects.toMatchObject({ code: "too_many_requests" });
    leaving.abort();
    await all[0];
    const last = wait();
    await settle();
    await expect(wait()).rejects.toMatchObject({ code: "too_many_requests" });
    await scene.post(id, "approve", alice);
    const answered = await Promise.all([...all.slice(1), last]);
    expect(new Set(answered.map(({ status }) => status))).toEqual(new Set(["approved"]));
    expect(vi.getTimerCount()).toBe(0);
  });

  test("who hung up cost nothing any more", async () => {
    const { id } = await scene.open();
    const leaving = new AbortController();
    const headers = { host: "localhost", authorization: `Bearer ${agent.secret}` };
    const url = `http://localhost/v1/approvals/${id}?wait_seconds=60`;
    const asked = scene.app.request(new Request(url, { headers, signal: leaving.signal }));
    await settle();
    const reads = countReads();
    leaving.abort();
    await asked;
    expect([reads(), vi.getTimerCount()]).toEqual([0, 0]);
  });

  test("for as many approvals are looked after one at a time, so that they are no load for the store", async () => {
    const caller = scene.service.keyRing.authenticate(`Bearer ${agent.secret}`, scene.service.clock.now());
    const waiters = createApprovalWaiters(scene.service);
    const approvals = [];
    for (let n = 0; n < 50; n++) approvals.push(await scene.open({ terms: { timeoutMs: TIMEOUT_MS } }));
    const all = approvals.map(({ id }) => waiters.wait(caller, id, { ms: 60_000, gone: never(), assertAllowed }));
    await settle();
    let atOnce = 0;
    let most = 0;
    const { get } = replaceStore({});
    replaceStore({
      async get(...args) {
        atOnce += 1;
        most = Math.max(most, atOnce);
        await new Promise((resolve) => setImmediate(resolve));
        atOnce -= 1;
        return get(...args);
      },
    });
    await pass(LOOK_MS);
    for (let turns = 0; turns < 10; turns++) await settle();
    expect(most).toBe(1);
    replaceStore({ get });
    for (const { id } of approvals) await scene.post(id, "deny", alice, { reason: "No." });
    expect(await Promise.all(all)).toHaveLength(50);
  });
});
