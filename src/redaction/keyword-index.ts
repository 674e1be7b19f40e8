import { KeywordTrie, ROOT } from "./keyword-trie.ts";

/**
 * Finds where one of many keywords stands, in one pass, whatever their number.
 *
 * Every second position, a hash of three characters says whether a keyword can begin here or one before; few do, and there a
 * trie says which. Half of the positions are enough, because a keyword of four characters holds three that begin at an even
 * one; one of three characters is filed under every character that may follow.
 */
export class KeywordIndex {
  /** Whether three characters, by their hash, are the first or the second to fourth of a keyword. */
  readonly #grams = new Uint8Array(GRAMS);
  /** Whether four characters, by their hash, begin a keyword: asked only where the table above says so, but says no oftener. */
  readonly #begins = new Uint8Array(GRAMS);
  readonly #trie: KeywordTrie;

  /** @param keywords lower-case ASCII, three characters or more, distinct; a match gives the position in this list */
  constructor(keywords: readonly string[]) {
    this.#trie = new KeywordTrie(keywords);
    for (const keyword of keywords) this.#fileGrams(keyword);
  }

  /**
   * Calls `visit` for every keyword, ignoring case, in order of their starts and the longest first.
   *
   * @param visit returns where to go on from, or 0 for "as if nothing were here"
   */
  scan(text: string, visit: (id: number, start: number, end: number) => number): void {
    const grams = this.#grams;
    const begins = this.#begins;
    const bytes = bytesOf(text);
    const last = text.length - 2;
    let from = 0;
    let first = (bytes[0]! | 32) & 127;
    for (let at = 0; at < last; at += 2) {
      const third = (bytes[at + 2]! | 32) & 127;
      const gram = grams[hashOf(first, bytes[at + 1]! | 32, third)]!;
      first = third;
      if (gram === 0) continue;
      let next = 0;
      if ((gram & SECOND) !== 0 && at > from && begins[hashAt(bytes, at - 1)] === 1)
        next = this.#visitAt(text, at - 1, visit);
      if (next === 0 && (gram & FIRST) !== 0 && begins[hashAt(bytes, at)] === 1) next = this.#visitAt(text, at, visit);
      if (next === 0) continue;
      from = next;
      at = next - 2;
      first = (bytes[next]! | 32) & 127;
    }
  }

  #visitAt(text: string, start: number, visit: (id: number, start: number, end: number) => number): number {
    let ends: number[] | undefined;
    let node = ROOT;
    for (let at = start; at < text.length; at += 1) {
      node = this.#trie.step(node, text.charCodeAt(at));
      if (node === ROOT) break;
      const id = this.#trie.keywordAt(node);
      if (id < 0) continue;
      ends ??= [];
      ends.push(id, at + 1);
    }
    if (ends === undefined) return 0;
    for (let at = ends.length - 2; at >= 0; at -= 2) {
      const next = visit(ends[at]!, start, ends[at + 1]!);
      if (next > start) return next;
    }
    return 0;
  }

  #fileGrams(keyword: string): void {
    const codes = Array.from(keyword, (character) => character.charCodeAt(0) | 32);
    this.#file(FIRST, codes[0]!, codes[1]!, codes[2]!);
    if (codes.length > 3) this.#file(SECOND, codes[1]!, codes[2]!, codes[3]!);
    // Any character may follow; the hash sees seven bits of it.
    else for (let code = 0; code < 128; code += 1) this.#file(SECOND, codes[1]!, codes[2]!, code);
    const fourth = codes.slice(3, 4);
    for (let code = 0; code < 256; code += 1) {
      if (fourth.length === 0 || (code | 32) === fourth[0])
        this.#begins[hashAt(Uint8Array.of(...codes.slice(0, 3), code), 0)] = 1;
    }
  }

  #file(which: number, first: number, second: number, third: number): void {
    this.#grams[hashOf(first, second, third)]! |= which;
  }
}

/** A hash of three characters, of which the case is already gone. */
const hashOf = (first: number, second: number, third: number) =>
  Math.imul(first | (second << 8) | (third << 16), 0x9e3779b1) >>> 17;

/** A hash of four characters, whatever their case. */
function hashAt(codes: Uint8Array, at: number): number {
  const four = codes[at]! | (codes[at + 1]! << 8) | (codes[at + 2]! << 16) | (codes[at + 3]! << 24) | 0x20202020;
  return Math.imul(four, 0x9e3779b1) >>> 17;
}

/** 32 KiB stay in the first-level cache. */
const GRAMS = 1 << 15;
const FIRST = 1;
const SECOND = 2;

/**
 * The low byte of every character, one byte each: reading bytes is four times faster than reading characters of a string, the
 * copy included. A character beyond Latin-1 may look like another one; the trie sees the difference.
 * INVARIANT: valid until the next call, so a visit must not scan.
 */
function bytesOf(text: string): Uint8Array {
  if (text.length > scratch.length) scratch = Buffer.allocUnsafeSlow(2 * text.length);
  scratch.write(text, 0, "latin1");
  return scratch;
}
let scratch = Buffer.allocUnsafeSlow(16_384);
