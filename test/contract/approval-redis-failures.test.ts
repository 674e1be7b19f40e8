import { readFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { Redis } from "ioredis";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createRedisApprovalNews } from "../../src/adapters/redis/approval-news.ts";
import { createRedisApprovalStore, type RedisApprovalStore } from "../../src/adapters/redis/approval-store.ts";
import type { RedisSettings } from "../../src/adapters/redis/connection.ts";
import type { Approval, Settled } from "../../src/approvals/index.ts";
import { expectStoreToEqualMachine } from "../property/approval-machine.ts";
import { freePort, startRedis } from "../servers.ts";
import { ownServer } from "../shared-servers.ts";
import { actor, digestOf, EXPIRES_AT, newApproval, OPENED_AT, pendingApproval, REQUESTER } from "./approval-samples.ts";
import { startProxy } from "./cutting-proxy.ts";
import { idOf } from "./samples.ts";

/** Keeps all that it confirmed, whatever becomes of it. */
const own = await ownServer(() => startRedis({ appendonly: "yes", appendfsync: "always" }));

const UNAVAILABLE = { code: "storage_unavailable" };
const NOW = OPENED_AT + 1000;
const ROOM = { pendingMax: 10_000 };
const alice = actor("alice");

/** Everything of an error that a logger could print. */
function allTextOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const own = Object.getOwnPropertyNames(error).map((name) => String(Reflect.get(error, name)));
  return [String(error), JSON.stringify(error), ...own, allTextOf(error.cause)].join("\n");
}

const opened: { close(): unknown }[] = [];
afterEach(() => Promise.all(opened.splice(0).map((each) => each.close())));

function open(settings: Partial<RedisSettings> = {}): RedisApprovalStore {
  const store = createRedisApprovalStore({ url: own!.url, timeoutMs: 2000, ...settings });
  opened.push(store);
  return store;
}

/** A client beside the store's, for what only an operator does. */
async function withClient(work: (client: Redis) => Promise<unknown>): Promise<void> {
  const client = new Redis(own!.url);
  await work(client).finally(() => client.disconnect());
}

const everyMethod = (store: RedisApprovalStore): Promise<unknown>[] => [
  store.open(newApproval(1), NOW, ROOM),
  store.get(idOf(1), NOW),
  store.list({ limit: 1 }, NOW),
  store.vote(idOf(1), alice, undefined, NOW),
  store.deny(idOf(1), alice, undefined, NOW),
  store.cancel(idOf(1), REQUESTER, undefined, NOW),
  store.consume(idOf(1), { digest: digestOf(1), requestId: idOf(2), caller: REQUESTER }, NOW),
  store.expireDue(NOW, 1),
  store.countOthers(pendingApproval(1), NOW),
  store.forget(NOW, 1),
  store.checkPersistence(),
];

describe("an approval store whose Redis is away", () => {
  it("answers storage_unavailable from every method, says why, and never shows the password", async () => {
    const onError = vi.fn();
    const store = open({ url: `redis://:s3cret@127.0.0.1:${await freePort()}`, onError });
    const answers = await Promise.allSettled(everyMethod(store));
    for (const answer of answers) expect(answer).toMatchObject({ status: "rejected", reason: UNAVAILABLE });
    const again = await store.get(idOf(1), NOW).catch((error: unknown) => error);
    expect(again).toMatchObject(UNAVAILABLE);
    expect(store.isUp).toBe(false);
    const errors = [...onError.mock.calls.flat(), ...answers.map((answer) => Reflect.get(answer, "reason")), again];
    expect(errors.map(allTextOf).join()).toContain("ECONNREFUSED");
    expect(errors.map(allTextOf).join()).not.toContain("s3cret");
  });

  it.each(["redis://user:s3cret@[bad/0", "redis://user:s3cret%zz@localhost"])(
    "refuses a URL that cannot be parsed, without showing it: %s",
    (url) => {
      let refused: unknown;
      try {
        open({ url });
      } catch (error) {
        refused = error;
      }
      expect(refused).toBeInstanceOf(TypeError);
      expect(allTextOf(refused)).not.toContain("s3cret");
    },
  );

  it("never shows a password that what answers there repeats", async () => {
    const parrot = createServer((socket) => {
      socket.on("error", () => {});
      const answer = "-ERR unknown command 'HELLO', with args beginning with: 's3cret' \r\n";
      socket.on("data", (data) => socket.write(answer.repeat(String(data).split("*").length - 1)));
    });
    await new Promise<void>((resolve) => parrot.listen(0, "127.0.0.1", resolve));
    opened.push(parrot);
    const onError = vi.fn();
    const store = open({ url: `redis://:s3cret@127.0.0.1:${(parrot.address() as AddressInfo).port}`, onError });
    const refused = await store.get(idOf(1), NOW).catch((error: unknown) => error);
    expect(refused).toMatchObject(UNAVAILABLE);
    expect([refused, ...onError.mock.calls.flat()].map(allTextOf).join()).toContain("unknown command");
    expect([refused, ...onError.mock.calls.flat()].map(allTextOf).join()).not.toContain("s3cret");
  });
});

