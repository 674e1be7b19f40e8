import { assertScope, type Caller } from "../../identity/index.ts";
import { AppError } from "../../model/errors.ts";
import { isUuid } from "../../model/uuid.ts";
import { DELIVERY_STATUSES, type Delivery, type DeliveryQuery } from "../../webhooks/index.ts";
import type { Service } from "../service.ts";

export { DELIVERY_STATUSES, type Delivery };

type WebhookService = Pick<Service, "webhookQueue" | "clock">;

/**
 * Deliveries to webhooks, newest first; a caller of a tenant sees those about that tenant's approvals.
 * @throws AppError `insufficient_scope`, `storage_unavailable`
 */
export async function listWebhookDeliveries(
  { webhookQueue }: WebhookService,
  caller: Caller,
  query: Omit<DeliveryQuery, "tenant">,
): Promise<readonly Delivery[]> {
  assertScope(caller, "approvals:read");
  return webhookQueue.list({ ...query, ...tenantOf(caller) });
}

/**
 * Makes a delivery due at once, with all its attempts before it, whatever became of it.
 * @throws AppError `insufficient_scope`, `not_found` (also one of another tenant), `storage_unavailable`
 */
export async function resendWebhookDelivery(
  { webhookQueue, clock }: WebhookService,
  caller: Caller,
  id: string,
): Promise<Delivery> {
  assertScope(caller, "webhooks:write");
  const { tenant } = tenantOf(caller);
  const delivery = isUuid(id) ? await webhookQueue.resend(id, tenant, clock.now()) : undefined;
  if (delivery === undefined) throw new AppError("not_found", "There is no delivery with this id.");
  return delivery;
}

const tenantOf = ({ identity: { tenant } }: Caller) => (tenant === undefined ? {} : { tenant });
