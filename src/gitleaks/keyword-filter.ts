import { KeywordIndex } from "../redaction/index.ts";
import type { SecretRule } from "./secret-rule.ts";

/** Tells which rules a text has a keyword of, in one pass over it. */
export class KeywordFilter {
  readonly #index: KeywordIndex;
  /** The rules of each keyword in the index. */
  readonly #rulesOf: readonly (readonly SecretRule[])[];
  /** Keywords that are too short for the index. */
  readonly #short: readonly (readonly [keyword: string, rules: readonly SecretRule[]])[];
  /** Rules that search every text. */
  readonly #always: readonly SecretRule[];

  constructor(rules: readonly SecretRule[]) {
    this.#always = rules.filter(({ keywords }) => keywords.length === 0 || !keywords.every(isPlain));
    const byKeyword = new Map<string, SecretRule[]>();
    for (const rule of rules.filter((each) => !this.#always.includes(each)))
      for (const keyword of rule.keywords) byKeyword.set(keyword, [...(byKeyword.get(keyword) ?? []), rule]);
    const indexed = [...byKeyword].filter(([keyword]) => keyword.length >= INDEXED_MIN);
    this.#short = [...byKeyword].filter(([keyword]) => keyword.length < INDEXED_MIN);
    this.#index = new KeywordIndex(indexed.map(([keyword]) => keyword));
    this.#rulesOf = indexed.map(([, itsRules]) => itsRules);
  }

  /** Whether a JSON text, which has neither `\u` nor `\/`, may have a text in it that a rule is to search. */
  hasAny(json: string): boolean {
    if (this.#always.length > 0) return true;
    let isFound = false;
    const text = folded(json);
    this.#index.scan(text, () => {
      isFound = true;
      return text.length;
    });
    return isFound || this.#shortIn(text).length > 0;
  }

  rulesFor(text: string): ReadonlySet<SecretRule> {
    const plain = folded(text);
    const found = new Set<number>();
    this.#index.scan(plain, (id) => {
      found.add(id);
      return 0;
    });
    const rules = new Set(this.#always);
    for (const id of found) for (const rule of this.#rulesOf[id]!) rules.add(rule);
    for (const [, itsRules] of this.#shortIn(plain)) for (const rule of itsRules) rules.add(rule);
    return rules;
  }

  #shortIn(text: string) {
    if (this.#short.length === 0) return [];
    const lower = text.toLowerCase();
    return this.#short.filter(([keyword]) => lower.includes(keyword));
  }
}

/** Whether a JSON text has the keyword wherever a text in it has. */
const isPlain = (keyword: string) => /^[\x20-\x7e]+$/.test(keyword) && !/["\\]/.test(keyword);

const INDEXED_MIN = 3;

/** With ASCII for the two other characters whose lower case is in ASCII, as expressions take them that ignore case. */
const folded = (text: string) =>
  /[\u017f\u212a]/.test(text) ? text.replaceAll("\u017f", "s").replaceAll("\u212a", "k") : text;
