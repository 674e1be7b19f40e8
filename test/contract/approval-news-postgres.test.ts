import { afterEach, describe, expect, it, vi } from "vitest";
import { createPostgresApprovalNews, type PostgresNewsOptions } from "../../src/adapters/postgres/approval-news.ts";
import type { ApprovalNews } from "../../src/approvals/index.ts";
import { freePort, startPostgres } from "../servers.ts";
import { freshPostgres, ownServer } from "../shared-servers.ts";
import { describeApprovalNews } from "./approval-news.ts";

const url = await freshPostgres();
const own = await ownServer(startPostgres);

const opened: ApprovalNews[] = [];
function open(options: Partial<PostgresNewsOptions> = {}): ApprovalNews {
  const news = createPostgresApprovalNews({ url: url!, ...options });
  opened.push(news);
  return news;
}
afterEach(() => Promise.all(opened.splice(0).map((news) => news.close())));

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
