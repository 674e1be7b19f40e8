import { DASH, DIGIT, hasIn, isQuote, LETTER, NAME, runEnd, skipBackslashes, skipBlanks } from "./characters.ts";
import { betweenMarkers } from "./marker.ts";
import { isPlaceholder, ORDINARY_MAX } from "./placeholder.ts";
import { readValue, type Value } from "./quoted-value.ts";
import { type Finding, POSSIBLE } from "./types.ts";

/**
 * `Authorization: <scheme> <credentials>` (RFC 9110 section 11.4): everything behind a known scheme, as far as the line or the
 * quotes around it go. Behind another word everything from there on, if it looks like credentials.
 */
export function findCredentials(text: string, from: number, raw: boolean): Finding | "no scheme" | undefined {
  const value = readValue(text, from, raw);
  if (value === undefined) return raw ? POSSIBLE : undefined;
  const scheme = runEnd(text, value.start, LETTER | DIGIT | DASH, SCHEME_MAX + 1);
  const credentials = skipBlanks(text, scheme);
  if (credentials === scheme || scheme - value.start > SCHEME_MAX) return "no scheme";
  if (raw) return POSSIBLE;
  const end = value.isQuoted ? value.end : headerEnd(text, credentials);
  if (end <= credentials) return "no scheme";
  if (!SCHEMES.has(text.slice(value.start, scheme).toLowerCase()))
    return isUnknownScheme(text, value, end) ? { start: value.start, end, kind: "authorization" } : "no scheme";
  return isOrdinary(text, credentials, end) ? undefined : { start: credentials, end, kind: "authorization" };
}

const SCHEME_MAX = 32;
const SCHEMES: ReadonlySet<string> = new Set(
  "basic bearer digest token apikey api-key api-token key negotiate ntlm bot hmac aws4-hmac-sha256 sharedkey dpop genie-key geniekey oauth ssws splunk klaviyo-api-key zoho-oauthtoken".split(
    " ",
  ),
);

/** A word and then what is no prose. */
function isUnknownScheme(text: string, { start, end: wordEnd, isQuoted }: Value, end: number): boolean {
  if (isQuoted) return false;
  if (end - wordEnd > ORDINARY_MAX) return true;
  return !hasIn(text.slice(start, wordEnd), DIGIT) && hasIn(text.slice(wordEnd, end), DIGIT);
}

/** `Bearer $TOKEN`, `Basic authentication is required`. */
function isOrdinary(text: string, start: number, end: number): boolean {
  if (isPlaceholder(text, start, end)) return true;
  if (end - start > ORDINARY_MAX || betweenMarkers(text, { start, end, kind: "" }).some((rest) => rest.end < end))
    return false;
  const credentials = text.slice(start, end);
  const blank = credentials.indexOf(" ");
  if (blank < 0 || hasIn(credentials.slice(blank), DIGIT) || credentials.includes("=")) return false;
  return isPlaceholder(text, start, start + blank) || runEnd(text, start, LETTER) === start + blank;
}

/** The end of a header: of its line, or the quote around it. A parameter may be in quotes: `response="..."`. */
function headerEnd(text: string, from: number): number {
  let open: string | undefined;
  let at = from;
  for (; at < text.length && text[at] !== "\r" && text[at] !== "\n"; at += 1) {
    const quote = skipBackslashes(text, at);
    if (!isQuote(text[quote])) {
      if (quote > at) break;
    } else if (text[quote] === open) {
      open = undefined;
      at = quote;
    } else if (open === undefined) {
      if (text[at - 1] !== "=") break;
      open = text[quote];
      at = quote;
    }
  }
  while (at > from && (text[at - 1] === " " || text[at - 1] === "\t")) at -= 1;
  return at;
}

/** `Cookie: a=b; c=d` (RFC 6265 section 4.2.1), as far as the line or the quotes around it go. */
export function findCookies(text: string, from: number, isHeader: boolean, raw: boolean): Finding | undefined {
  const quoted = readValue(text, from, raw);
  if (quoted === undefined) return raw ? POSSIBLE : undefined;
  if (quoted.isQuoted && raw) return POSSIBLE;
  const isPair = text[runEnd(text, quoted.start, NAME, ORDINARY_MAX)] === "=";
  const end = quoted.isQuoted ? quoted.end : isPair ? lineEnd(text, quoted.start) : quoted.end;
  const length = end - quoted.start;
  const isCookie = isPair || length > ORDINARY_MAX || (!isHeader && length >= COOKIE_MIN);
  if (!isCookie || isPlaceholder(text, quoted.start, end)) return undefined;
  return { start: quoted.start, end, kind: "cookie" };
}
const COOKIE_MIN = 6;

/** The end of a header in text. */
function lineEnd(text: string, from: number): number {
  let at = from;
  while (at < text.length && !"\r\n\"'`\\".includes(text[at]!)) at += 1;
  return at;
}
