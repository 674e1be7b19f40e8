import type { ScanToken } from "libpg-query";
import { scanSql } from "./parser.ts";

/** Bounds of a text. In them the parser takes some milliseconds and a fourth of the stack at the worst. */
export const SQL_LIMITS = {
  /** UTF-16 units. */
  lengthMax: 16_384,
  /** As `countTokens` has it, which counts the words in texts and comments too. */
  tokensMax: 4_000,
  /** Operators and words that can nest: `1+1+1`, `NOT NOT`, `UNION`. The parser's printer recurses over them. */
  operatorsMax: 2_000,
  bracketsDepthMax: 100,
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
  const { tokens, brackets } = countTokens(text);
  if (tokens > SQL_LIMITS.tokensMax) return `more than ${SQL_LIMITS.tokensMax} tokens`;
  const isFlat = tokens <= SQL_LIMITS.operatorsMax && brackets <= SQL_LIMITS.bracketsDepthMax;
  return isFlat ? undefined : nestingFault(scanSql(text));
}

const isWordCode = (code: number) =>
  (code >= 48 && code <= 57) || (code >= 65 && code <= 90) || (code >= 97 && code <= 122) || code === 95 || code > 127;

/**
 * At least as many tokens as PostgreSQL's lexer finds, and as many opening brackets: each token begins a word or is at
 * least one other character.
 */
function countTokens(text: string): { readonly tokens: number; readonly brackets: number } {
  let tokens = 0;
  let brackets = 0;
  let isInWord = false;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    const isWord = isWordCode(code);
    if (isWord ? !isInWord : code > 32) tokens += 1;
    if (code === 40 || code === 91) brackets += 1;
    isInWord = isWord;
  }
  return { tokens, brackets };
}

const PLAIN_TOKENS: ReadonlySet<string> = new Set([
  ...["IDENT", "ICONST", "FCONST", "SCONST", "SQL_COMMENT", "C_COMMENT"],
  ...["ASCII_44", "ASCII_59", "ASCII_46"],
]);

function nestingFault(tokens: readonly ScanToken[] | undefined): string | undefined {
  if (tokens === undefined) return "not SQL that PostgreSQL parses";
  let depth = 0;
  let deepest = 0;
  let operators = 0;
  for (const { text, tokenName } of tokens) {
    if (text === "(" || text === "[") deepest = Math.max(deepest, ++depth);
    else if (text === ")" || text === "]") depth -= 1;
    else if (!PLAIN_TOKENS.has(tokenName)) operators += 1;
  }
  if (deepest > SQL_LIMITS.bracketsDepthMax) return `brackets nested deeper than ${SQL_LIMITS.bracketsDepthMax}`;
  return operators > SQL_LIMITS.operatorsMax ? `more than ${SQL_LIMITS.operatorsMax} operators` : undefined;
}
