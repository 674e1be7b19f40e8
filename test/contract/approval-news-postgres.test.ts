import { afterEach, describe, expect, it, vi } from "vitest";
import { createPostgresApprovalNews, type PostgresNewsOptions } from "../../src/adapters/postgres/approval-news.ts";
import type { ApprovalNews } from "../../src/approvals/index.ts";
import { freePort, startPostgres } from "../servers.ts";
import { freshPostgres, ownServer } from "../shared-servers.ts";
import { describeApprovalNews } from "./approval-news.ts";
import { type SilentProxy, startSilentProxy } from "./silent-proxy.ts";

const url = await freshPostgres();
const own = await ownServer(startPostgres);

const opened: ApprovalNews[] = [];
function open(options: Partial<PostgresNewsOptions> = {}): ApprovalNews {
  const news = createPostgresApprovalNews({ url: url!, ...options });
  opened.push(news);
  return news;
}
const proxies: SilentProxy[] = [];
async function openProxy(): Promise<SilentProxy> {
  const proxy = await startSilentProxy(url!);
  proxies.push(proxy);
  return proxy;
}
afterEach(async () => {
  await Promise.all(opened.splice(0).map((news) => news.close()));
  await Promise.all(proxies.splice(0).map((proxy) => proxy.close()));
});

describe.skipIf(url === undefined)("PostgreSQL", () => {
  describeApprovalNews("PostgreSQL", async () => open());

  it("tells other replicas", async () => {
    const [here, there] = [open(), open()];
    const heard = vi.fn();
    await there.subscribe(heard);
    await here.publish("a");
    await vi.waitFor(() => expect(heard).toHaveBeenCalledWith("a"));
  });

  it("does not take its own heartbeat for news", async () => {
    const news = open({ heartbeatMs: 5 });
    const heard = vi.fn();
    await news.subscribe(heard);
    await news.publish("a");
    await vi.waitFor(() => expect(heard).toHaveBeenCalledWith("a"));
    expect(heard).not.toHaveBeenCalledWith("");
  });
});

describe.skipIf(url === undefined)("PostgreSQL behind a network that goes silent", () => {
  it("is listened to again over another connection, and anything may have changed", async () => {
    const proxy = await openProxy();
    const onError = vi.fn();
    const news = open({ url: proxy.url, timeoutMs: 1000, heartbeatMs: 500, onError });
    const heard = vi.fn();
    await news.subscribe(heard);
    // What comes behind the first heartbeat shows that this one was heard.
    await news.publish("before");
    await vi.waitFor(() => expect(heard).toHaveBeenCalledWith("before"));
    proxy.silence();
    await vi.waitFor(() => expect(heard).toHaveBeenCalledWith(undefined), 10_000);
    await open().publish("a");
    await vi.waitFor(() => expect(heard).toHaveBeenCalledWith("a"), 10_000);
    expect(onError).toHaveBeenCalled();
  });

  it("is told over another connection from the second message on", async () => {
    const proxy = await openProxy();
    const heard = vi.fn();
    await open().subscribe(heard);
    const news = open({ url: proxy.url, timeoutMs: 1000 });
    await news.publish("before");
    proxy.silence();
    await news.publish("lost");
    await news.publish("after");
    await vi.waitFor(() => expect(heard).toHaveBeenCalledWith("after"), 10_000);
    expect(heard).not.toHaveBeenCalledWith("lost");
  });

  it("is listened to again soon when it is a message that gets no answer", async () => {
    const proxy = await openProxy();
    const news = open({ url: proxy.url, timeoutMs: 1000, heartbeatMs: 3_600_000 });
    const heard = vi.fn();
    await news.subscribe(heard);
    proxy.silence();
    await news.publish("lost");
    await vi.waitFor(() => expect(heard).toHaveBeenCalledWith(undefined), 10_000);
  });

  it("loses no new connection because a message over the old one fails later", async () => {
    const proxy = await openProxy();
    const onError = vi.fn();
    const news = open({ url: proxy.url, timeoutMs: 1000, onError });
    await news.publish("before");
    proxy.silence();
    const [first, second] = [news.publish("lost"), news.publish("lost as well")];
    await first;
    const heard = vi.fn();
    await Promise.all([news.subscribe(heard), second]);
    await news.publish("a");
    await vi.waitFor(() => expect(heard.mock.calls).toEqual([["a"]]), 10_000);
    expect(onError).toHaveBeenCalledOnce();
  });
});

describe("PostgreSQL that is away", () => {
  it("neither throws nor hangs when there is none at start, and never shows the password", async () => {
    const onError = vi.fn();
    const news = open({ url: `postgres://u:s3cret@127.0.0.1:${await freePort()}/none`, timeoutMs: 200, onError });
    await news.subscribe(() => {});
    await news.publish("a");
    await vi.waitFor(() => expect(onError).toHaveBeenCalled());
    for (const [error] of onError.mock.calls)
      expect(String(error.stack) + JSON.stringify(error)).not.toContain("s3cret");
  });

  it.skipIf(own === undefined)("says that anything may have changed once it is back", async () => {
    const [here, there] = [
      open({ url: own!.url, timeoutMs: 200 }),
      open({ url: own!.url, timeoutMs: 200, heartbeatMs: 20 }),
    ];
    const heard = vi.fn();
    await there.subscribe(heard);
    await own!.stop("SIGKILL");
    await here.publish("lost");
    await own!.start();
    await vi.waitFor(() => expect(heard).toHaveBeenCalledWith(undefined), 10_000);
    await vi.waitFor(async () => {
      await here.publish("b");
      expect(heard).toHaveBeenCalledWith("b");
    }, 10_000);
  });
});
