import {
  BASE64,
  BASE64URL,
  DASH,
  DIGIT,
  DOT,
  hasIn,
  isIn,
  isWordStart,
  runEnd,
  runStart,
  TOKEN68,
  UNDERSCORE,
  UPPER,
  WORD,
} from "./characters.ts";
import { ORDINARY_MAX } from "./placeholder.ts";
import type { TokenFormat } from "./token-formats.ts";
import type { Detector, Finding } from "./types.ts";

/** Finds credentials of one format. A run of small letters is a word, such as `sk-learn-contrib`. */
export function createTokenDetector({ kind, prefix, sets, min, max, isApart = false }: TokenFormat): Detector {
  return (text, start, end) => {
    if (!text.startsWith(prefix, start) || !isWordStart(text, start)) return undefined;
    if (isApart && (isIn(text, start - 1, DASH | UNDERSCORE | DOT) || text[start - 1] === "/")) return undefined;
    const stop = runEnd(text, end, sets, max === undefined ? undefined : max + 1);
    const length = stop - end;
    if (length < min || (max !== undefined && length > max) || isIn(text, stop, WORD)) return undefined;
    return length > ORDINARY_MAX || hasIn(text.slice(end, stop), DIGIT | UPPER)
      ? { start, end: stop, kind }
      : undefined;
  };
}

/** `$2b$10$<53>` and `$argon2id$v=19$m=...$<salt>$<hash>`: a hash of a password can be guessed at leisure. */
export const detectPasswordHash: Detector = (text, start, end) => {
  let stop = end;
  while (isIn(text, stop, BASE64 | DOT) || text[stop] === "$" || text[stop] === ",") stop += 1;
  return stop - end >= HASH_MIN && text.slice(end, stop).includes("$")
    ? { start, end: stop, kind: "password-hash" }
    : undefined;
};
const HASH_MIN = 40;

/** RFC 7515 section 3.1, also cut off: a header that begins like a JSON object, and the beginning of a payload. */
export const detectJwt: Detector = (text, start, end) => {
  // Behind a dash it would be the middle of other base64url; that also keeps adversarial texts linear.
  if (!text.startsWith("eyJ", start) || !isWordStart(text, start) || isIn(text, start - 1, BASE64URL & ~WORD))
    return undefined;
  const header = runEnd(text, end, BASE64URL);
  if (text[header] !== "." || header - start < JWT_PART_MIN) return undefined;
  const payload = runEnd(text, header + 1, BASE64URL);
  if (payload - header <= JWT_PART_MIN && text[payload] !== ".") return undefined;
  return { start, end: runEnd(text, payload, BASE64URL | DOT), kind: "jwt" };
};
const JWT_PART_MIN = 10;

/** `<bot id>:AA<33>`, where the keyword is `:AA`. */
export const detectTelegramToken: Detector = (text, start, end) => {
  const id = runStart(text, start, DIGIT, 11);
  const stop = runEnd(text, end, BASE64URL, 36);
  if (start - id < 8 || stop - end < 31 || stop - end > 35 || !isWordStart(text, id)) return undefined;
  return { start: id, end: stop, kind: "telegram-token" };
};

/** `<three>8Q~<31 or more>`: a client secret of Microsoft Entra. */
export const detectEntraSecret: Detector = (text, start, end) => {
  const stop = runEnd(text, end, TOKEN68, 41);
  const from = runStart(text, start, BASE64URL | DOT, 4);
  if (start - from < 3 || stop - end < 31 || stop - end > 40) return undefined;
  return { start: start - 3, end: stop, kind: "entra-client-secret" };
};

/** RFC 7468: a whole block, or what there is of one that was cut off. */
export const detectPrivateKey: Detector = (text, start) => {
  const window = text.slice(start, start + PEM_MAX);
  const label = window.slice(0, PEM_LABEL_MAX).indexOf("PRIVATE KEY");
  if (label < 0) return undefined;
  const footer = window.indexOf("-----END", label);
  const end = footer < 0 ? pemRunEnd(text, start) : footerEnd(text, start + footer);
  return { start, end, kind: "private-key" } satisfies Finding;
};
const PEM_MAX = 16_384;
const PEM_LABEL_MAX = 64;

function footerEnd(text: string, footer: number): number {
  const label = footer + "-----END".length;
  const dashes = text.slice(label, label + PEM_LABEL_MAX).indexOf("-----");
  return dashes < 0 ? pemRunEnd(text, label) : label + dashes + "-----".length;
}

/** The end of base64, headers, white space and line ends written as escapes. */
function pemRunEnd(text: string, from: number): number {
  let at = from;
  while (isIn(text, at, BASE64) || isPemRest(text[at])) at += 1;
  // What follows the block keeps its escape: `\"` closes a JSON text inside a string.
  while (at > from && isPemRest(text[at - 1])) at -= 1;
  return at;
}

const isPemRest = (character: string | undefined) => character !== undefined && " \t\r\n\\:,".includes(character);
