import { afterEach, describe, expect, it, vi } from "vitest";
import { createRedisKeyChanges, type RedisKeyChanges } from "../../src/adapters/redis/key-changes.ts";
import { freePort, startRedis } from "../servers.ts";
import { ownServer, sharedRedis } from "../shared-servers.ts";
import { describeKeyChanges } from "./key-changes.ts";

const url = await sharedRedis();
const own = await ownServer(startRedis);
let count = 0;

function prefix(): string {
  count += 1;
  return `test-${process.pid}-${count}:`;
}

const opened: RedisKeyChanges[] = [];
function open(options: Partial<Parameters<typeof createRedisKeyChanges>[0]>): RedisKeyChanges {
  const changes = createRedisKeyChanges({ url: url!, ...options });
  opened.push(changes);
  return changes;
}
afterEach(() => Promise.all(opened.splice(0).map((changes) => changes.close())));

describe.skipIf(url === undefined)("Redis", () => {
  describeKeyChanges("Redis", async () => open({ keyPrefix: prefix() }));

  it("tells other replicas, and only those with the same key prefix", async () => {
    const keyPrefix = prefix();
    const [here, there, stranger] = [open({ keyPrefix }), open({ keyPrefix }), open({ keyPrefix: prefix() })];
    const [heard, strangerHeard] = [vi.fn(), vi.fn()];
    await there.subscribe(heard);
    await stranger.subscribe(strangerHeard);
    await here.publish();
    await stranger.publish();
    await vi.waitFor(() => {
      expect(heard).toHaveBeenCalledOnce();
      expect(strangerHeard).toHaveBeenCalledOnce();
    });
  });

  it("pings", async () => {
    await expect(open({}).ping()).resolves.toBeUndefined();
  });
});

describe("Redis that is away", () => {
  it("neither throws nor hangs when there is no Redis at start", async () => {
    const onError = vi.fn();
    const changes = open({ url: `redis://:s3cret@127.0.0.1:${await freePort()}`, timeoutMs: 200, onError });
    await changes.subscribe(() => {});
    await changes.publish();
    await expect(changes.ping()).rejects.toMatchObject({ code: "storage_unavailable" });
    expect(onError).toHaveBeenCalled();
    for (const [error] of onError.mock.calls) expect(JSON.stringify(error) + String(error)).not.toContain("s3cret");
  });

  it.skipIf(own === undefined)("never shows the password that Redis refused", async () => {
    const onError = vi.fn();
    const changes = open({ url: own!.url.replace("redis://", "redis://nobody:s3cret@"), timeoutMs: 500, onError });
    await changes.publish();
    await vi.waitFor(() => expect(onError).toHaveBeenCalled());
    for (const [error] of onError.mock.calls) {
      expect(JSON.stringify({ ...error, message: error.message, stack: error.stack })).not.toContain("s3cret");
    }
  });

  it.skipIf(own === undefined)("calls listeners once Redis is back, since a message may have been missed", async () => {
    const [here, there] = [open({ url: own!.url, timeoutMs: 200 }), open({ url: own!.url, timeoutMs: 200 })];
    const heard = vi.fn();
    await there.subscribe(heard);
    await own!.stop("SIGKILL");
    await here.publish();
    expect(heard).not.toHaveBeenCalled();
    await own!.start();
    await vi.waitFor(() => expect(heard).toHaveBeenCalled(), 10_000);
    heard.mockClear();
    await vi.waitFor(async () => {
      await here.publish();
      expect(heard).toHaveBeenCalled();
    }, 10_000);
  });

  it.skipIf(own === undefined)("listens once Redis is there that was not at start", async () => {
    await own!.stop("SIGKILL");
    const changes = open({ url: own!.url, timeoutMs: 100 });
    const heard = vi.fn();
    await changes.subscribe(heard);
    await own!.start();
    await vi.waitFor(() => expect(heard).toHaveBeenCalled(), 10_000);
  });

  it.skipIf(own === undefined)("answers in bounded time when Redis hangs", async () => {
    const changes = open({ url: own!.url, timeoutMs: 200 });
    await changes.ping();
    await own!.stop("SIGSTOP");
    try {
      await expect(changes.ping()).rejects.toMatchObject({ code: "storage_unavailable" });
      await changes.publish();
    } finally {
      own!.resume();
    }
    await vi.waitFor(() => changes.ping(), 10_000);
  });
});
