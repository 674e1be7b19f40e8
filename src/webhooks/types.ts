import type { AddressGuard } from "./address-guard.ts";

/** What a webhook can be told of, with full stops as the Standard Webhooks specification recommends. */
export const WEBHOOK_EVENTS = ["approval.opened", "approval.resolved", "approval.expired"] as const;
export type WebhookEvent = (typeof WEBHOOK_EVENTS)[number];

export const WEBHOOK_FORMATS = ["standard", "slack"] as const;
export type WebhookFormat = (typeof WEBHOOK_FORMATS)[number];

/** A receiver, as the operator configured it. */
export interface Webhook {
  readonly id: string;
  /** SECURITY: never shown but for its host: the path of a Slack URL is a credential. */
  readonly url: URL;
  /** Keys of the signatures, the current one first; none where the receiver does not verify any (Slack). */
  readonly secrets: readonly Uint8Array[];
  readonly events: ReadonlySet<WebhookEvent>;
  readonly format: WebhookFormat;
  readonly guard: AddressGuard;
}
