/** Bounds of a text. In them the parser takes some milliseconds and less than half of the stack at the worst. */
export const SQL_LIMITS = {
  /** UTF-16 units. */
  lengthMax: 16_384,
  /**
   * Tokens, opening brackets counting seven times. All of them may nest (`1+1+1`, `NOT NOT`, `((`), and the parser recurses over
   * what it has parsed: with thrice as many it runs out of stack.
   */
  weightMax: 2_500,
  /** The lexer takes quadratic time over comments inside comments. */
  commentsMax: 64,
} as const;

/** What nearly every text is made of. */
const PLAIN = /^[\t\n\x20-\x7e]*$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROL = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029]|\r(?!\n)/;
/** Characters that show nothing or turn the text around them: what a person reads is not what runs. */
const INVISIBLE = /[\p{Cf}\u115f\u1160\u3164\uffa0]/u;

/** Why a text is not given to the parser; undefined when it may be. */
export function textFault(text: string): string | undefined {
  if (text.length > SQL_LIMITS.lengthMax) return `longer than ${SQL_LIMITS.lengthMax} characters`;
  if (!PLAIN.test(text)) {
    if (CONTROL.test(text)) return "has control characters";
    if (INVISIBLE.test(text) || !text.isWellFormed()) return "has invisible or malformed characters";
  }
  if (text.split("/*", SQL_LIMITS.commentsMax + 2).length > SQL_LIMITS.commentsMax + 1) {
    return `more than ${SQL_LIMITS.commentsMax} block comments`;
  }
  return weightOf(text) > SQL_LIMITS.weightMax ? "too many tokens and brackets" : undefined;
}

const isWordCode = (code: number) =>
  (code >= 48 && code <= 57) || (code >= 65 && code <= 90) || (code >= 97 && code <= 122) || code === 95 || code > 127;

const BRACKET_WEIGHT = 6;

/**
 * Never less than that of what PostgreSQL's lexer finds: each token begins a word or is at least one other character. The words
 * in texts and comments count too, so that it does not matter where those end.
 */
function weightOf(text: string): number {
  let weight = 0;
  let isInWord = false;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    const isWord = isWordCode(code);
    if (isWord ? !isInWord : code > 32) weight += 1;
    if (code === 40 || code === 91) weight += BRACKET_WEIGHT;
    isInWord = isWord;
  }
  return weight;
}
