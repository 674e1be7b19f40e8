import type { FieldFault } from "./errors.ts";
import { LIMITS } from "./limits.ts";

export type JsonTextResult =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly code: "malformed_json" | "invalid_request"; readonly faults: readonly FieldFault[] };

/**
 * Parses a request body and refuses what cannot be stored and replayed as it was sent: nesting deeper than
 * `LIMITS.depthMax`, NUL and lone surrogates (RFC 8259 section 8.2; PostgreSQL's jsonb refuses both), and numbers beyond
 * a double. A negative zero is read as zero.
 *
 * Ordinary bodies pay for `JSON.parse`, a few `indexOf` and a look at each number; only a body that might be at fault is
 * searched for the place.
 */
export function parseJsonText(text: string): JsonTextResult {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return { ok: false, code: "malformed_json", faults: [{ pointer: "", detail: describeSyntaxError(error) }] };
  }
  if (text.includes("\\u") || hasMoreBracketsThan(text, LIMITS.depthMax) || !text.isWellFormed()) {
    const fault = findFault(value, "", 1);
    if (fault !== undefined) return { ok: false, code: "invalid_request", faults: [fault] };
  }
  if (hasExtremeNumber(value)) {
    const fault = findFault(value, "", 1);
    if (fault !== undefined) return { ok: false, code: "invalid_request", faults: [fault] };
    value = withoutNegativeZeros(value);
  }
  return { ok: true, value };
}

const LONE_SURROGATE = /\p{Surrogate}/u;

/** V8 quotes the text around the error; the position is enough, and a body may hold secrets. */
function describeSyntaxError(error: unknown): string {
  const message = String(error);
  const position = /position (\d+)/.exec(message)?.[1];
  if (position !== undefined) return `not JSON at character ${position}`;
  return message.includes("end of JSON input")
    ? "the JSON text ends too early"
    : "not JSON from the first character on";
}

function hasMoreBracketsThan(text: string, max: number): boolean {
  let count = 0;
  for (let at = text.indexOf("{"); at !== -1; at = text.indexOf("{", at + 1)) if (++count > max) return true;
  for (let at = text.indexOf("["); at !== -1; at = text.indexOf("[", at + 1)) if (++count > max) return true;
  return false;
}

function findFault(value: unknown, pointer: string, depth: number): FieldFault | undefined {
  if (typeof value === "string") return findTextFault(value, pointer);
  if (value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY) {
    return { pointer: printable(pointer), detail: "this number is too large for a double; send it as a string" };
  }
  if (typeof value !== "object" || value === null) return undefined;
  if (depth > LIMITS.depthMax) {
    return { pointer, detail: `nested deeper than ${LIMITS.depthMax} levels; flatten it` };
  }
  for (const [key, item] of Object.entries(value)) {
    const at = `${pointer}/${escapePointer(key)}`;
    const fault = findTextFault(key, at) ?? findFault(item, at, depth + 1);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

/**
 * Whether there is a number that `JSON.stringify` writes as another value: the infinity that `JSON.parse` makes of 1e400
 * (`null`), or a negative zero (`0`). The record of a decision would not hold what the rules saw. Costs 0.1 us on an
 * ordinary body. The nesting must have been checked.
 */
function hasExtremeNumber(value: unknown): boolean {
  if (typeof value === "number") return !Number.isFinite(value) || Object.is(value, -0);
  if (typeof value !== "object" || value === null) return false;
  if (Array.isArray(value)) return value.some(hasExtremeNumber);
  for (const key in value) if (hasExtremeNumber((value as Record<string, unknown>)[key])) return true;
  return false;
}

/** Negative zeros become zeros, in place. The nesting must have been checked. */
function withoutNegativeZeros(value: unknown): unknown {
  if (value === 0) return 0;
  if (typeof value !== "object" || value === null) return value;
  const container = value as Record<string, unknown>;
  for (const [key, item] of Object.entries(container)) {
    // An own `__proto__` stays one: assigning to it would do nothing for a number.
    if (item === 0) Object.defineProperty(container, key, { ...ORDINARY, value: 0 });
    else withoutNegativeZeros(item);
  }
  return value;
}

const ORDINARY = { writable: true, enumerable: true, configurable: true };

function findTextFault(text: string, pointer: string): FieldFault | undefined {
  if (text.includes("\0")) return { pointer: printable(pointer), detail: "contains NUL (U+0000); remove it" };
  if (LONE_SURROGATE.test(text)) {
    return { pointer: printable(pointer), detail: "contains half of a surrogate pair; send well-formed Unicode" };
  }
  return undefined;
}

const printable = (pointer: string) => pointer.replaceAll("\0", "\uFFFD").replace(/\p{Surrogate}/gu, "\uFFFD");

/** RFC 6901 section 3. */
export function escapePointer(key: string): string {
  return key.replaceAll("~", "~0").replaceAll("/", "~1");
}
