import { createHmac } from "node:crypto";

/** What of an attempt is signed. */
export interface Signed {
  /** Of the event, the same for every attempt. INVARIANT: without a full stop, which separates the parts. */
  readonly id: string;
  /** Of the attempt, in epoch seconds. */
  readonly timestamp: number;
  /** Exactly as it is sent. */
  readonly body: string;
}

/**
 * The headers that let a receiver verify who sent an attempt, when, and what.
 * @param secrets a signature is made with each, so that one can be exchanged without a pause; none for no signature
 * @see Standard Webhooks 1.0.0, "Signature scheme" and "Webhook headers"
 */
export function webhookHeaders(secrets: readonly Uint8Array[], signed: Signed): Readonly<Record<string, string>> {
  const signatures = secrets.map((secret) => signatureOf(secret, signed));
  return {
    "webhook-id": signed.id,
    "webhook-timestamp": String(signed.timestamp),
    ...(signatures.length > 0 && { "webhook-signature": signatures.join(" ") }),
  };
}

function signatureOf(secret: Uint8Array, { id, timestamp, body }: Signed): string {
  return `v1,${createHmac("sha256", secret).update(`${id}.${timestamp}.${body}`).digest("base64")}`;
}

const SECRET_PREFIX = "whsec_";
/** What the specification asks for (192 bits) and allows. */
const SECRET_BYTES = { min: 24, max: 64 } as const;

/** The key of a secret as it is handed out: `whsec_` and base64. Undefined for anything else. */
export function parseSecret(text: string): Uint8Array | undefined {
  if (!text.startsWith(SECRET_PREFIX)) return undefined;
  const encoded = text.slice(SECRET_PREFIX.length);
  const key = Buffer.from(encoded, "base64");
  // Node skips what is no base64; a secret that was cut or mistyped must not become another one.
  const isWhole = key.toString("base64").replace(/=+$/, "") === encoded.replace(/=+$/, "");
  return isWhole && key.length >= SECRET_BYTES.min && key.length <= SECRET_BYTES.max ? key : undefined;
}
