import { createHmac } from "node:crypto";
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test, vi } from "vitest";
import { actor, newApproval, OPENED_AT, pendingApproval } from "../../../test/contract/approval-samples.ts";
import { idOf } from "../../../test/contract/samples.ts";
import { createMemoryWebhookQueue } from "../../adapters/memory/webhook-queue.ts";
import { createWebhookSender, type WebhookSenderOptions } from "../../adapters/webhooks/webhook-sender.ts";
import { denyApproval, openApproval } from "../../approvals/index.ts";
import { createLogger } from "../../telemetry/index.ts";
import { parseWebhooks, type Webhook, type WebhookQueue, type WebhookSender } from "../../webhooks/index.ts";
import { approvalView } from "../approvals/approval-view.ts";
import { createWebhooks, type Webhooks } from "./notify-webhooks.ts";

const SECRET = `whsec_${Buffer.alloc(32, 3).toString("base64")}`;
const servers: Server[] = [];
const running: { readonly webhooks: Webhooks; advance(ms: number): void }[] = [];
afterEach(async () => {
  for (const { webhooks, advance } of running.splice(0)) {
    const stopped = webhooks.stop(0);
    advance(0);
    await stopped;
  }
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

interface Heard {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A receiver on loopback that answers the n-th call, and what it was sent. */
async function receiver(answer: (response: ServerResponse, call: number) => void) {
  const heard: Heard[] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => {
      body += chunk;
    });
    request.on("end", () => answer(response, heard.push({ headers: request.headers, body })));
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { heard, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook` };
}
const answers = (status: number) => (response: ServerResponse) => void response.writeHead(status).end();

/** Webhooks as the operator's file gives them, with loopback allowed. @param lines their other fields */
const configured = (...lines: string[]) => configuredAs(...lines.map((line) => `${line}, allow: [127.0.0.1]`));

function configuredAs(...lines: string[]): readonly Webhook[] {
  const items = lines.map((line) => `  - { secret: ${SECRET}, ${line} }`);
  const result = parseWebhooks("webhooks.yaml", `webhooks:\n${items.join("\n")}`, () => ({ ok: false, why: "" }));
  if (!result.ok) throw new Error(result.problems.join("\n"));
  return result.webhooks;
}

/** Time and timers in the test's hands; sockets are real. */
function createHarness(
  webhooks: readonly Webhook[],
  parts: Partial<{ queue: WebhookQueue; sender: WebhookSender }> = {},
) {
  let now = OPENED_AT;
  let timers: { at: number; run: () => void }[] = [];
  const logLines: string[] = [];
  const queue = parts.queue ?? createMemoryWebhookQueue();
  let ids = 5000;
  function advance(ms: number): void {
    now += ms;
    const due = timers.filter(({ at }) => at <= now);
    timers = timers.filter(({ at }) => at > now);
    for (const { run } of due) run();
  }

  const start = (sender: WebhookSender = parts.sender ?? createWebhookSender()) => {
    const made = createWebhooks({
      ...{ webhooks, queue, sender, clock: { now: () => now }, random: () => 0, newId: () => idOf(ids++) },
      after(ms, run) {
        const timer = { at: now + ms, run };
        timers.push(timer);
        return () => {
          timers = timers.filter((other) => other !== timer);
        };
      },
      logger: createLogger("debug", { write: (line: string) => logLines.push(line) }),
    });
    running.push({ webhooks: made, advance });
    made.start();
    return made;
  };
  return {
    queue,
    logLines,
    start,
    advance,
    deliveries: () => queue.list({ limit: 100 }),
    /** Resolves once the only delivery is as described. */
    async becomes(state: object) {
      await vi.waitFor(async () => expect(await queue.list({ limit: 100 })).toMatchObject([state]), 5000);
    },
  };
}

describe("an approval is told", () => {
  test("at once, in the form in which it is shown, with a signature that an independent implementation verifies", async () => {
    const { heard, url } = await receiver(answers(204));
    const harness = createHarness(configured(`id: pager, url: "${url}"`));
    const { notifier } = harness.start();
    const approval = pendingApproval(1);
    await notifier.notify("opened", approval);
    await harness.becomes({
      status: "delivered",
      webhookId: "pager",
      approvalId: approval.id,
      attempts: 1,
      lastHttpStatus: 204,
    });

    const [{ headers, body }] = heard as [Heard];
    expect(JSON.parse(body)).toEqual({
      type: "approval.opened",
      timestamp: new Date(OPENED_AT).toISOString(),
      data: JSON.parse(JSON.stringify(approvalView(approval))),
    });
    expect(headers["webhook-id"]).toBe(`approval_opened_${approval.id}`);
    expect(headers["webhook-timestamp"]).toBe(String(Math.floor(OPENED_AT / 1000)));
    const signed = `${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`;
    const key = Buffer.from(SECRET.split("_")[1]!, "base64");
    expect(headers["webhook-signature"]).toBe(`v1,${createHmac("sha256", key).update(signed).digest("base64")}`);
  });

  test("once, however often the announcer tries", async () => {
    const { heard, url } = await receiver(answers(200));
    const harness = createHarness(configured(`id: pager, url: "${url}"`));
    const { notifier } = harness.start();
    await Promise.all([1, 2, 3].map(() => notifier.notify("opened", pendingApproval(1))));
    await harness.becomes({ status: "delivered" });
    expect(heard).toHaveLength(1);
  });

  test("to those who want to hear it, in their format, with when it happened", async () => {
    const [all, chat] = [await receiver(answers(200)), await receiver(answers(200))];
    const harness = createHarness(
      configured(
        `id: all, url: "${all.url}"`,
        `id: chat, url: "${chat.url}", format: slack, events: [approval.resolved]`,
      ),
    );
    const { notifier } = harness.start();
    const denied = denyApproval(
      openApproval(newApproval(1), OPENED_AT),
      actor("alice"),
      "No.",
      OPENED_AT + 5000,
    ).approval;
    await notifier.notify("opened", pendingApproval(1));
    await notifier.notify("resolved", denied);
    await vi.waitFor(() => expect([all.heard.length, chat.heard.length]).toEqual([2, 1]));
    expect(JSON.parse(chat.heard[0]!.body)).toMatchObject({
      text: expect.stringMatching(/^Approval denied: `billing-agent`/),
    });
    const bodies = all.heard.map(({ body }) => JSON.parse(body));
    expect(bodies.find(({ type }) => type === "approval.resolved")).toMatchObject({
      timestamp: new Date(OPENED_AT + 5000).toISOString(),
      data: { status: "denied", resolution: { by: "alice", reason: "No." } },
    });
  });

  test("as it is, when its opening is told late", async () => {
    const { heard, url } = await receiver(answers(200));
    const { notifier } = createHarness(configured(`id: pager, url: "${url}"`)).start();
    const denied = denyApproval(pendingApproval(1), actor("alice"), "No.", OPENED_AT + 5000).approval;
    await notifier.notify("opened", denied);
    await vi.waitFor(() => expect(heard).toHaveLength(1));
    expect(JSON.parse(heard[0]!.body)).toMatchObject({
      type: "approval.opened",
      timestamp: new Date(OPENED_AT).toISOString(),
      data: { status: "denied", resolution: { reason: "No." } },
    });
  });

  test("without asking the queue again for what this process queued, but again where that failed", async () => {
    const store = createMemoryWebhookQueue();
    const enqueue = vi.fn(store.enqueue).mockRejectedValueOnce(new Error("away"));
    const harness = createHarness(configured("id: a, url: https://x.example"), { queue: { ...store, enqueue } });
    const { notifier } = harness.start({ send: async () => ({ kind: "failed", error: "away" }) });
    await expect(notifier.notify("opened", pendingApproval(1))).rejects.toThrow("away");
    for (let n = 0; n < 5; n++) await notifier.notify("opened", pendingApproval(1));
    expect(enqueue).toHaveBeenCalledTimes(2);
    await notifier.notify("expired", pendingApproval(1));
    await notifier.notify("opened", pendingApproval(2));
    expect(enqueue).toHaveBeenCalledTimes(4);
  });

  test("to nobody where there is no webhook", async () => {
    const harness = createHarness([]);
    await harness.start().notifier.notify("opened", pendingApproval(1));
    expect(await harness.deliveries()).toEqual([]);
  });

  test("or the announcer hears that it could not be queued", async () => {
    const queue = createMemoryWebhookQueue();
    const { notifier } = createHarness(configured("id: a, url: https://x.example"), { queue }).start();
    await queue.close();
    await expect(notifier.notify("opened", pendingApproval(1))).rejects.toMatchObject({ code: "storage_unavailable" });
  });
});

describe("a receiver", () => {
  async function told(answer: (response: ServerResponse, call: number) => void) {
    const { heard, url } = await receiver(answer);
    const harness = createHarness(configured(`id: pager, url: "${url}"`));
    await harness.start().notifier.notify("opened", pendingApproval(1));
    return { ...harness, heard };
  }

  test("that fails and then works again is told the same, signed anew", async () => {
    const harness = await told((response, call) => void response.writeHead(call < 3 ? 500 : 200).end());
    await harness.becomes({
      status: "pending",
      attempts: 1,
      lastError: "the receiver answered 500",
      dueAt: OPENED_AT + 5000,
    });
    const { heard } = harness;
    harness.advance(4999);
    await harness.becomes({ attempts: 1 });
    expect(heard).toHaveLength(1);
    harness.advance(1001);
    await harness.becomes({ attempts: 2, dueAt: OPENED_AT + 6000 + 300_000, lastError: "the receiver answered 500" });
    harness.advance(300_000);
    await harness.becomes({ status: "delivered", attempts: 3 });

    expect(new Set(heard.map(({ body }) => body)).size).toBe(1);
    expect(new Set(heard.map(({ headers }) => headers["webhook-id"])).size).toBe(1);
    expect(new Set(heard.map(({ headers }) => headers["webhook-signature"])).size).toBe(3);
  });

  test("that wishes for a pause gets it", async () => {
    const harness = await told((response) => void response.writeHead(429, { "retry-after": "3600" }).end());
    await harness.becomes({ status: "pending", dueAt: OPENED_AT + 3_600_000 });
  });

  test("that is gone is told no more, until somebody sends it again", async () => {
    const harness = await told((response, call) => void response.writeHead(call === 1 ? 410 : 200).end());
    await harness.becomes({ status: "dead", attempts: 1, lastHttpStatus: 410 });
    expect(harness.logLines.join("")).toContain("a delivery to a webhook is dead");
    const [dead] = await harness.deliveries();
    await harness.queue.resend(dead!.id, undefined, OPENED_AT);
    harness.advance(1000);
    await harness.becomes({ status: "delivered", attempts: 1 });
  });

  test("that redirects is not followed", async () => {
    const elsewhere = await receiver(answers(200));
    const harness = await told((response) => void response.writeHead(302, { location: elsewhere.url }).end());
    await harness.becomes({ status: "pending", lastError: "the receiver answered 302; redirects are not followed" });
    expect(elsewhere.heard).toEqual([]);
  });

  test("that never works is given up after ten attempts, visibly", async () => {
    const harness = await told(answers(503));
    for (let attempt = 1; attempt < 10; attempt++) {
      await harness.becomes({ status: "pending", attempts: attempt, lastHttpStatus: 503 });
      harness.advance(86_400_000);
    }
    await harness.becomes({ status: "dead", attempts: 10, lastError: "the receiver answered 503" });
    expect(harness.heard).toHaveLength(10);
  });

  test("that hangs delays nobody else, and has two attempts under way at most", async () => {
    const [slow, quick] = [await receiver(() => {}), await receiver(answers(200))];
    const harness = createHarness(configured(`id: slow, url: "${slow.url}"`, `id: quick, url: "${quick.url}"`));
    const { notifier } = harness.start();
    for (let n = 1; n <= 20; n++) await notifier.notify("opened", pendingApproval(n));
    await vi.waitFor(() => expect(quick.heard).toHaveLength(20));
    await vi.waitFor(() => expect(slow.heard).toHaveLength(2));
    const waiting = (await harness.deliveries()).filter(({ webhookId }) => webhookId === "slow");
    expect(waiting.filter(({ attempts }) => attempts > 0)).toHaveLength(2);
  });
});

describe("an internal address is never told anything, and the delivery says so", () => {
  const resolvesTo = (...addresses: string[]): WebhookSenderOptions => ({
    resolve: async () => [{ address: addresses.shift()!, family: 4 }],
  });

  test.each(["169.254.169.254", "10.0.0.1", "127.0.0.1"])("a name that stands for %s", async (address) => {
    const { heard, url } = await receiver(answers(200));
    const { port } = new URL(url);
    const harness = createHarness(configuredAs(`id: a, url: "https://hooks.example:${port}/hunter2"`));
    await harness.start(createWebhookSender(resolvesTo(address))).notifier.notify("opened", pendingApproval(1));
    await harness.becomes({
      status: "pending",
      lastError: `hooks.example stands for ${address}, which is neither a public address nor in \`allow\``,
    });
    expect(heard).toEqual([]);
    expect(harness.logLines.join("")).toContain(address);
    expect(harness.logLines.join("")).not.toContain("hunter2");
  });
});

