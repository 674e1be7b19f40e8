import { createHash } from "node:crypto";

/** A B-tree entry must stay under 2,704 bytes: 512 UTF-16 units are at most 1,536 in UTF-8, beside an id. */
const LENGTH_MAX = 512;
// biome-ignore lint/suspicious/noControlCharactersInRegex: NUL is what PostgreSQL's text cannot hold.
const UNSTORABLE = /[\u0000\p{Surrogate}]/gu;

/**
 * The form in which a text is stored in, and looked up by, a filter column. Text that PostgreSQL cannot hold or index
 * (NUL, lone surrogates, too long) gets a digest appended, so that different texts keep different forms.
 */
export function filterText(text: string): string {
  const storable = text.replace(UNSTORABLE, "\uFFFD");
  if (storable === text && text.length <= LENGTH_MAX) return text;
  // UTF-16 because UTF-8 would make all lone surrogates equal.
  const digest = createHash("sha256").update(text, "utf16le").digest("hex");
  return `${storable.slice(0, LENGTH_MAX - 100).replace(UNSTORABLE, "\uFFFD")}…sha256:${digest}`;
}

/** True for text that a `text` parameter can carry unchanged; an id that cannot be stored is not in the store. */
export function isStorableText(text: string): boolean {
  return text.search(UNSTORABLE) === -1;
}
