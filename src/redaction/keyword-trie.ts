/** Keywords of lower-case ASCII, looked up character by character, whatever the case of the text. */
export class KeywordTrie {
  /** `#next[node * CLASSES + class]`; as a target, the root means "none". */
  readonly #next: Int16Array;
  readonly #keywordAt: Int16Array;

  constructor(keywords: readonly string[]) {
    const nodesMax = 1 + keywords.reduce((sum, keyword) => sum + keyword.length, 0);
    const next = new Int16Array(nodesMax * CLASSES);
    const keywordAt = new Int16Array(nodesMax).fill(-1);
    let nodes = 1;
    for (const [id, keyword] of keywords.entries()) {
      let node = ROOT;
      for (const character of keyword) {
        const slot = node * CLASSES + CLASS_OF[character.charCodeAt(0)]!;
        if (next[slot] === ROOT) next[slot] = nodes++;
        node = next[slot]!;
      }
      keywordAt[node] = id;
    }
    this.#next = next.slice(0, nodes * CLASSES);
    this.#keywordAt = keywordAt.slice(0, nodes);
  }

  /** @param code a UTF-16 code unit @returns the node behind it, or `ROOT` when no keyword goes on like that */
  step(node: number, code: number): number {
    return code < 128 ? this.#next[node * CLASSES + CLASS_OF[code]!]! : ROOT;
  }

  /**
   * The keywords that begin at `start`, the longest last, each as its position and its end; undefined if there is none.
   * @param codes ASCII counts, everything else is in no keyword
   */
  keywordsAt(codes: Uint8Array, start: number, length: number): number[] | undefined {
    const next = this.#next;
    let found: number[] | undefined;
    let node = ROOT;
    for (let at = start; at < length; at += 1) {
      node = next[node * CLASSES + CLASS_OF[codes[at]!]!]!;
      if (node === ROOT) break;
      const id = this.#keywordAt[node]!;
      if (id < 0) continue;
      found ??= [];
      found.push(id, at + 1);
    }
    return found;
  }

  /** The position of the keyword that ends at a node, or -1. */
  keywordAt(node: number): number {
    return this.#keywordAt[node]!;
  }
}

export const ROOT = 0;

/** Upper and lower case are one class. Control characters are in no keyword and share the last. */
const CLASSES = 71;
const CLASS_OF = new Uint8Array(256).fill(CLASSES - 1);
for (let code = 32; code < 127; code += 1) {
  const folded = code >= 65 && code <= 90 ? code + 32 : code;
  CLASS_OF[code] = folded < 65 ? folded - 32 : folded - 58;
}
