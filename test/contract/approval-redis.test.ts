import { Redis } from "ioredis";
import { afterAll, afterEach, describe, expect, it, vi } from "vitest";
import { createRedisApprovalNews } from "../../src/adapters/redis/approval-news.ts";
import { approvalKeys } from "../../src/adapters/redis/approval-scripts.ts";
import { createRedisApprovalStore, type RedisApprovalStore } from "../../src/adapters/redis/approval-store.ts";
import type { RedisSettings } from "../../src/adapters/redis/connection.ts";
import type { ApprovalNews } from "../../src/approvals/index.ts";
import { expectStoreToEqualMachine } from "../property/approval-machine.ts";
import { startRedis } from "../servers.ts";
import { ownServer, sharedRedis } from "../shared-servers.ts";
import { describeApprovalNews } from "./approval-news.ts";
import { actor, digestOf, EXPIRES_AT, newApproval, OPENED_AT, pendingApproval, REQUESTER } from "./approval-samples.ts";
import { describeApprovalStore } from "./approval-store.ts";
import { idOf } from "./samples.ts";

const url = await sharedRedis();
const cluster = await ownServer(() => startRedis({ "cluster-enabled": "yes" }));

const UNAVAILABLE = { code: "storage_unavailable" };
const NOW = OPENED_AT + 1000;
const ROOM = { pendingMax: 1000 };
const alice = actor("alice");

const prefixes: string[] = [];
function prefix(): string {
  prefixes.push(`test-${process.pid}-${prefixes.length}:`);
  return prefixes.at(-1)!;
}

const opened: { close(): Promise<void> }[] = [];
afterEach(() => Promise.all(opened.splice(0).map((each) => each.close())));

function open(settings: Partial<RedisSettings> = {}): RedisApprovalStore {
  const store = createRedisApprovalStore({ url: url!, timeoutMs: 5000, ...settings });
  opened.push(store);
  return store;
}

function openNews(settings: Partial<RedisSettings> = {}): ApprovalNews {
  const news = createRedisApprovalNews({ url: url!, ...settings });
  opened.push(news);
  return news;
}

/** A client beside the store's, for what only an operator does. */
async function withClient<Result>(to: string, work: (client: Redis) => Promise<Result>): Promise<Result> {
  const client = new Redis(to);
  try {
    return await work(client);
  } finally {
    client.disconnect();
  }
}

/** The state that a version leaves which does not know that steps are to be told. */
async function withoutUntold(state: Promise<string | null>): Promise<string> {
  const { untold: _, ...rest } = JSON.parse((await state)!);
  return JSON.stringify(rest);
}

const everyCall = (store: RedisApprovalStore, now: number): (() => Promise<unknown>)[] => [
  () => store.get(idOf(1), now),
  () => store.list({ limit: 10 }, now),
  () => store.list({ status: "approved", identity: "nobody", limit: 10 }, now),
  () => store.vote(idOf(1), alice, undefined, now),
  () => store.deny(idOf(1), alice, undefined, now),
  () => store.cancel(idOf(1), REQUESTER, undefined, now),
  () => store.consume(idOf(1), { digest: digestOf(1), requestId: idOf(2), caller: REQUESTER }, now),
  () => store.open(newApproval(1), now, ROOM),
  () => store.open(newApproval(2), now, ROOM),
  () => store.expireDue(now, 10),
  () => store.countOthers(pendingApproval(2), now),
  () => store.forget(now, 10),
  () => store.markTold([{ id: idOf(1), kind: "opened" }]),
  () => store.claimUntold(now, 10),
];

