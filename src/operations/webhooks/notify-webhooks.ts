import type { Approval, ApprovalNotice, ApprovalNotifier } from "../../approvals/index.ts";
import {
  eventIdOf,
  type NewDelivery,
  payloadOf,
  type Webhook,
  type WebhookEvent,
  type WebhookQueue,
} from "../../webhooks/index.ts";
import { approvalView } from "../approvals/approval-view.ts";
import type { Service } from "../service.ts";
import { createWebhookWorker, type WebhookWorker, type WebhookWorkerOptions } from "./deliver-webhooks.ts";

export interface WebhooksOptions extends WebhookWorkerOptions, Pick<Service, "newId"> {}

/** Tells webhooks of approvals. */
export interface Webhooks extends Pick<WebhookWorker, "start" | "stop"> {
  readonly notifier: ApprovalNotifier;
}

/** Without a webhook there is nothing to tell, to send or to look at. */
export function createWebhooks(options: WebhooksOptions): Webhooks {
  if (options.webhooks.length === 0) return { notifier: { async notify() {} }, start() {}, async stop() {} };
  const worker = createWebhookWorker(options);
  return {
    notifier: createWebhookNotifier(options, worker.wake),
    start: worker.start,
    stop: worker.stop,
  };
}

interface NotifierDeps extends Pick<WebhooksOptions, "webhooks" | "clock" | "newId"> {
  readonly queue: Pick<WebhookQueue, "enqueue">;
}

/** Events that are remembered as queued. The queue takes none twice in any case; this saves asking it. */
const QUEUED_MAX = 10_000;

/**
 * What it is told again, as of all that are pending every minute, costs nothing.
 * @param queued called when there is something to send
 */
function createWebhookNotifier({ webhooks, queue, clock, newId }: NotifierDeps, queued: () => void): ApprovalNotifier {
  const known = new Set<string>();

  function remember(eventId: string): void {
    known.add(eventId);
    if (known.size > QUEUED_MAX) known.delete(known.values().next().value!);
  }

  return {
    async notify(notice, approval) {
      const event: WebhookEvent = `approval.${notice}`;
      const eventId = eventIdOf(event, approval.id);
      const now = clock.now();
      const told = webhooks.filter(({ events }) => events.has(event));
      if (told.length === 0 || known.has(eventId)) return;
      await queue.enqueue(
        told.map((webhook) => deliveryOf(webhook, notice, approval, newId(now))),
        now,
      );
      remember(eventId);
      queued();
    },
  };
}

function deliveryOf(
  { id: webhookId, format }: Webhook,
  notice: ApprovalNotice,
  approval: Approval,
  id: string,
): NewDelivery {
  const event: WebhookEvent = `approval.${notice}`;
  const at = notice === "opened" ? approval.createdAt : (approval.resolution?.at ?? approval.createdAt);
  const { tenant } = approval.requester.identity;
  return {
    ...{ id, webhookId, event, approvalId: approval.id, eventId: eventIdOf(event, approval.id) },
    ...(tenant !== undefined && { tenant }),
    body: payloadOf({ type: event, at, data: approvalView(approval) }, format),
  };
}