describe("an approval store whose Redis became a replica", () => {
  // Redis 6 says it of a script in words of its own; both lead elsewhere when the name does by now.
  it.each([
    "READONLY You can't write against a read only replica.",
    "ERR Error running script (call to f_c0ffee): @user_script:17: @user_script: 17: -READONLY You can't write against a read only replica.",
  ])("connects anew: %s", async (refusal) => {
    let connections = 0;
    const replica = createServer((socket) => {
      connections += 1;
      socket.on("error", () => {});
      socket.on("data", (data) => {
        const commands = String(data).split(/^\*/m).slice(1);
        for (const command of commands) socket.write(/eval/i.test(command) ? `-${refusal}\r\n` : "+OK\r\n");
      });
    });
    await new Promise<void>((resolve) => replica.listen(0, "127.0.0.1", resolve));
    const store = open({ url: `redis://127.0.0.1:${(replica.address() as AddressInfo).port}` });
    opened.push(replica);
    await expect(store.get(idOf(1), NOW)).rejects.toMatchObject(UNAVAILABLE);
    await vi.waitFor(() => expect(connections).toBe(2), 10_000);
  });
});

describe.skipIf(own === undefined)("an approval store whose Redis", () => {
  beforeEach(() => withClient((client) => client.flushall()));

  it("refuses the password never shows it", async () => {
    const onError = vi.fn();
    const store = open({ url: own!.url.replace("redis://", "redis://nobody:s3cret@"), onError });
    const refused = await store.get(idOf(1), NOW).catch((error: unknown) => error);
    expect(refused).toMatchObject(UNAVAILABLE);
    expect(allTextOf(refused) + onError.mock.calls.flat().map(allTextOf)).toContain("WRONGPASS");
    expect(allTextOf(refused) + onError.mock.calls.flat().map(allTextOf)).not.toContain("s3cret");
  });

  it("was away at start is used once it is there", async () => {
    await own!.stop("SIGKILL");
    const store = open();
    await expect(store.get(idOf(1), NOW)).rejects.toMatchObject(UNAVAILABLE);
    await own!.start();
    await vi.waitFor(() => expect(store.isUp).toBe(true), 10_000);
    expect(await store.get(idOf(1), NOW)).toBeUndefined();
  });

  it("hangs answers in bounded time, and is used again when it goes on", async () => {
    const store = open({ timeoutMs: 200 });
    await vi.waitFor(() => store.open(newApproval(1), OPENED_AT, ROOM), 10_000);
    await own!.stop("SIGSTOP");
    try {
      for (const answer of everyMethod(store)) await expect(answer).rejects.toMatchObject(UNAVAILABLE);
      await vi.waitFor(() => expect(store.isUp).toBe(false));
      for (const answer of everyMethod(store)) await expect(answer).rejects.toMatchObject(UNAVAILABLE);
    } finally {
      own!.resume();
    }
    await vi.waitFor(() => expect(store.isUp).toBe(true), 10_000);
    expect((await store.get(idOf(1), NOW))?.approval.id).toBe(idOf(1));
  });

  it("is killed keeps every step that was confirmed, and resolves nothing twice", async () => {
    const store = open();
    const told = new Map<string, Approval[]>();
    const confirmed = new Map<string, Approval>();
    const count = 400;
    const tell = (approval: Approval) => told.set(approval.id, [...(told.get(approval.id) ?? []), approval]);
    const confirm = (settled: Settled | undefined) => {
      if (settled === undefined) return;
      confirmed.set(settled.approval.id, settled.approval);
      if (settled.hasResolved) tell(settled.approval);
    };
    let steps = 0;
    let killed: Promise<void> | undefined;
    async function live(n: number): Promise<void> {
      const opening = await store.open(newApproval(n, { terms: { quorum: 2 } }), OPENED_AT, ROOM);
      if (opening.outcome === "opened") confirmed.set(opening.approval.id, opening.approval);
      for (const person of ["alice", "bob", "carol"]) {
        confirm(await store.vote(idOf(n), actor(person), undefined, NOW));
        steps += 1;
        if (steps === count) killed = own!.stop("SIGKILL");
      }
      const use = { digest: digestOf(n), requestId: idOf(n), caller: REQUESTER };
      confirm(await store.consume(idOf(n), use, NOW));
    }
    const ends = await Promise.allSettled(Array.from({ length: count }, (_, n) => live(n)));
    await killed;
    expect(ends.some(({ status }) => status === "rejected")).toBe(true);
    expect(confirmed.size).toBeGreaterThan(0);

    await own!.start();
    await vi.waitFor(() => expect(store.isUp).toBe(true), 10_000);
    for (const [id, approval] of confirmed) {
      const kept = (await store.get(id, NOW))!.approval;
      expect(kept.votes.slice(0, approval.votes.length)).toEqual(approval.votes);
      if (approval.status !== "pending")
        expect(kept).toMatchObject({ status: "approved", resolution: approval.resolution });
      if (approval.grant?.consumedAt !== undefined) expect(kept).toEqual(approval);
    }
    for (const approval of await store.expireDue(EXPIRES_AT, count)) tell(approval);
    for (const approvals of told.values()) expect(approvals).toHaveLength(1);
    const { approvals } = await store.list({ limit: count }, EXPIRES_AT);
    expect(approvals.filter(({ status }) => status === "pending")).toEqual([]);
  });

  it("breaks off before it answers has made the step once, and the next call sees it", async () => {
    const proxy = await startProxy(own!.url);
    opened.push(proxy);
    const store = open({ url: proxy.url });
    await store.open(newApproval(1, { terms: { quorum: 2 } }), OPENED_AT, ROOM);
    proxy.cutAnswerTo('"from"');
    await expect(store.vote(idOf(1), alice, undefined, NOW)).rejects.toMatchObject(UNAVAILABLE);
    const again = await store.vote(idOf(1), alice, undefined, NOW);
    expect(again).toMatchObject({ ok: false, refusal: "already_voted", approval: { status: "pending" } });
    expect(again!.approval.votes).toHaveLength(1);
    expect(proxy.sent('"from"')).toBe(1);

    proxy.cutAnswerTo('"asked"');
    await expect(store.open(newApproval(2), OPENED_AT, ROOM)).rejects.toMatchObject(UNAVAILABLE);
    expect(await store.open(newApproval(3, { digest: digestOf(2) }), OPENED_AT, ROOM)).toMatchObject({
      outcome: "existing",
      approval: { id: idOf(2) },
    });
  });

  it("is cut off is not sent later what failed meanwhile", async () => {
    const proxy = await startProxy(own!.url);
    opened.push(proxy);
    const store = open({ url: proxy.url });
    await store.open(newApproval(1), OPENED_AT, ROOM);
    await proxy.shut();
    await vi.waitFor(() => expect(store.isUp).toBe(false));
    await expect(store.deny(idOf(1), alice, undefined, NOW)).rejects.toMatchObject(UNAVAILABLE);
    await proxy.reopen();
    await vi.waitFor(() => expect(store.isUp).toBe(true), 10_000);
    expect((await store.get(idOf(1), NOW))!.approval.status).toBe("pending");
  });

  it("comes back makes news listeners look for themselves, also when it only hung", async () => {
    const onError = vi.fn();
    const news = createRedisApprovalNews({ url: own!.url, timeoutMs: 100, onError });
    opened.push(news);
    const heard = vi.fn();
    await news.subscribe(heard);
    for (const [signal, goOn] of [
      ["SIGKILL", () => own!.start()],
      ["SIGSTOP", async () => own!.resume()],
    ] as const) {
      heard.mockClear();
      onError.mockClear();
      await own!.stop(signal);
      await vi.waitFor(() => expect(onError).toHaveBeenCalled(), 10_000);
      await goOn();
      await vi.waitFor(() => expect(heard.mock.calls).toContainEqual([undefined]), 10_000);
    }
    await vi.waitFor(async () => {
      await news.publish("a");
      expect(heard.mock.calls).toContainEqual(["a"]);
    }, 10_000);
  });

  it("loses what it confirmed is warned of, setting by setting", async () => {
    const store = open();
    expect(await store.checkPersistence()).toEqual([]);
    const set = (name: string, value: string) => withClient((client) => client.config("SET", name, value));
    for (const [name, value, usual, warning] of [
      ["appendfsync", "everysec", "always", /power failure.*appendfsync/],
      ["no-appendfsync-on-rewrite", "yes", "no", /power failure.*no-appendfsync-on-rewrite/],
      ["appendonly", "no", "yes", /restarts.*appendonly/],
    ] as const) {
      await set(name, value);
      expect(await store.checkPersistence()).toEqual([expect.stringMatching(warning)]);
      await set(name, usual);
    }
    // It cannot be stopped while it writes its first file.
    await withClient((client) =>
      vi.waitFor(async () => expect(await client.info("persistence")).toContain("aof_rewrite_in_progress:0"), 10_000),
    );
    await set("maxmemory-policy", "allkeys-lru");
    expect(await store.checkPersistence()).toEqual([]);
    await set("maxmemory", "1gb");
    expect(await store.checkPersistence()).toEqual([expect.stringMatching(/memory is full.*noeviction/)]);
    await set("maxmemory-policy", "volatile-lru");
    expect(await store.checkPersistence()).toEqual([]);
    await set("maxmemory", "0");
  });

  it("is full still shows all, expires what is due, and takes answers that are final, but nothing new", async () => {
    const store = open();
    for (const n of [1, 2, 3, 4, 5]) await store.open(newApproval(n), OPENED_AT, ROOM);
    await store.open(newApproval(6, { identity: "late", terms: { timeoutMs: 1 } }), OPENED_AT, ROOM);
    await store.vote(idOf(5), alice, undefined, NOW);
    const set = (name: string, value: string) => withClient((client) => client.config("SET", name, value));
    await set("maxmemory", "1");
    try {
      const page = await store.list({ status: "pending", limit: 10 }, NOW);
      expect(page.approvals.map(({ id }) => id)).toEqual([4, 3, 2, 1].map(idOf));
      expect(page.expired).toMatchObject([{ id: idOf(6), status: "expired" }]);
      expect(await store.deny(idOf(1), alice, undefined, NOW)).toMatchObject({ ok: true });
      expect(await store.cancel(idOf(2), REQUESTER, undefined, NOW)).toMatchObject({ ok: true });
      expect(await store.vote(idOf(3), alice, undefined, NOW)).toMatchObject({ ok: true });
      const use = { digest: digestOf(5), requestId: idOf(7), caller: REQUESTER };
      await expect(store.consume(idOf(5), use, NOW)).rejects.toMatchObject(UNAVAILABLE);
      expect(await store.get(idOf(4), EXPIRES_AT)).toMatchObject({
        approval: { status: "expired" },
        hasResolved: true,
      });
      await expect(store.open(newApproval(8), EXPIRES_AT, ROOM)).rejects.toMatchObject(UNAVAILABLE);
      expect(await store.forget(EXPIRES_AT * 2, 10)).toBe(6);
    } finally {
      await set("maxmemory", "0");
    }
  });

  it("is full takes no new approval from who has one that is due, and leaves that one to be told", async () => {
    const store = open();
    await store.open(newApproval(1), OPENED_AT, ROOM);
    await withClient((client) => client.config("SET", "maxmemory", "1"));
    try {
      await expect(store.open(newApproval(2), EXPIRES_AT, ROOM)).rejects.toMatchObject(UNAVAILABLE);
      expect(await store.expireDue(EXPIRES_AT, 10)).toMatchObject([{ id: idOf(1) }]);
    } finally {
      await withClient((client) => client.config("SET", "maxmemory", "0"));
    }
  });

  it("allows no more than docs/redis.md says does all of it", async () => {
    const [, rights] = /ACL SETUSER verdict on >password (.*?)\n```/s.exec(readFileSync("docs/redis.md", "utf8"))!;
    const words = rights!.replaceAll("\\\n", " ").split(/\s+/);
    await withClient((client) => client.call("ACL", "SETUSER", "verdict", "on", ">password", ...words));
    const onError = vi.fn();
    const settings = { url: own!.url.replace("redis://", "redis://verdict:password@"), onError };
    const [store, news] = [open(settings), createRedisApprovalNews(settings)];
    opened.push(news);
    await expectStoreToEqualMachine(async () => {
      await withClient((client) => client.flushall());
      return store;
    }, 10);
    expect(await store.checkPersistence()).toEqual([]);
    const heard = vi.fn();
    await news.subscribe(heard);
    await news.publish("a");
    await vi.waitFor(() => expect(heard).toHaveBeenCalledWith("a"));
    expect(onError).not.toHaveBeenCalled();
  });

  it("does not tell its settings is said to be unchecked", async () => {
    await withClient((client) => client.call("ACL", "SETUSER", "app", "on", ">app", "~*", "&*", "+@all", "-config"));
    const store = open({ url: own!.url.replace("redis://", "redis://app:app@") });
    expect(await store.checkPersistence()).toEqual([expect.stringContaining("could not be checked")]);
  });
});
