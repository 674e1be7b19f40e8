export interface RedactorOptions {
  /** 32 bytes or more: keys the digests in markers. */
  readonly key: Uint8Array;
  /** JSON pointers whose value is always replaced (RFC 6901; `*` stands for any one key or index), relative to the text that is redacted. */
  readonly paths?: readonly string[];
  /** Finds more than what is known here. */
  readonly search?: SecretSearch;
}

/** Finds secrets by rules that come from outside. */
export interface SecretSearch {
  /** False says that nothing would be found in any text of a JSON text that has neither `\u` nor `\/`. Runs for every decision. */
  mayMatch(json: string): boolean;
  /** A search of the texts of one value, whose work is bounded: what it would take too long to search is found as a whole. */
  begin(): SearchText;
}

/**
 * @param name of the member that the text is the value of
 * @param isNumber whether it stands there without quotes
 * @returns what is found in the text, in any order, overlapping or not
 */
export type SearchText = (text: string, name?: string, isNumber?: boolean) => readonly Finding[];

export interface Redaction {
  /** The JSON text with every secret replaced by its marker. */
  readonly json: string;
  /**
   * JSON pointers of the values that were changed, ascending, unique; never themselves a secret (a key that is one is replaced in them too).
   * At most 100: with more, those of the members of the whole value that hold the changes, or "" for the whole value.
   */
  readonly pointers: readonly string[];
}

export interface Redactor {
  /** Runs for every decision. @param json a valid JSON text. @returns undefined when nothing has to go, the usual case */
  redactJson(json: string): Redaction | undefined;
  /** The same for one text that is not JSON. Returns the text itself when nothing has to go. */
  redactText(text: string): string;
  /** `hmac-sha256:<64 hex>` of a text, keyed with `key` (domain-separated from the markers' digests). */
  digest(text: string): string;
}

/** A secret in a text: `start` inclusive, `end` exclusive, in UTF-16 code units. */
export interface Finding {
  readonly start: number;
  readonly end: number;
  readonly kind: string;
}

/**
 * Looks at one place where a keyword stands, from `start` to `end`.
 *
 * @param raw whether `text` is a JSON text that nobody has parsed. Then any finding only says that the text has to be parsed,
 *   and where an escape hides what matters, the answer is `POSSIBLE`.
 */
export type Detector = (text: string, start: number, end: number, raw: boolean) => Finding | undefined;

/** INVARIANT: what is a finding in a parsed string is a finding, or this, in the JSON text that the string comes from. */
export const POSSIBLE: Finding = { start: 0, end: 0, kind: "possible" };