describe("a worker", () => {
  test("that stops lets attempts end, then breaks them off without counting them; another goes on", async () => {
    const { heard, url } = await receiver((response, call) => void (call === 1 ? undefined : response.end()));
    const harness = createHarness(configured(`id: a, url: "${url}"`));
    const first = harness.start();
    await first.notifier.notify("opened", pendingApproval(1));
    await vi.waitFor(() => expect(heard).toHaveLength(1));
    const stopped = first.stop(2000);
    await harness.becomes({ status: "pending", attempts: 1 });
    harness.advance(2000);
    await stopped;
    await harness.becomes({ status: "pending", attempts: 0, dueAt: OPENED_AT + 2000 });
    harness.start();
    await harness.becomes({ status: "delivered", attempts: 1 });
  });

  test("that crashed is replaced: what it held is sent when its time is over", async () => {
    const { url } = await receiver(answers(200));
    const harness = createHarness(configured(`id: a, url: "${url}"`));
    const crashed = harness.start({ send: () => new Promise(() => {}) });
    await crashed.notifier.notify("opened", pendingApproval(1));
    await harness.becomes({ attempts: 1 });
    running.splice(0);
    harness.start();
    harness.advance(59_999);
    await harness.becomes({ status: "pending", attempts: 1 });
    harness.advance(1000);
    await harness.becomes({ status: "delivered", attempts: 2 });
  });

  test("goes on when the queue was away, and says so once", async () => {
    const { url } = await receiver(answers(200));
    const store = createMemoryWebhookQueue();
    let isAway = false;
    const away = () => Promise.reject(new Error("away"));
    const queue = {
      ...store,
      lease: (...args: Parameters<WebhookQueue["lease"]>) => (isAway ? away() : store.lease(...args)),
    };
    const harness = createHarness(configured(`id: a, url: "${url}"`), { queue });
    isAway = true;
    const { notifier } = harness.start();
    await notifier.notify("opened", pendingApproval(1));
    const said = () => harness.logLines.filter((line) => line.includes("the queue does not answer"));
    await vi.waitFor(() => expect(said()).toHaveLength(1));
    harness.advance(5000);
    isAway = false;
    await vi.waitFor(async () => {
      harness.advance(5000);
      expect(await queue.list({ limit: 1 })).toMatchObject([{ status: "delivered" }]);
    });
    expect(said()).toHaveLength(1);
  });

  test("survives a sender that fails in a way that nobody thought of: the delivery comes back", async () => {
    const { url } = await receiver(answers(200));
    const harness = createHarness(configured(`id: a, url: "${url}"`));
    let calls = 0;
    const real = createWebhookSender();
    const sender: WebhookSender = {
      send: (...args) => (calls++ === 0 ? Promise.reject(new Error("bug")) : real.send(...args)),
    };
    await harness.start(sender).notifier.notify("opened", pendingApproval(1));
    await vi.waitFor(() => expect(harness.logLines.join("")).toContain("could not be written down"));
    harness.advance(60_000);
    await harness.becomes({ status: "delivered", attempts: 2 });
  });

  test("forgets what arrived a week ago", async () => {
    const { url } = await receiver(answers(200));
    const harness = createHarness(configured(`id: a, url: "${url}"`));
    await harness.start().notifier.notify("opened", pendingApproval(1));
    await harness.becomes({ status: "delivered" });
    harness.advance(7 * 86_400_000 - 1);
    await harness.becomes({ status: "delivered" });
    harness.advance(3_600_001);
    await vi.waitFor(async () => expect(await harness.deliveries()).toEqual([]));
  });
});
