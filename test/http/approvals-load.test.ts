import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createApp, createHostGuard } from "../../src/http/index.ts";
import { newApproval } from "../contract/approval-samples.ts";
import { type ApprovalScene, createApprovalScene } from "./approvals-scene.ts";
import { settle } from "./event-client.ts";

const PAGE_BYTES = 1024 * 1024;
/** What a request may hold at most is in it. */
const view = (bytes: number) => JSON.stringify({ arguments: { text: "x".repeat(bytes) } });

let scene: ApprovalScene;
let agent: string;
let alice: string;
let bob: string;
beforeEach(async () => {
  scene = await createApprovalScene();
  agent = (await scene.keyOf("billing-agent", ["agent"], { tenant: "acme" })).secret;
  alice = (await scene.keyOf("alice", ["approver"], { tenant: "acme" })).secret;
  bob = (await scene.keyOf("bob", ["approver"], { tenant: "acme" })).secret;
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval"] });
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** How often a large request has been made JSON, or read as such, since. */
function countViews(large: string) {
  const parse = vi.spyOn(JSON, "parse");
  return () => parse.mock.calls.filter(([text]) => text === large).length;
}

function waitOften(id: string, count: number, key: string, app = scene.app) {
  const answered: { turn: number; status: number; text: string; requestId: string | null }[] = [];
  let turn = 0;
  const turns = (async () => {
    while (answered.length < count) {
      await new Promise((resolve) => setImmediate(resolve));
      turn += 1;
    }
  })();
  const asked = Array.from({ length: count }, async (_, at) => {
    const headers = { host: "localhost", authorization: `Bearer ${key}`, "x-request-id": `r-${at}` };
    const response = await app.request(`http://localhost/v1/approvals/${id}?wait_seconds=60`, { headers });
    const requestId = response.headers.get("x-request-id");
    const { status } = response;
    answered.push({ turn, status, text: "", requestId });
    answered.at(-1)!.text = await response.text();
  });
  return { answered, all: Promise.all([...asked, turns]) };
}

describe("many who wait for the same large approval", () => {
  test("are shown one text, made once for those who asked and once for those who answer", async () => {
    const large = view(200_000);
    const { id } = await scene.open({ view: large, sessionId: "run-1" });
    const agents = waitOften(id, 30, agent);
    const approvers = waitOften(id, 10, bob);
    await settle();
    const [views, lookups] = [countViews(large), vi.spyOn(scene.service.auditStore, "list")];
    await scene.service.approvalStore.deny(id, { keyId: "k", identity: { name: "zoe", roles: [] } }, "No.", 0);
    await scene.service.approvalNews.publish(id);
    await Promise.all([agents.all, approvers.all]);
    expect(new Set(agents.answered.map(({ text }) => text)).size).toBe(1);
    expect(new Set(approvers.answered.map(({ text }) => text)).size).toBe(1);
    expect(JSON.parse(agents.answered[0]!.text)).not.toHaveProperty("history");
    expect(JSON.parse(approvers.answered[0]!.text)).toHaveProperty("history");
    expect(views()).toBe(2);
    expect(lookups).toHaveBeenCalledTimes(1);
    expect(agents.answered.map(({ requestId }) => requestId).sort()).toEqual(
      Array.from({ length: 30 }, (_, at) => `r-${at}`).sort(),
    );
  });

  test("cost the store two reads when they come at once, and those who only look one text", async () => {
    const large = view(200_000);
    const { id } = await scene.open({ view: large });
    const { get } = scene.service.approvalStore;
    const reads = vi.spyOn(scene.service.approvalStore, "get").mockImplementation(async (...args) => {
      await new Promise((resolve) => setImmediate(resolve));
      return get(...args);
    });
    const views = countViews(large);
    const looks = await Promise.all(Array.from({ length: 50 }, () => scene.get(id, agent)));
    expect(new Set(looks.map(({ status }) => status))).toEqual(new Set([200]));
    expect(reads.mock.calls.length).toBeLessThanOrEqual(2);
    expect(views()).toBeLessThanOrEqual(2);
  });

  test.each(["answered", "over", "stopped"])("let others have their turn in between when it is %s", async (how) => {
    const stopping = new AbortController();
    const { service } = scene;
    const app = createApp({ service, assertHost: createHostGuard(["localhost"]), stopping: stopping.signal });
    const { id } = await scene.open();
    const { answered, all } = waitOften(id, 40, agent, app);
    await settle();
    expect(answered).toEqual([]);
    if (how === "answered") await scene.post(id, "approve", alice);
    if (how === "stopped") stopping.abort();
    if (how === "over") await vi.advanceTimersByTimeAsync(60_000);
    await all;
    const perTurn = new Map<number, number>();
    for (const { turn } of answered) perTurn.set(turn, (perTurn.get(turn) ?? 0) + 1);
    expect(Math.max(...perTurn.values())).toBeLessThanOrEqual(2);
    expect(new Set(answered.map(({ status }) => status))).toEqual(new Set([200]));
  });

  test("with one key are 100: it does not take the others' places", async () => {
    const { id } = await scene.open();
    const { all } = waitOften(id, 100, agent);
    await settle();
    const { status, body } = await scene.get(id, agent, "?wait_seconds=60");
    expect([status, body.code]).toEqual([429, "too_many_requests"]);
    expect((await scene.get(id, agent)).status).toBe(200);
    const other = scene.get(id, bob, "?wait_seconds=60");
    await settle();
    await scene.post(id, "approve", alice);
    expect((await other).body.status).toBe("approved");
    await all;
    expect((await scene.get(id, agent, "?wait_seconds=60")).status).toBe(200);
  });
});

describe("a page of large approvals", () => {
  const list = async (query: string) => (await scene.request("GET", `/v1/approvals?${query}`, { key: alice })).body;

  test("ends after about a megabyte, and the next one goes on", async () => {
    const opened: string[] = [];
    for (let n = 0; n < 60; n++) opened.push((await scene.open({ view: view(40_000) })).id);
    const sizes: number[] = [];
    const seen: string[] = [];
    for (let cursor: string | null = ""; cursor !== null; ) {
      const { items, next_cursor } = await list(`limit=200${cursor && `&cursor=${cursor}`}`);
      sizes.push(JSON.stringify(items).length);
      seen.push(...items.map(({ id }: { id: string }) => id));
      cursor = next_cursor;
    }
    expect(seen).toEqual([...opened].reverse());
    expect(sizes).toHaveLength(3);
    expect(Math.max(...sizes)).toBeLessThan(1.1 * PAGE_BYTES);
  });

  test("has one at least, however large, and small ones up to the limit", async () => {
    const small: string[] = [];
    for (let n = 0; n < 130; n++) small.push((await scene.open()).id);
    const large = (await scene.open({ view: view(PAGE_BYTES) })).id;
    const first = await list("limit=200");
    expect(first.items.map(({ id }: { id: string }) => id)).toEqual([large]);
    const second = await list(`limit=130&cursor=${first.next_cursor}`);
    expect(second.items).toHaveLength(130);
    expect(second.next_cursor).toBeNull();
    expect((await list(`limit=129&cursor=${first.next_cursor}`)).next_cursor).toBe(small[1]);
  });

  test("is read and written a few at a time, with turns for others in between", async () => {
    for (let n = 0; n < 25; n++) await scene.open({ view: view(40_000) });
    let [turn, most] = [0, 0];
    const written = new Map<number, number>();
    const { list: read } = scene.service.approvalStore;
    vi.spyOn(scene.service.approvalStore, "list").mockImplementation(async (query, now) => {
      most = Math.max(most, query.limit);
      return read(query, now);
    });
    const parse = JSON.parse;
    vi.spyOn(JSON, "parse").mockImplementation((text) => {
      if (text.length > 40_000 && text.length < 50_000) written.set(turn, (written.get(turn) ?? 0) + 1);
      return parse(text);
    });
    let isDone = false;
    const page = scene.request("GET", "/v1/approvals?limit=200", { key: alice }).finally(() => {
      isDone = true;
    });
    while (!isDone) {
      await new Promise((resolve) => setImmediate(resolve));
      turn += 1;
    }
    expect((await page).status).toBe(200);
    expect(most).toBeLessThanOrEqual(20);
    expect(Math.max(...written.values())).toBeLessThanOrEqual(2);
    expect(written.size).toBeGreaterThanOrEqual(12);
  });

  test("tells of what expired on the way, from page to page", async () => {
    for (let n = 0; n < 30; n++) await scene.open();
    await scene.service.approvalStore.open(
      newApproval(500, { id: scene.service.newId(0), terms: { timeoutMs: 1 } }),
      scene.service.clock.now(),
      { pendingMax: 1000 },
    );
    scene.advance(1);
    expect((await list("limit=200&status=pending")).items).toHaveLength(30);
    expect((await scene.steps()).filter((kind) => kind === "approval.expired")).toHaveLength(1);
  });
});
