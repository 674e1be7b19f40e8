import type { WebhookEvent } from "./types.ts";

export const DELIVERY_STATUSES = ["pending", "delivered", "dead"] as const;
export type DeliveryStatus = (typeof DELIVERY_STATUSES)[number];

/** One event for one webhook, before it is queued. */
export interface NewDelivery {
  /** UUIDv7. */
  readonly id: string;
  readonly webhookId: string;
  /** The `webhook-id` header, by which receivers know what they have had. */
  readonly eventId: string;
  readonly event: WebhookEvent;
  readonly approvalId: string;
  /** Of the identity that asks. */
  readonly tenant?: string;
  /** Exactly what is sent, in every attempt. */
  readonly body: string;
}

/** Times are epoch milliseconds. */
export interface Delivery extends Omit<NewDelivery, "body" | "tenant"> {
  readonly status: DeliveryStatus;
  /** Attempts that were begun since it was queued or sent again. */
  readonly attempts: number;
  readonly createdAt: number;
  /** While it is pending: of the next attempt, or until when the one under way may take. */
  readonly dueAt?: number;
  /** Of the last attempt that came to an end. */
  readonly lastAttemptAt?: number;
  readonly lastHttpStatus?: number;
  /** Why that attempt failed; one short printable line. */
  readonly lastError?: string;
}

export interface LeasedDelivery extends Delivery {
  readonly body: string;
  /** Which lease of the delivery it is. */
  readonly lease: number;
}

/** What became of an attempt. */
export type Attempted =
  | { readonly kind: "delivered"; readonly httpStatus: number }
  | { readonly kind: "retry"; readonly dueAt: number; readonly httpStatus?: number; readonly error: string }
  | { readonly kind: "dead"; readonly httpStatus?: number; readonly error: string }
  /** It was broken off and does not count: the delivery is due at once. */
  | { readonly kind: "interrupted" };

/** Filters combine with AND. */
export interface DeliveryQuery {
  readonly status?: DeliveryStatus;
  readonly tenant?: string;
  /** Only deliveries with a smaller id than this one: the last id of the page before. */
  readonly before?: string;
  readonly limit: number;
}

/**
 * Deliveries that wait, and what became of those before. `now` is epoch milliseconds.
 * - `enqueue` makes deliveries pending and due at once, all or none; one whose webhook has the same event already stays as
 *   it is.
 * - `lease` gives at most one due delivery of each given webhook, that first which has been due for longest. Nobody else is
 *   given it before `now + leaseMs`: over all processes one holds it at a time, and what a crashed one held comes back.
 * - `settle` writes down what became of a lease. It gives false, and changes nothing, when the lease is not the newest one
 *   any more or the delivery is not pending.
 * - `list` is newest first (descending id); an empty page means no match.
 * - `resend` makes a delivery pending and due at once, with all attempts before it, whatever its status; an attempt under
 *   way does not count any more. It gives undefined for an unknown id, and for one of another tenant when one is given.
 * - `forget` removes at most `limit` deliveries that were delivered before `deliveredBefore` or created before
 *   `createdBefore`, whatever became of those, and gives their number.
 * - Texts are compared byte by byte, and a missing tenant is no tenant's name.
 * @throws UnavailableError `storage_unavailable` from every method when the store does not answer; a change may have been
 * made then or not
 */
export interface WebhookQueue {
  enqueue(deliveries: readonly NewDelivery[], now: number): Promise<void>;
  lease(webhookIds: readonly string[], now: number, leaseMs: number): Promise<readonly LeasedDelivery[]>;
  settle(leased: Pick<LeasedDelivery, "id" | "lease">, attempted: Attempted, now: number): Promise<boolean>;
  list(query: DeliveryQuery): Promise<readonly Delivery[]>;
  resend(id: string, tenant: string | undefined, now: number): Promise<Delivery | undefined>;
  forget(before: { readonly deliveredBefore: number; readonly createdBefore: number }, limit: number): Promise<number>;
}
