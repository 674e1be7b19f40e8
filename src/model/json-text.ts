import { countKeysAtMost, findDuplicateKey } from "./duplicate-keys.ts";
import type { FieldFault } from "./errors.ts";
import { escapePointer } from "./json-pointer.ts";
import { LIMITS } from "./limits.ts";

export type JsonTextResult =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly code: "malformed_json" | "invalid_request"; readonly faults: readonly FieldFault[] };

/**
 * Parses a request body and refuses what would not be decided on, recorded and replayed as it was sent:
 * - nesting deeper than `LIMITS.depthMax`
 * - NUL and lone surrogates (RFC 8259 section 8.2)
 * - a key twice in one object, of which parsers keep different ones (section 4)
 * - numbers that a double cannot hold: whole numbers beyond 2^53 - 1, and those that become infinite (section 6)
 *
 * Minus zero becomes zero, as the record would say. @param text well-formed where it comes from UTF-8
 */
export function parseJsonText(text: string): JsonTextResult {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return { ok: false, code: "malformed_json", faults: [{ pointer: "", detail: describeSyntaxError(error) }] };
  }
  // Neither can be written in JSON but as an escape: in text that came from UTF-8 there is nothing to look for without one.
  const walk = new Walk(text.includes("\\u") || !text.isWellFormed());
  const fault = walk.visit(value, 1) ?? findDuplicateFault(text, walk.keys);
  if (fault !== undefined) return { ok: false, code: "invalid_request", faults: [fault] };
  return { ok: true, value: Object.is(value, -0) ? 0 : value };
}

/** V8 quotes the text around the error; the position is enough, and a body may hold secrets. */
function describeSyntaxError(error: unknown): string {
  const message = String(error);
  const position = /position (\d+)/.exec(message)?.[1];
  if (position !== undefined) return `not JSON at character ${position}`;
  return message.includes("end of JSON input")
    ? "the JSON text ends too early"
    : "not JSON from the first character on";
}

/** Only a text with more keys than the value has can hold one twice; that is rare, so the search may be slow. */
function findDuplicateFault(text: string, keysOfValue: number): FieldFault | undefined {
  const pointer = countKeysAtMost(text) > keysOfValue ? findDuplicateKey(text) : undefined;
  return pointer === undefined
    ? undefined
    : { pointer: printable(pointer), detail: "given twice; keep one of the two" };
}

/** One pass over the value. Pointers are made only on the way back from a fault. */
class Walk {
  keys = 0;
  /** Whether a text of the value may hold what is refused. */
  readonly #mayHaveFaults: boolean;

  constructor(mayHaveFaults: boolean) {
    this.#mayHaveFaults = mayHaveFaults;
  }

  visit(value: unknown, depth: number): FieldFault | undefined {
    if (typeof value === "string") return this.#mayHaveFaults ? findTextFault(value) : undefined;
    if (typeof value === "number") return isExact(value) ? undefined : INEXACT;
    if (typeof value !== "object" || value === null) return undefined;
    if (depth > LIMITS.depthMax) return TOO_DEEP;
    return Array.isArray(value) ? this.#items(value, depth) : this.#fields(value, depth);
  }

  #items(items: unknown[], depth: number): FieldFault | undefined {
    for (let index = 0; index < items.length; index += 1) {
      const item = items[index];
      const fault = this.visit(item, depth + 1);
      if (fault !== undefined) return below(`/${index}`, fault);
      if (item === 0) items[index] = 0;
    }
    return undefined;
  }

  #fields(fields: object, depth: number): FieldFault | undefined {
    // JSON.parse makes own properties only, `__proto__` included.
    for (const key in fields) {
      this.keys += 1;
      const item = (fields as Record<string, unknown>)[key];
      const fault = (this.#mayHaveFaults ? findTextFault(key) : undefined) ?? this.visit(item, depth + 1);
      if (fault !== undefined) return below(`/${escapePointer(key)}`, fault);
      if (item === 0) (fields as Record<string, unknown>)[key] = 0;
    }
    return undefined;
  }
}

/** A fault with the step that leads to it put in front. */
const below = (step: string, { pointer, detail }: FieldFault): FieldFault => ({
  pointer: printable(step) + pointer,
  detail,
});

/** Whether a double holds what was written; the digits behind the point are rounded, as every JSON parser does. */
const isExact = (value: number) =>
  Number.isFinite(value) && (Math.abs(value) <= Number.MAX_SAFE_INTEGER || !Number.isInteger(value));

const fault = (detail: string): FieldFault => ({ pointer: "", detail });
const INEXACT = fault("beyond what a double holds exactly (2^53 - 1); send it as a string");
const TOO_DEEP = fault(`nested deeper than ${LIMITS.depthMax} levels; flatten it`);
const NUL = fault("contains NUL (U+0000); remove it");
const NOT_WELL_FORMED = fault("contains half of a surrogate pair; send well-formed Unicode");

function findTextFault(text: string): FieldFault | undefined {
  if (text.includes("\0")) return NUL;
  return text.isWellFormed() ? undefined : NOT_WELL_FORMED;
}

const printable = (pointer: string) => pointer.replaceAll("\0", "\uFFFD").toWellFormed();
