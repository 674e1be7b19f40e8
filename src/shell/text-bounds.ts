/** Longer than any command that a person would read before agreeing to it. UTF-16 code units. */
const LENGTH_MAX = 16_384;

/** Why a text is not even parsed, or `undefined`. */
export function refuseText(text: string): string | undefined {
  if (text.length > LENGTH_MAX) return `longer than ${LENGTH_MAX} characters`;
  const hidden = HIDDEN.exec(text);
  if (hidden === null) return OPEN_ESCAPE.test(text) ? "a backslash at the end" : undefined;
  const code = (hidden[0].codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");
  return `the character U+${code} at ${hidden.index}`;
}

/**
 * SECURITY: what a person who reads the text would not see, or see elsewhere: control characters but for tab and line feed
 * (a carriage return lets a terminal overwrite what stands before it), marks of direction, joiners, fillers, other ends of
 * lines, half surrogates. U+FE0F, which only picks the picture of an emoji, may stay.
 */
const HIDDEN = /[^\P{Cc}\t\n]|(?!\ufe0f)[\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{DI}\ufffe\uffff]/u;

/** SECURITY: `pwd\` runs `pwd` where bash reads it from a file, and `pwd\` where it is an argument. */
const OPEN_ESCAPE = /(?<!\\)(?:\\\\)*\\$/;
