import type { AddressGuard } from "./address-guard.ts";

/** One attempt. */
export interface WebhookRequest {
  readonly url: URL;
  readonly guard: AddressGuard;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export type SendResult =
  /** `retryAfterMs`: from now, where the receiver wished for it. */
  | { readonly kind: "answered"; readonly status: number; readonly retryAfterMs?: number }
  /** `error` is one printable line. SECURITY: nothing of the URL but its host is in it. */
  | { readonly kind: "failed"; readonly error: string };

/**
 * Makes one attempt, in bounded time.
 * - Connects only to addresses that the guard permits, all of which it has looked at, and to nothing in between.
 * - Follows no redirect and uses no proxy; of the answer only status and `Retry-After` count.
 * - Never rejects. Once `signal` is aborted it settles soon, as failed.
 */
export interface WebhookSender {
  send(request: WebhookRequest, signal: AbortSignal): Promise<SendResult>;
}
