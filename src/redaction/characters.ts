/** Sets of ASCII characters as bits; every other character is in none. */
export const UPPER = 1;
export const LOWER = 2;
export const DIGIT = 4;
export const DASH = 8;
export const UNDERSCORE = 16;
export const DOT = 32;
export const BASE64_REST = 64;
export const HEX = 128;
/** What cannot stand in the authority of a URL, unless it is encoded. */
export const AUTHORITY_END = 256;
/** What can stand between a name and its value, or its closing quote. */
export const ASSIGNING = 512;

export const LETTER = UPPER | LOWER;
export const WORD = LETTER | DIGIT;
export const SEPARATOR = DASH | UNDERSCORE | DOT;
export const NAME = WORD | SEPARATOR;
export const BASE64URL = WORD | DASH | UNDERSCORE;
export const BASE64 = BASE64URL | BASE64_REST;
/** RFC 6750 section 2.1. */
export const TOKEN68 = BASE64 | DOT;

const SETS = new Uint16Array(128);
for (let code = 0; code < 128; code += 1) {
  const character = String.fromCharCode(code);
  let set = 0;
  if (character >= "A" && character <= "Z") set |= UPPER;
  if (character >= "a" && character <= "z") set |= LOWER;
  if (character >= "0" && character <= "9") set |= DIGIT | HEX;
  if (character >= "a" && character <= "f") set |= HEX;
  if (character === "-") set |= DASH;
  if (character === "_") set |= UNDERSCORE;
  if (character === ".") set |= DOT;
  if ("+/=~".includes(character)) set |= BASE64_REST;
  if (code <= 32 || "/?#\"'`<>".includes(character)) set |= AUTHORITY_END;
  if ("\"'`\\ \t\r\n=:!>,".includes(character)) set |= ASSIGNING;
  SETS[code] = set;
}

/** Whether the character at `at` is in one of the sets; false outside the text. */
export function isIn(text: string, at: number, sets: number): boolean {
  const code = text.charCodeAt(at);
  return code < 128 && (SETS[code]! & sets) !== 0;
}

/** The end of the characters in `sets` that begin at `from`, at most `max` of them. */
export function runEnd(text: string, from: number, sets: number, max = text.length): number {
  const stop = Math.min(text.length, from + max);
  let at = from;
  while (at < stop && isIn(text, at, sets)) at += 1;
  return at;
}

/** The start of the characters in `sets` that end before `from`, at most `max` of them. */
export function runStart(text: string, from: number, sets: number, max: number): number {
  const stop = Math.max(0, from - max);
  let at = from;
  while (at > stop && isIn(text, at - 1, sets)) at -= 1;
  return at;
}

/** Whether nothing of a word stands before `at`. The letter of an escape such as `\n` is not part of a word. */
export function isWordStart(text: string, at: number): boolean {
  return !isIn(text, at - 1, WORD) || (text[at - 2] === "\\" && "nrtbf".includes(text[at - 1]!));
}

/** The end of the spaces and tabs, and with `lines` of the line ends, that begin at `from`. */
export function skipBlanks(text: string, from: number, lines = false): number {
  let at = from;
  while (text[at] === " " || text[at] === "\t" || (lines && (text[at] === "\n" || text[at] === "\r"))) at += 1;
  return at;
}

export function skipBackslashes(text: string, from: number): number {
  let at = from;
  while (text[at] === "\\") at += 1;
  return at;
}

export const isQuote = (character: string | undefined) => character === '"' || character === "'" || character === "`";

export const hasIn = (text: string, sets: number) => {
  for (let at = 0; at < text.length; at += 1) if (isIn(text, at, sets)) return true;
  return false;
};
