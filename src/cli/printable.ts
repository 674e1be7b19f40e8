/**
 * SECURITY: text from rules, requests and servers could move the cursor, change colours or reverse what a terminal
 * shows. Control, bidirectional and line-separator characters become visible escapes; line breaks become spaces.
 */
export function printable(text: string): string {
  return text.replace(/\s*[\r\n]\s*|\t/g, " ").replace(UNSAFE, (c) => `\\u{${c.codePointAt(0)!.toString(16)}}`);
}

/** JSON that a terminal can show; every escape is still JSON. @param isIndented for people */
export function printableJson(value: unknown, isIndented: boolean): string {
  const text = JSON.stringify(value, undefined, isIndented ? 2 : undefined);
  // JSON.stringify has escaped the other control characters inside strings; line breaks are its own.
  return `${text.replace(UNSAFE_BUT_BREAKS, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`)}\n`;
}

const UNSAFE = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;
const UNSAFE_BUT_BREAKS = /(?!\n)[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;
