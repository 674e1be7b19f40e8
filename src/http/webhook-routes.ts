import { z } from "zod";
import { isUuid } from "../model/uuid.ts";
import {
  DELIVERY_STATUSES,
  type Delivery,
  listWebhookDeliveries,
  resendWebhookDelivery,
} from "../operations/webhooks/manage-webhook-deliveries.ts";
import { answersWith } from "./openapi.ts";
import { invalid, readQuery } from "./read-body.ts";
import { type App, type HttpDeps, keyRoute, respond } from "./route.ts";

const LIMIT_DEFAULT = 50;
const LIMIT_MAX = 200;

const querySchema = z.strictObject({
  status: z.enum(DELIVERY_STATUSES).optional().meta({ description: "How it stands." }),
  cursor: z.string().min(1).max(256).optional().meta({ description: "`next_cursor` of the page before." }),
  limit: z.coerce
    .number()
    .int()
    .min(1)
    .max(LIMIT_MAX)
    .default(LIMIT_DEFAULT)
    .meta({ description: `Deliveries per page, 1 to ${LIMIT_MAX}.` }),
});

const instant = (description: string) => z.iso.datetime().meta({ description: `${description} (RFC 3339).` });

const deliverySchema = z
  .object({
    id: z.uuid().meta({ description: "UUIDv7." }),
    webhook_id: z.string().meta({ description: "The webhook's `id` in the file of webhooks." }),
    event_id: z.string().meta({ description: "The `webhook-id` header: the same in every attempt." }),
    type: z.string().meta({ description: "What happened." }),
    approval_id: z.uuid().meta({ description: "To which approval." }),
    status: z.enum(DELIVERY_STATUSES).meta({
      description: "`dead`: it is not tried again unless it is sent again.",
    }),
    attempts: z.int().meta({ description: "Attempts that were begun since it was queued or sent again." }),
    created_at: instant("When it was queued"),
    due_at: instant(
      "While it is pending: when the next attempt is due, or until when the one under way may take",
    ).optional(),
    last_attempt_at: instant("When the last attempt ended").optional(),
    last_http_status: z.int().optional().meta({ description: "What the receiver answered it with, if anything." }),
    last_error: z.string().optional().meta({ description: "Why it failed." }),
  })
  .meta({ id: "WebhookDelivery", description: "One event for one webhook." });

const listSchema = z
  .object({
    items: z.array(deliverySchema).meta({ description: "Newest first." }),
    next_cursor: z.string().nullable().meta({ description: "For the next page; null on the last one." }),
  })
  .meta({ id: "WebhookDeliveryList", description: "A page of deliveries." });

const APPROVAL_ID = "01890b6e-7c00-7000-8000-000000000001";

const DEAD = {
  id: "01890b6e-7c00-7000-8000-000000000000",
  webhook_id: "pager",
  event_id: `approval_opened_${APPROVAL_ID}`,
  type: "approval.opened",
  approval_id: APPROVAL_ID,
  status: "dead",
  attempts: 10,
  created_at: "2026-01-31T09:00:00.000Z",
  last_attempt_at: "2026-02-03T13:12:41.000Z",
  last_http_status: 503,
  last_error: "the receiver answered 503",
};

/** What was told to webhooks, and telling it again. */
export function addWebhookRoutes(app: App, deps: HttpDeps): void {
  const { service } = deps;

  keyRoute(
    app,
    deps,
    {
      method: "get",
      path: "/v1/webhooks/deliveries",
      operationId: "listWebhookDeliveries",
      tags: ["Webhooks"],
      summary: "Deliveries to webhooks",
      description: "Needs the scope `approvals:read`; a key of a tenant finds those about that tenant's approvals.",
      request: { query: querySchema },
      responses: { 200: answersWith(listSchema, "A page, newest first.", { items: [DEAD], next_cursor: null }) },
    },
    { problems: ["invalid_request", "storage_unavailable"] },
    async (c, caller, exchange) => {
      const { status, cursor, limit } = readQuery(c, querySchema);
      if (cursor !== undefined && !isUuid(cursor)) {
        throw invalid([{ pointer: "/cursor", detail: "is not a cursor of this list" }], "A query parameter is wrong.");
      }
      // One more than asked for tells whether there is a next page.
      const query = { ...(status && { status }), ...(cursor && { before: cursor }), limit: limit + 1 };
      const found = await listWebhookDeliveries(service, caller, query);
      const items = found.slice(0, limit).map(deliveryJson);
      const next_cursor = found.length > limit ? (items.at(-1)?.id ?? null) : null;
      return respond({ items, next_cursor }, exchange.clientRequestId);
    },
  );

  keyRoute(
    app,
    deps,
    {
      method: "post",
      path: "/v1/webhooks/deliveries/{id}/resend",
      operationId: "resendWebhookDelivery",
      tags: ["Webhooks"],
      summary: "Send a delivery again",
      description:
        "Needs the scope `webhooks:write`. It is due at once, with all its attempts before it, whatever became of it before.",
      request: { params: z.object({ id: z.uuid().meta({ description: "The delivery's id." }) }) },
      responses: {
        200: answersWith(deliverySchema, "The delivery as it is now.", { ...DEAD, status: "pending", attempts: 0 }),
      },
    },
    { problems: ["not_found", "storage_unavailable"] },
    async (c, caller, exchange) => {
      const delivery = await resendWebhookDelivery(service, caller, c.req.param("id") ?? "");
      return respond(deliveryJson(delivery), exchange.clientRequestId);
    },
  );
}

const iso = (time: number) => new Date(time).toISOString();

function deliveryJson(delivery: Delivery) {
  return {
    id: delivery.id,
    webhook_id: delivery.webhookId,
    event_id: delivery.eventId,
    type: delivery.event,
    approval_id: delivery.approvalId,
    status: delivery.status,
    attempts: delivery.attempts,
    created_at: iso(delivery.createdAt),
    ...(delivery.dueAt !== undefined && { due_at: iso(delivery.dueAt) }),
    ...(delivery.lastAttemptAt !== undefined && { last_attempt_at: iso(delivery.lastAttemptAt) }),
    last_http_status: delivery.lastHttpStatus,
    last_error: delivery.lastError,
  };
}