describe.skipIf(url === undefined)("approvals in Redis", () => {
  afterAll(() => withClient(url!, (client) => client.unlink(prefixes.flatMap((each) => [...approvalKeys(each)]))));

  describeApprovalStore("Redis", async () => {
    const keyPrefix = prefix();
    const [store, replica] = [open({ keyPrefix }), open({ keyPrefix })];
    return { store, replica, close: () => store.close() };
  });
  describeApprovalNews("Redis", async () => openNews({ keyPrefix: prefix() }));

  it("do what the state machine does, whatever is asked of them in whatever order", async () => {
    await expectStoreToEqualMachine(async () => open({ keyPrefix: prefix() }), 60);
  }, 60_000);

  it("of another key prefix are not seen, and a prefix that would tear keys apart is refused", async () => {
    const [here, there] = [open({ keyPrefix: prefix() }), open({ keyPrefix: prefix() })];
    await here.open(newApproval(1), OPENED_AT, ROOM);
    expect(await there.get(idOf(1), NOW)).toBeUndefined();
    expect((await there.list({ limit: 10 }, NOW)).approvals).toEqual([]);
    for (const keyPrefix of ["{", "}", "a{b}c"]) expect(() => open({ keyPrefix })).toThrow(TypeError);
  });

  it("leave nothing behind in Redis when they are forgotten", async () => {
    const keyPrefix = prefix();
    const store = open({ keyPrefix });
    for (const n of [1, 2, 3, 4])
      await store.open(newApproval(n, { tenant: ["a", undefined][n % 2] }), OPENED_AT, ROOM);
    await store.vote(idOf(1), alice, "Fine.", NOW);
    await store.vote(idOf(2), actor("root", { tenant: "a" }), undefined, NOW);
    await store.deny(idOf(3), alice, undefined, NOW);
    await store.expireDue(EXPIRES_AT, 10);
    expect(await store.forget(EXPIRES_AT * 2, 10)).toBe(4);
    expect(await withClient(url!, (client) => client.exists(...approvalKeys(keyPrefix)))).toBe(0);
  });

  it("are told by all others where a version before this one took steps of some, and forgot some", async () => {
    const keyPrefix = prefix();
    const [store, [asked, states, index]] = [open({ keyPrefix }), approvalKeys(keyPrefix)];
    for (let n = 0; n < 30; n++) await store.open(newApproval(n), OPENED_AT, ROOM);
    await withClient(url!, async (client) => {
      const entries = await client.zrange(index!, 0, "-1");
      for (let n = 0; n < 5; n++) {
        const known = entries.filter((entry) => entry.endsWith(`:${idOf(n)}`) && !entry.startsWith("untold:"));
        await client.multi().hdel(asked!, idOf(n)).hdel(states!, idOf(n)).zrem(index!, known).exec();
      }
      for (let n = 5; n < 25; n++) {
        await client.hset(states!, idOf(n), await withoutUntold(client.hget(states!, idOf(n))));
      }
    });
    const claimable = OPENED_AT + 10_000;
    const claims = [await store.claimUntold(claimable, 10), await store.claimUntold(claimable, 10)];
    expect(claims.map((claimed) => claimed.map(({ approval }) => approval.id))).toEqual([
      [25, 26, 27, 28, 29].map(idOf),
      [],
    ]);
    for (let n = 5; n < 30; n++) await store.deny(idOf(n), alice, undefined, NOW);
    await store.forget(EXPIRES_AT, 100);
    expect(await withClient(url!, (client) => client.exists(...approvalKeys(keyPrefix)))).toBe(0);
  });

  it("have no step to be told that only what was asked knows of, as a version before this one left it", async () => {
    const keyPrefix = prefix();
    const [store, [asked, states]] = [open({ keyPrefix }), approvalKeys(keyPrefix)];
    await store.open(newApproval(1), OPENED_AT, ROOM);
    await withClient(url!, async (client) => {
      const question = JSON.parse((await client.hget(asked!, idOf(1)))!);
      const untold = [{ kind: "opened", claimableFrom: OPENED_AT + 10_000 }];
      await client.hset(asked!, idOf(1), JSON.stringify({ ...question, untold }));
      await client.hset(states!, idOf(1), await withoutUntold(client.hget(states!, idOf(1))));
    });
    expect((await store.get(idOf(1), NOW))!.approval).not.toHaveProperty("untold");
    const { approval } = (await store.deny(idOf(1), alice, undefined, NOW))!;
    expect(approval.untold!.map(({ kind }) => kind)).toEqual(["denied"]);
  });

  it("are listed by several filters together, however many match only one of them", async () => {
    const store = open({ keyPrefix: prefix() });
    const rule = (id: string) => ({ rule: { id, name: "", reason: "" } });
    const opening = Array.from({ length: 250 }, (_, n) => {
      const parts = n % 2 === 0 ? { identity: "a", ...rule("x") } : { identity: "b", ...rule("y") };
      return store.open(newApproval(n, n === 7 ? { identity: "b", ...rule("x") } : parts), OPENED_AT, ROOM);
    });
    await Promise.all(opening);
    const found = await store.list({ identity: "b", ruleId: "x", limit: 10 }, NOW);
    expect(found.approvals.map(({ id }) => id)).toEqual([idOf(7)]);
  });

  it.each([0, 1, 2])("are all refused when key %i of the three is gone, until the others are too", async (missing) => {
    const keyPrefix = prefix();
    const [store, keys] = [open({ keyPrefix }), approvalKeys(keyPrefix)];
    await store.open(newApproval(1), OPENED_AT, ROOM);
    await withClient(url!, (client) => client.del(keys[missing]!));
    for (const now of [NOW, EXPIRES_AT]) {
      for (const call of everyCall(store, now)) {
        const refused = await call().catch((error: unknown) => error);
        expect(refused).toMatchObject({ ...UNAVAILABLE, detail: expect.stringContaining("have to be deleted") });
        expect(String((refused as Error).cause)).toMatch(/Delete all three/);
      }
    }
    expect(await withClient(url!, (client) => client.exists(...keys))).toBe(2);
    await withClient(url!, (client) => client.del(...keys));
    expect(await store.get(idOf(1), NOW)).toBeUndefined();
    expect(await store.open(newApproval(1), NOW, ROOM)).toMatchObject({ outcome: "opened" });
  });

  it("are not made up from a key that holds something else, which no error shows", async () => {
    const keyPrefix = prefix();
    const store = open({ keyPrefix });
    await store.open(newApproval(1), OPENED_AT, ROOM);
    await withClient(url!, (client) => client.hset(approvalKeys(keyPrefix)[1]!, idOf(1), "t0p-s3cret"));
    const refused = await store.get(idOf(1), NOW).catch((error: unknown) => error);
    expect(refused).toMatchObject(UNAVAILABLE);
    expect(String((refused as Error).cause)).not.toContain("t0p-s3cret");
    await expect(store.expireDue(EXPIRES_AT, 10)).rejects.toMatchObject(UNAVAILABLE);
  });

  it("news reach other replicas, and only those with the same key prefix", async () => {
    const keyPrefix = prefix();
    const [here, there, stranger] = [
      openNews({ keyPrefix }),
      openNews({ keyPrefix }),
      openNews({ keyPrefix: prefix() }),
    ];
    const [heard, strangerHeard] = [vi.fn(), vi.fn()];
    await there.subscribe(heard);
    await stranger.subscribe(strangerHeard);
    await here.publish("a");
    await stranger.publish("b");
    await vi.waitFor(() => {
      expect(heard.mock.calls).toEqual([["a"]]);
      expect(strangerHeard.mock.calls).toEqual([["b"]]);
    });
  });
});

describe.skipIf(cluster === undefined)("approvals in a Redis Cluster", () => {
  it("use keys of one slot only, and no key that was not named", async () => {
    await withClient(cluster!.url, async (client) => {
      await client.call("CLUSTER", "ADDSLOTSRANGE", "0", "16383");
      await vi.waitFor(async () => expect(await client.call("CLUSTER", "INFO")).toContain("cluster_state:ok"), 10_000);
    });
    let run = 0;
    await expectStoreToEqualMachine(async () => {
      run += 1;
      return open({ url: cluster!.url, keyPrefix: `run-${run}:` });
    }, 10);
  }, 60_000);
});
