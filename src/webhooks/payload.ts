import { instantText } from "../model/instant.ts";
import { slackMessage } from "./slack-message.ts";
import type { WebhookEvent, WebhookFormat } from "./types.ts";

/** What of an approval's JSON view messages are made of. SECURITY: `request` is redacted before it gets here. */
export interface ApprovalData {
  readonly id: string;
  readonly status: string;
  readonly expires_at: string;
  readonly action_type: string;
  readonly action_name: string;
  readonly requester: { readonly name: string; readonly tenant?: string | undefined };
  readonly rule: { readonly id: string; readonly name: string; readonly reason: string };
  readonly request?: unknown;
  readonly resolution?: { readonly by?: string | undefined; readonly reason?: string | undefined } | undefined;
}

export interface ApprovalEvent {
  readonly type: WebhookEvent;
  /** When it happened, epoch milliseconds. */
  readonly at: number;
  readonly data: ApprovalData;
}

/** The specification wants payloads to be small, and common receivers refuse more than 100 KB. */
const BODY_BYTES_MAX = 64 * 1024;

/** The body that tells of an event. Made once, so that every attempt sends the same bytes. */
export function payloadOf(event: ApprovalEvent, format: WebhookFormat): string {
  if (format === "slack") return JSON.stringify(slackMessage(event));
  const whole = standardPayload(event);
  if (Buffer.byteLength(whole) <= BODY_BYTES_MAX) return whole;
  const { request: _, ...data } = event.data;
  return standardPayload({ ...event, data: { ...data, request_omitted: true } as ApprovalData });
}

/** @see Standard Webhooks 1.0.0, "Payload structure" */
function standardPayload({ type, at, data }: ApprovalEvent): string {
  return JSON.stringify({ type, timestamp: instantText(at), data });
}

/**
 * The same event always has the same id, so that it is queued once however often it is told. Without a full stop: see
 * `webhookHeaders`.
 */
export function eventIdOf(type: WebhookEvent, approvalId: string): string {
  return `${type.replace(".", "_")}_${approvalId}`;
}
