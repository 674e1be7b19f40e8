import { KeywordTrie } from "./keyword-trie.ts";

/**
 * Finds where one of many keywords stands, in one pass, whatever their number.
 *
 * Every second position, a hash of three characters says whether a keyword can begin here or one before; few do, and there a
 * trie says which. Half of the positions are enough, because a keyword of four characters holds three that begin at an even
 * one; one of three characters is filed under every character that may follow.
 */
export class KeywordIndex {
  /** Whether three characters, by five bits of each, are the first or the second to fourth of a keyword. */
  readonly #grams = new Uint8Array(GRAMS);
  /** Whether four characters, by their hash, begin a keyword: asked only where the table above says so, but says no oftener. */
  readonly #begins = new Uint8Array(GRAMS);
  readonly #trie: KeywordTrie;

  /** @param keywords lower-case ASCII, three characters or more, distinct; a match gives the position in this list */
  constructor(keywords: readonly string[]) {
    this.#trie = new KeywordTrie(keywords);
    for (const keyword of keywords) this.#file(keyword);
  }

  /** Calls `visit` for every keyword, ignoring case, in order of their starts and the longest first. */
  scan(text: string, visit: Visit): void {
    if (text.length < KEYWORD_MIN) return;
    const bytes = bytesOf(text);
    const last = text.length - 2;
    let from = 0;
    for (let at = this.#nextGram(bytes, 0, last); at < last; at = this.#nextGram(bytes, at, last)) {
      let next = 0;
      if (at > from && this.#begins[hashAt(bytes, at - 1)] === 1) next = this.#visitAt(text, bytes, at - 1, visit);
      if (next === 0 && this.#begins[hashAt(bytes, at)] === 1) next = this.#visitAt(text, bytes, at, visit);
      if (next !== 0) from = next;
      at = next === 0 ? at + 2 : next;
    }
  }

  /** The first of every second position from `from` on, where three characters may belong to a keyword; `last` if none. */
  #nextGram(bytes: Uint8Array, from: number, last: number): number {
    const grams = this.#grams;
    let first = bytes[from]! & 31;
    for (let at = from; at < last; at += 2) {
      const third = bytes[at + 2]! & 31;
      if (grams[(first << 10) | ((bytes[at + 1]! & 31) << 5) | third] === 1) return at;
      first = third;
    }
    return last;
  }

  #visitAt(text: string, bytes: Uint8Array, start: number, visit: Visit): number {
    const found = this.#trie.keywordsAt(bytes, start, text.length);
    if (found === undefined) return 0;
    for (let at = found.length - 2; at >= 0; at -= 2) {
      const end = found[at + 1]!;
      const next = isAscii(text, start, end) ? visit(found[at]!, start, end) : 0;
      if (next > start) return next;
    }
    return 0;
  }

  #file(keyword: string): void {
    const codes = Array.from(keyword, (character) => character.charCodeAt(0));
    const any = Array.from({ length: 256 }, (_, code) => code);
    for (const fourth of keyword.length > 3 ? [codes[3]!] : any) {
      const four = Uint8Array.of(codes[0]!, codes[1]!, codes[2]!, fourth);
      this.#begins[hashAt(four, 0)] = 1;
      this.#grams[gramAt(four, 0)] = 1;
      this.#grams[gramAt(four, 1)] = 1;
    }
  }
}

/** @returns where to go on from, or 0 for "as if nothing were here" */
type Visit = (id: number, start: number, end: number) => number;

/** Whether the bytes say what the characters are. */
function isAscii(text: string, start: number, end: number): boolean {
  for (let at = start; at < end; at += 1) if (text.charCodeAt(at) > 127) return false;
  return true;
}

/** Five bits of each of three characters: letters are told apart, and their case is gone. */
const gramAt = (codes: Uint8Array, at: number) =>
  ((codes[at]! & 31) << 10) | ((codes[at + 1]! & 31) << 5) | (codes[at + 2]! & 31);

/** A hash of four characters, whatever their case. */
function hashAt(codes: Uint8Array, at: number): number {
  const four = codes[at]! | (codes[at + 1]! << 8) | (codes[at + 2]! << 16) | (codes[at + 3]! << 24) | 0x20202020;
  return Math.imul(four, 0x9e3779b1) >>> 17;
}

const KEYWORD_MIN = 3;

/** 32 KiB stay in the first-level cache. */
const GRAMS = 1 << 15;

/**
 * The low byte of every character, one byte each: reading bytes is four times faster than reading characters of a string, the
 * copy included. A character beyond Latin-1 may look like another one, so matches are looked at again.
 * INVARIANT: valid until the next call, so a visit must not scan.
 */
function bytesOf(text: string): Uint8Array {
  if (text.length > scratch.length) scratch = Buffer.allocUnsafeSlow(2 * text.length);
  scratch.write(text, 0, "latin1");
  return scratch;
}
let scratch = Buffer.allocUnsafeSlow(16_384);
