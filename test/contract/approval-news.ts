import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { ApprovalNews } from "../../src/approvals/index.ts";

/** What every `ApprovalNews` promises. `create` gives one replica's end of the same channel each time. */
export function describeApprovalNews(name: string, create: () => Promise<ApprovalNews>): void {
  describe(`ApprovalNews contract: ${name}`, () => {
    let news: ApprovalNews;
    beforeEach(async () => {
      news = await create();
    });
    afterEach(() => news.close());

    it("tells every listener which approval may have changed", async () => {
      const [first, second] = [vi.fn(), vi.fn()];
      await news.subscribe(first);
      await news.subscribe(second);
      await news.publish("a");
      await vi.waitFor(() => {
        expect(first).toHaveBeenCalledWith("a");
        expect(second).toHaveBeenCalledWith("a");
      });
    });

    it("leaves a listener alone that has stopped, once per subscription", async () => {
      const [stopped, listening] = [vi.fn(), vi.fn()];
      const stop = await news.subscribe(stopped);
      const stopOne = await news.subscribe(listening);
      await news.subscribe(listening);
      await stop();
      await stop();
      await stopOne();
      await news.publish("a");
      await vi.waitFor(() => expect(listening).toHaveBeenCalledWith("a"));
      expect(stopped).not.toHaveBeenCalled();
    });

    it("publishes without listeners", async () => {
      await expect(news.publish("a")).resolves.toBeUndefined();
    });

    it("neither throws nor calls anyone after close, and closes twice", async () => {
      const listener = vi.fn();
      await news.subscribe(listener);
      await news.close();
      await news.close();
      await expect(news.publish("a")).resolves.toBeUndefined();
      expect(listener).not.toHaveBeenCalled();
    });
  });
}
