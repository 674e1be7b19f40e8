import type { SendResult } from "./webhook-sender.ts";

/** What an attempt means for its delivery. */
export type NextStep =
  | { readonly kind: "delivered"; readonly httpStatus: number }
  /** `error` is one line, without a secret. */
  | { readonly kind: "dead"; readonly httpStatus?: number; readonly error: string }
  | { readonly kind: "retry"; readonly delayMs: number; readonly httpStatus?: number; readonly error: string };

const [SECOND, MINUTE, HOUR] = [1000, 60_000, 3_600_000];

/** From one attempt to the next, as the Standard Webhooks specification recommends: the last one is 75 hours after the first. */
const DELAYS_MS = [
  5 * SECOND,
  5 * MINUTE,
  30 * MINUTE,
  2 * HOUR,
  5 * HOUR,
  10 * HOUR,
  14 * HOUR,
  20 * HOUR,
  24 * HOUR,
] as const;

export const ATTEMPTS_MAX = DELAYS_MS.length + 1;

/** A receiver that wants more peace than the longest pause of ours does not get it. Jitter comes on top, as everywhere. */
const RETRY_AFTER_MS_MAX = 24 * HOUR;

/** A pause is up to this part longer, so that what failed together does not come back together. */
const JITTER = 0.2;

const GONE = 410;

/**
 * Only 2xx is success. A redirect is a failure like any other, and 410 is the receiver's wish to hear no more of it.
 * @param attempt which one it was, from 1
 * @param random from 0 to 1
 */
export function nextStep(attempt: number, result: SendResult, random: number): NextStep {
  const httpStatus = result.kind === "answered" ? { httpStatus: result.status } : {};
  if (result.kind === "answered" && isSuccess(result.status)) return { kind: "delivered", httpStatus: result.status };
  const error = result.kind === "answered" ? describeAnswer(result.status) : result.error;
  const pauseMs = DELAYS_MS[attempt - 1];
  if (pauseMs === undefined || httpStatus.httpStatus === GONE) return { kind: "dead", ...httpStatus, error };
  const wishedMs = result.kind === "answered" ? Math.min(result.retryAfterMs ?? 0, RETRY_AFTER_MS_MAX) : 0;
  return {
    kind: "retry",
    ...httpStatus,
    error,
    delayMs: Math.round(Math.max(pauseMs, wishedMs) * (1 + random * JITTER)),
  };
}

const isSuccess = (status: number) => status >= 200 && status <= 299;

function describeAnswer(status: number): string {
  if (status >= 300 && status <= 399) return `the receiver answered ${status}; redirects are not followed`;
  return `the receiver answered ${status}`;
}
