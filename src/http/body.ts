import { isUtf8 } from "node:buffer";

/** A body that was read before the application is called, or why it could not be. */
export type Body = { readonly text: string } | { readonly fault: "body_too_large" | "not_utf8" };

export const EMPTY: Body = { text: "" };
export const TOO_LARGE: Body = { fault: "body_too_large" };
const NOT_UTF8: Body = { fault: "not_utf8" };

/** @param first undefined where nothing came */
export function bodyOf(first: Buffer | undefined, rest?: readonly Buffer[]): Body {
  if (first === undefined) return EMPTY;
  const buffer = rest === undefined ? first : Buffer.concat([first, ...rest]);
  const text = buffer.toString("utf8");
  // What is not UTF-8 becomes U+FFFD; looking for that first is the cheaper half of the check.
  return text.includes("\uFFFD") && !isUtf8(buffer) ? NOT_UTF8 : { text };
}
