import type { Logger } from "../../telemetry/index.ts";
import {
  type Attempted,
  type LeasedDelivery,
  nextStep,
  type SendResult,
  type Webhook,
  type WebhookQueue,
  type WebhookSender,
  webhookHeaders,
} from "../../webhooks/index.ts";
import type { Clock } from "../service.ts";

export interface WebhookWorkerOptions {
  readonly webhooks: readonly Webhook[];
  readonly queue: WebhookQueue;
  readonly sender: WebhookSender;
  readonly clock: Pick<Clock, "now">;
  /** From 0 to 1. */
  readonly random: () => number;
  /** Calls `run` once after `ms`; must not keep the process alive. @returns a function that calls it off */
  readonly after: (ms: number, run: () => void) => () => void;
  readonly logger: Logger;
}

/** Sends what is due, for as long as it takes, and forgets what is long past. Never throws. */
export interface WebhookWorker {
  start(): void;
  /** Looks at the queue at once rather than at the next poll. */
  wake(): void;
  /** Gives attempts under way `graceMs` to end, then breaks them off: they do not count and are due at once. */
  stop(graceMs: number): Promise<void>;
}

/** Of each webhook, so that a slow receiver delays nobody but itself, and not even itself for one long attempt. */
const ATTEMPTS_UNDER_WAY_MAX = 2;

/** How late an attempt may be that another process queued or that failed before. What this process queues wakes it. */
const POLL_MS = 1000;
const POLL_AFTER_FAILURE_MS = 5000;

/** Well over what an attempt may take, so that nobody else takes over what still goes on. */
const LEASE_MS = 60_000;

const DAY_MS = 86_400_000;
const FORGET_EVERY_MS = 3_600_000;
const FORGET_BATCH = 500;
/** What arrived need not be shown for long; what did not, and what nobody sends any more, is shown longer. */
const RETENTION_MS = { delivered: 7 * DAY_MS, all: 30 * DAY_MS } as const;

export function createWebhookWorker(options: WebhookWorkerOptions): WebhookWorker {
  const { queue, clock, after, logger } = options;
  const sendOne = createAttempt(options);
  const webhookIds = options.webhooks.map(({ id }) => id);
  const underWay = new Map<string, number>();
  const attempts = new Set<Promise<void>>();
  const stopping = new AbortController();
  let state: "new" | "running" | "stopped" = "new";
  let isWoken = false;
  let isFailing = false;
  let dispatching: Promise<void> | undefined;
  let cancelPoll = () => {};
  let cancelForget = () => {};

  function wake(): void {
    if (state !== "running") return;
    isWoken = true;
    dispatching ??= dispatch().finally(() => {
      dispatching = undefined;
      if (isWoken) wake();
    });
  }

  /** Begins attempts until nothing is due or nobody has room; then sets the timer for the next look. */
  async function dispatch(): Promise<void> {
    cancelPoll();
    try {
      while (isWoken && state === "running") {
        isWoken = false;
        const free = webhookIds.filter((id) => (underWay.get(id) ?? 0) < ATTEMPTS_UNDER_WAY_MAX);
        const leased = await queue.lease(free, clock.now(), LEASE_MS);
        for (const delivery of leased) begin(delivery);
        if (leased.length > 0) isWoken = true;
      }
      isFailing = false;
    } catch (error) {
      if (!isFailing) logger.warn({ err: error }, "deliveries to webhooks wait: the queue does not answer");
      isFailing = true;
    }
    if (state === "running") cancelPoll = after(isFailing ? POLL_AFTER_FAILURE_MS : POLL_MS, wake);
  }

  function begin(delivery: LeasedDelivery): void {
    const { webhookId } = delivery;
    underWay.set(webhookId, (underWay.get(webhookId) ?? 0) + 1);
    const attempt = sendOne(delivery, stopping.signal).finally(() => {
      underWay.set(webhookId, underWay.get(webhookId)! - 1);
      attempts.delete(attempt);
      wake();
    });
    attempts.add(attempt);
  }

  async function forget(): Promise<void> {
    const now = clock.now();
    const before = { deliveredBefore: now - RETENTION_MS.delivered, createdBefore: now - RETENTION_MS.all };
    try {
      while (state === "running" && (await queue.forget(before, FORGET_BATCH)) === FORGET_BATCH);
    } catch (error) {
      logger.warn({ err: error }, "old deliveries to webhooks were not forgotten");
    }
    if (state === "running") cancelForget = after(FORGET_EVERY_MS, forget);
  }

  return {
    start() {
      state = "running";
      wake();
      void forget();
    },
    wake,
    async stop(graceMs) {
      state = "stopped";
      cancelPoll();
      cancelForget();
      const cancelGrace = after(graceMs, () => stopping.abort());
      // What is leased in this very moment begins all the same, and is waited for with the others.
      await dispatching;
      await Promise.all(attempts);
      cancelGrace();
    },
  };
}

/** Makes one attempt and writes down what became of it. Never rejects. */
function createAttempt({ webhooks, queue, sender, clock, random, logger }: WebhookWorkerOptions) {
  const byId = new Map(webhooks.map((webhook) => [webhook.id, webhook]));

  return async (delivery: LeasedDelivery, signal: AbortSignal): Promise<void> => {
    const about = { webhook: delivery.webhookId, delivery_id: delivery.id, attempt: delivery.attempts };
    try {
      const webhook = byId.get(delivery.webhookId)!;
      const result = await sender.send(requestOf(webhook, delivery, clock.now()), signal);
      const now = clock.now();
      const attempted = meaningOf(result, delivery, signal, now, random());
      await queue.settle(delivery, attempted, now);
      if (attempted.kind === "retry") logger.warn({ ...about, error: attempted.error }, "a webhook was not reached");
      if (attempted.kind === "dead")
        logger.error({ ...about, error: attempted.error }, "a delivery to a webhook is dead");
    } catch (error) {
      // Its lease ends, and then it is sent again.
      logger.warn({ err: error, ...about }, "what became of a delivery to a webhook could not be written down");
    }
  };
}

function requestOf({ url, guard, secrets }: Webhook, { eventId, body }: LeasedDelivery, now: number) {
  const headers = webhookHeaders(secrets, { id: eventId, timestamp: Math.floor(now / 1000), body });
  return { url, guard, headers, body };
}

function meaningOf(
  result: SendResult,
  { attempts }: LeasedDelivery,
  signal: AbortSignal,
  now: number,
  random: number,
): Attempted {
  if (signal.aborted && result.kind === "failed") return { kind: "interrupted" };
  const step = nextStep(attempts, result, random);
  if (step.kind !== "retry") return step;
  const { delayMs, ...failure } = step;
  return { ...failure, dueAt: now + delayMs };
}
