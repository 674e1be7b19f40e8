export { type AddressGuard, createAddressGuard, plainHost } from "./address-guard.ts";
export { parseWebhooks, type SecretFile } from "./parse-webhooks.ts";
export { type ApprovalData, eventIdOf, payloadOf } from "./payload.ts";
export { nextStep } from "./retry-schedule.ts";
export { webhookHeaders } from "./sign.ts";
export type { Webhook, WebhookEvent } from "./types.ts";
export * from "./webhook-queue.ts";
export type * from "./webhook-sender.ts";
