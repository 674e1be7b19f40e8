/**
 * SECURITY: text from rules, requests and servers could move the cursor, change colours, reverse what a terminal shows,
 * or hold what it does not show at all. Control, bidirectional, invisible and line-separator characters become visible
 * escapes; line breaks become spaces.
 */
export function printable(text: string): string {
  return text.replace(/\s*[\r\n]\s*|\t/g, " ").replace(UNSAFE, (c) => `\\u{${c.codePointAt(0)!.toString(16)}}`);
}

/** JSON that a terminal can show; every escape is still JSON. @param isIndented for people */
export function printableJson(value: unknown, isIndented: boolean): string {
  const text = JSON.stringify(value, undefined, isIndented ? 2 : undefined);
  // JSON.stringify has escaped the other control characters inside strings; line breaks are its own.
  return `${text.replace(UNSAFE_BUT_BREAKS, jsonEscape)}\n`;
}

/** A character outside the basic plane is two escapes. */
const jsonEscape = (character: string) =>
  character
    .split("")
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
    .join("");

const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;
const UNSAFE_BUT_BREAKS = new RegExp(`(?!\\n)${UNSAFE.source}`, "gu");
