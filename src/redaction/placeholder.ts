import { DIGIT, DOT, hasIn, isIn, LETTER, LOWER, runEnd, UNDERSCORE, UPPER, WORD } from "./characters.ts";
import { betweenMarkers } from "./marker.ts";

/** What stands where a secret would: nothing, a marker, a variable, a parameter of a query, dots and stars. */
export function isPlaceholder(text: string, start: number, end: number): boolean {
  if (betweenMarkers(text, { start, end, kind: "" }).length === 0) return true;
  if (end - start > ORDINARY_MAX) return false;
  const value = text.slice(start, end);
  return isReference(value) || isMask(value) || WORDS.has(value.toLowerCase());
}

/**
 * No ordinary value that stands where a secret would is longer.
 * INVARIANT: a detector that has read more than this many characters takes them, so that nothing reads them again: otherwise a text
 * of many beginnings and no end would be read from each of them.
 */
export const ORDINARY_MAX = 256;

function isReference(value: string): boolean {
  if (value.length === 1) return value === "?" || value === "$";
  if (OPENINGS.some((opening) => value.startsWith(opening))) return true;
  if (value === "%s" || (value[0] === "%" && value.endsWith("%"))) return true;
  const isName = "$:@".includes(value[0]!) && runEnd(value, 1, WORD | UNDERSCORE) === value.length;
  return isName && !isIn(value, 1, DIGIT) ? !isGenerated(value) : isNumberedParameter(value);
}

/** Letters of both cases with digits between them: nobody calls a variable `$Xq7Zk29LmP`. */
const isGenerated = (name: string) => hasIn(name, UPPER) && hasIn(name, LOWER) && /\d[A-Za-z]+\d/.test(name);

const OPENINGS = ["${", "$(", "{{", "<%", "%(", "<", "#{"];

const isNumberedParameter = (value: string) =>
  (value[0] === "$" || value[0] === ":") && value.length <= 3 && runEnd(value, 1, DIGIT) === value.length;

const MASK_MIN = 3;

/** `****`, `xxxx`, `...`: one character over and over. */
function isMask(value: string): boolean {
  if (value.length < MASK_MIN && value[0] !== "*") return false;
  if (!"*xX.•-_?#".includes(value[0]!)) return false;
  for (const character of value) if (character !== value[0]) return false;
  return true;
}

/** What schemas, forms and prose say of a secret, and what code compares it with. */
const WORDS: ReadonlySet<string> = new Set(
  "true false null nil none undefined required optional string str text number int integer varchar bool boolean password passwd passphrase pwd secret token credential credentials cookie authorization bearer basic yes no redacted hidden new await self this default include same-origin omit inherit".split(
    " ",
  ),
);

/** Whether an unquoted value is code that yields the secret rather than the secret: a call, an index, `process.env.TOKEN`. */
export function isCode(value: string, isSpaced: boolean): boolean {
  if (value.length > ORDINARY_MAX || !isIn(value, 0, LETTER | UNDERSCORE)) return false;
  const path = runEnd(value, 0, WORD | UNDERSCORE | DOT);
  if (value[path] === "(" || value[path] === "[") return !/[#!^%~@]/.test(value);
  if (path < value.length || !value.includes(".")) return false;
  return isSpaced ? !hasIn(value, DIGIT) : CODE_ROOTS.has(value.slice(0, value.indexOf(".")).toLowerCase());
}

const CODE_ROOTS: ReadonlySet<string> = new Set(
  "process os env self this config settings args opts options req request ctx context var local data module secrets steps vars values".split(
    " ",
  ),
);
