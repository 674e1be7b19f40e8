import { isQuote, skipBackslashes } from "./characters.ts";
import { markerEnd } from "./marker.ts";

/** A value in a text: between quotes, which may be escaped (JSON inside a string), or as far as a shell or a URL would read. */
export interface Value {
  readonly start: number;
  readonly end: number;
  readonly isQuoted: boolean;
}

/** @returns undefined where no value begins, or an escape in a JSON text makes it unclear (`raw`) */
export function readValue(text: string, from: number, raw: boolean): Value | undefined {
  const quote = skipBackslashes(text, from);
  if (!isQuote(text[quote])) return readUnquoted(text, from, raw);
  const backslashes = quote - from;
  if (raw && backslashes > 0) return undefined;
  const end = closingQuote(text, quote + 1, text[quote]!, backslashes);
  return end === undefined ? readUnquoted(text, quote + 1, raw) : { start: quote + 1, end, isQuoted: true };
}

/** More than this many are no escaping; the bound keeps adversarial texts linear. */
const BACKSLASHES_MAX = 8;

/** Quotes that are escaped deeper than the opening one are part of the value. */
function closingQuote(text: string, from: number, quote: string, backslashes: number): number | undefined {
  if (backslashes > BACKSLASHES_MAX) return undefined;
  for (let at = text.indexOf(quote, from); at >= 0; at = text.indexOf(quote, at + 1)) {
    let before = at;
    while (before > from && text[before - 1] === "\\") before -= 1;
    if (at - before <= backslashes) return before;
  }
  return undefined;
}

function readUnquoted(text: string, from: number, raw: boolean): Value | undefined {
  let at = from;
  while (at < text.length && !ENDS.has(text[at]!)) {
    if (text[at] === "\\" && (raw || ESCAPED.has(text[at + 1]!))) {
      if (raw) return undefined;
      break;
    }
    at = text[at] === "[" ? Math.max(markerEnd(text, at), at + 1) : at + 1;
  }
  return { start: from, end: at, isQuoted: false };
}

const ENDS: ReadonlySet<string> = new Set(" \t\r\n\"'`,;&|<>)}]");
const ESCAPED: ReadonlySet<string> = new Set("nrt\"'`\\");
