import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { NewDelivery, WebhookQueue } from "../../src/webhooks/index.ts";
import { AWKWARD } from "./approval-samples.ts";
import { FIRST_TIME, idOf } from "./samples.ts";

export interface OpenedWebhookQueue {
  readonly queue: WebhookQueue;
  /** Another replica on the same data, where the adapter can be shared. */
  readonly replica?: WebhookQueue;
  /** Closes the queue; its methods fail from then on. May be called twice. */
  close(): Promise<void>;
  /** Called instead of `close` after a test that did not close it, where opening again is slow. */
  release?(): Promise<void>;
}

const NOW = FIRST_TIME;
const LEASE_MS = 60_000;
const times = (count: number) => Array.from({ length: count }, (_, n) => n);

/** The n-th delivery: each has an event of its own. */
const delivery = (n: number, parts: Partial<NewDelivery> = {}): NewDelivery => ({
  id: idOf(n),
  webhookId: "pager",
  eventId: `approval_opened_${idOf(n)}`,
  event: "approval.opened",
  approvalId: idOf(n),
  body: '{"n":1}',
  ...parts,
});

/** What every `WebhookQueue` promises. `create` gives an empty queue each time. */
export function describeWebhookQueue(name: string, create: () => Promise<OpenedWebhookQueue>): void {
  describe(`WebhookQueue contract: ${name}`, () => {
    let opened: OpenedWebhookQueue;
    let queue: WebhookQueue;
    beforeEach(async () => {
      opened = await create();
      queue = opened.queue;
    });
    afterEach(() => opened.release?.() ?? opened.close());

    const lease = (now = NOW, ...webhookIds: string[]) =>
      queue.lease(webhookIds.length === 0 ? ["pager"] : webhookIds, now, LEASE_MS);
    const idsOf = (some: readonly { readonly id: string }[]) => some.map(({ id }) => id);
    const all = async () => idsOf(await queue.list({ limit: 100 }));

    it("answers storage_unavailable once closed, from every method", async () => {
      await opened.close();
      const calls = [
        queue.enqueue([delivery(1)], NOW),
        lease(),
        queue.settle({ id: idOf(1), lease: 1 }, { kind: "interrupted" }, NOW),
        queue.list({ limit: 1 }),
        queue.resend(idOf(1), undefined, NOW),
        queue.forget({ deliveredBefore: NOW, createdBefore: NOW }, 1),
      ];
      for (const call of calls) await expect(call).rejects.toMatchObject({ code: "storage_unavailable" });
    });

    describe("enqueue", () => {
      it("makes a delivery pending and due at once, and keeps its body byte for byte", async () => {
        const body = JSON.stringify({ text: AWKWARD }, null, 1);
        await queue.enqueue([delivery(1, { body, tenant: AWKWARD })], NOW);
        const queued = {
          ...{ id: idOf(1), webhookId: "pager", eventId: `approval_opened_${idOf(1)}`, event: "approval.opened" },
          ...{ approvalId: idOf(1), status: "pending", attempts: 0, createdAt: NOW, dueAt: NOW },
        };
        expect(await queue.list({ limit: 10 })).toStrictEqual([queued]);
        expect(await lease()).toStrictEqual([{ ...queued, attempts: 1, dueAt: NOW + LEASE_MS, body, lease: 1 }]);
      });

      it("keeps an event once for each webhook, however often it is told", async () => {
        await queue.enqueue([delivery(1), delivery(2, { webhookId: "chat", eventId: "e" })], NOW);
        await queue.settle((await lease())[0]!, { kind: "delivered", httpStatus: 200 }, NOW);
        const { eventId } = delivery(1);
        await queue.enqueue([delivery(3, { eventId, body: "other" }), delivery(4, { eventId: "e" })], NOW + 1);
        await queue.enqueue([delivery(5, { eventId: "twice" }), delivery(6, { eventId: "twice" })], NOW + 1);
        expect(await all()).toEqual([5, 4, 2, 1].map(idOf));
        expect(await queue.list({ status: "delivered", limit: 10 })).toMatchObject([{ id: idOf(1), createdAt: NOW }]);
      });

      it("keeps it once when replicas tell it at the same time", async () => {
        const queues = [queue, opened.replica ?? queue];
        const calls = times(20).map((n) =>
          queues[n % 2]!.enqueue([delivery(n, { eventId: "a" }), delivery(100 + n, { eventId: "b" })], NOW),
        );
        await Promise.all(calls);
        expect(await all()).toHaveLength(2);
      });

      it("takes none", async () => {
        await queue.enqueue([], NOW);
        expect(await all()).toEqual([]);
      });
    });

    describe("lease", () => {
      it("gives one of each webhook that is asked for, that which has been due for longest", async () => {
        await queue.enqueue(
          [delivery(2), delivery(9, { webhookId: "chat" }), delivery(8, { webhookId: "gone" })],
          NOW + 5,
        );
        await queue.enqueue([delivery(3)], NOW);
        expect(idsOf(await lease(NOW + 10, "pager", "chat", "unknown")).sort()).toEqual([3, 9].map(idOf));
        expect(idsOf(await lease(NOW + 10, "pager", "chat"))).toEqual([idOf(2)]);
        expect(await lease(NOW + 10, "pager", "chat")).toEqual([]);
        expect(await queue.lease([], NOW + 10, LEASE_MS)).toEqual([]);
      });

      it("gives nothing before it is due, nor what another holds, until that one's time is over", async () => {
        await queue.enqueue([delivery(1)], NOW);
        expect(await lease(NOW - 1)).toEqual([]);
        const [first] = await lease();
        expect(await lease(NOW + LEASE_MS - 1)).toEqual([]);
        const [second] = await lease(NOW + LEASE_MS);
        expect(second).toMatchObject({ id: idOf(1), attempts: 2, lease: 2 });
        expect(await queue.settle(first!, { kind: "dead", error: "late" }, NOW)).toBe(false);
        expect(await queue.settle(second!, { kind: "delivered", httpStatus: 204 }, NOW)).toBe(true);
      });

      it("is held by one at a time, however many replicas ask at once", async () => {
        await queue.enqueue(
          times(10).map((n) => delivery(n)),
          NOW,
        );
        const queues = [queue, opened.replica ?? queue];
        const leased: string[] = [];
        for (let more = true; more; ) {
          const batches = await Promise.all(times(8).map((n) => queues[n % 2]!.lease(["pager"], NOW, LEASE_MS)));
          leased.push(...batches.flatMap(idsOf));
          more = batches.flat().length > 0;
        }
        expect(leased.sort()).toEqual(times(10).map(idOf));
      });
    });

    describe("settle", () => {
      it("tells what became of an attempt", async () => {
        await queue.enqueue([delivery(1)], NOW);
        const failed = {
          kind: "retry",
          dueAt: NOW + 5000,
          httpStatus: 503,
          error: "the receiver answered 503",
        } as const;
        expect(await queue.settle((await lease())[0]!, failed, NOW + 1)).toBe(true);
        expect(await queue.list({ limit: 1 })).toMatchObject([
          {
            status: "pending",
            attempts: 1,
            dueAt: NOW + 5000,
            lastAttemptAt: NOW + 1,
            lastHttpStatus: 503,
            lastError: failed.error,
          },
        ]);
        expect(await lease(NOW + 4999)).toEqual([]);

        const [second] = await lease(NOW + 5000);
        await queue.settle(second!, { kind: "delivered", httpStatus: 200 }, NOW + 5001);
        const [delivered] = await queue.list({ status: "delivered", limit: 1 });
        expect(delivered).toMatchObject({ attempts: 2, lastAttemptAt: NOW + 5001, lastHttpStatus: 200 });
        expect(delivered).not.toHaveProperty("lastError");
        expect(delivered).not.toHaveProperty("dueAt");
        expect(await lease(NOW + 10 ** 9)).toEqual([]);
      });

      it("keeps the dead, with why", async () => {
        await queue.enqueue([delivery(1)], NOW);
        await queue.settle((await lease())[0]!, { kind: "dead", error: "ECONNREFUSED" }, NOW);
        const [dead] = await queue.list({ status: "dead", limit: 1 });
        expect(dead).toMatchObject({ attempts: 1, lastError: "ECONNREFUSED" });
        expect(dead).not.toHaveProperty("lastHttpStatus");
        expect(await lease(NOW + 10 ** 9)).toEqual([]);
      });

      it("counts no attempt that was interrupted, and gives it out again at once", async () => {
        await queue.enqueue([delivery(1)], NOW);
        await queue.settle((await lease())[0]!, { kind: "interrupted" }, NOW + 1);
        const [pending] = await queue.list({ limit: 1 });
        expect(pending).toMatchObject({ status: "pending", attempts: 0, dueAt: NOW + 1 });
        expect(pending).not.toHaveProperty("lastAttemptAt");
        expect(await lease(NOW + 1)).toMatchObject([{ attempts: 1, lease: 2 }]);
      });

      it("changes nothing twice, and nothing unknown", async () => {
        await queue.enqueue([delivery(1)], NOW);
        const [leased] = await lease();
        expect(await queue.settle(leased!, { kind: "delivered", httpStatus: 200 }, NOW)).toBe(true);
        expect(await queue.settle(leased!, { kind: "dead", error: "x" }, NOW)).toBe(false);
        expect(await queue.settle({ id: idOf(9), lease: 1 }, { kind: "dead", error: "x" }, NOW)).toBe(false);
        expect(await queue.list({ status: "dead", limit: 1 })).toEqual([]);
      });
    });

    describe("resend", () => {
      it.each(["delivered", "dead"] as const)("sends what was %s again, with all attempts before it", async (kind) => {
        await queue.enqueue([delivery(1)], NOW);
        const result = { kind, httpStatus: 410, error: "the receiver answered 410" };
        await queue.settle((await lease())[0]!, result, NOW);
        expect(await queue.resend(idOf(1), undefined, NOW + 7)).toMatchObject({
          ...{ id: idOf(1), status: "pending", attempts: 0, dueAt: NOW + 7, lastHttpStatus: 410 },
        });
        expect(await lease(NOW + 7)).toMatchObject([{ id: idOf(1), attempts: 1 }]);
      });

      it("makes one that waits due, and lets an attempt under way not count", async () => {
        await queue.enqueue([delivery(1)], NOW);
        const [first] = await lease();
        await queue.resend(idOf(1), undefined, NOW);
        expect(await queue.settle(first!, { kind: "dead", error: "x" }, NOW)).toBe(false);
        const [second] = await lease();
        await queue.settle(second!, { kind: "retry", dueAt: NOW + 10 ** 6, error: "x" }, NOW);
        await queue.resend(idOf(1), undefined, NOW + 1);
        expect(await lease(NOW + 1)).toMatchObject([{ attempts: 1 }]);
      });

      it("knows no other id, and none of another tenant", async () => {
        await queue.enqueue([delivery(1, { tenant: "acme" }), delivery(2), delivery(3, { tenant: AWKWARD })], NOW);
        for (const id of [idOf(9), "", AWKWARD, "x".repeat(5000)]) {
          expect(await queue.resend(id, undefined, NOW)).toBeUndefined();
        }
        expect(await queue.resend(idOf(1), "globex", NOW)).toBeUndefined();
        expect(await queue.resend(idOf(2), "acme", NOW)).toBeUndefined();
        expect(await queue.resend(idOf(1), "acme", NOW)).toMatchObject({ id: idOf(1) });
        expect(await queue.resend(idOf(3), AWKWARD, NOW)).toMatchObject({ id: idOf(3) });
      });
    });

    it("lists the newest first, a page at a time, by status and tenant", async () => {
      await queue.enqueue(
        times(5).map((n) => delivery(n, n % 2 === 0 ? { tenant: "acme" } : {})),
        NOW,
      );
      await queue.settle((await lease())[0]!, { kind: "dead", error: "x" }, NOW);
      const page = async (query: Omit<Parameters<WebhookQueue["list"]>[0], "limit">, limit = 10) =>
        idsOf(await queue.list({ ...query, limit }));
      expect(await page({}, 2)).toEqual([4, 3].map(idOf));
      expect(await page({ before: idOf(3) }, 2)).toEqual([2, 1].map(idOf));
      expect(await page({ status: "dead" })).toEqual([idOf(0)]);
      expect(await page({ status: "pending", tenant: "acme" })).toEqual([4, 2].map(idOf));
      expect(await page({ tenant: "ACME" })).toEqual([]);
    });

    it("forgets what was delivered long ago and what is older still, as many as asked for", async () => {
      const day = 86_400_000;
      await queue.enqueue([delivery(1), delivery(2), delivery(3)], NOW);
      await queue.settle((await lease())[0]!, { kind: "delivered", httpStatus: 200 }, NOW + day);
      await queue.settle((await lease(NOW + 1))[0]!, { kind: "dead", error: "x" }, NOW);
      const forget = (deliveredBefore: number, createdBefore: number, limit = 10) =>
        queue.forget({ deliveredBefore, createdBefore }, limit);
      expect(await forget(NOW + day, NOW)).toBe(0);
      expect(await forget(NOW + day + 1, NOW)).toBe(1);
      expect(await all()).toEqual([3, 2].map(idOf));
      expect(await forget(NOW + day + 1, NOW + 1, 1)).toBe(1);
      expect(await forget(NOW + day + 1, NOW + 1, 10)).toBe(1);
      expect(await all()).toEqual([]);
    });
  });
}
