/**
 * On every answer (OWASP REST Security Cheat Sheet). No more than what is of use on JSON: each header costs the hot route half
 * a microsecond. Pages add what belongs to pages.
 */
export const SECURITY_HEADERS = {
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
} as const;

/** On the docs page besides; it carries its style in itself. */
export const PAGE_HEADERS: Readonly<Record<string, string>> = {
  "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-frame-options": "DENY",
};

/** The caller's own request id, when it is one that can safely stand in a header and a log line. */
export function clientRequestId(header: string | undefined): string | undefined {
  return header !== undefined && /^[\x21-\x7e]{1,128}$/.test(header) ? header : undefined;
}

/** `application/json`, with or without parameters (RFC 8259 section 11). */
export const isJsonType = (header: string | undefined) =>
  header === "application/json" || (header !== undefined && /^application\/json\s*(;|$)/i.test(header));
