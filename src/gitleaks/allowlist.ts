import type { RE2JS } from "re2js";

/** What an allowlist may look at: all that the rule's expression matched, the part of it that is the secret, its lines. */
export type Target = "match" | "secret" | "line";

/** What is no secret although a rule finds it. */
export interface Allowlist {
  /** Whether every check must agree, or any. */
  readonly condition: "AND" | "OR";
  /** Of the expressions; stopwords are looked for in the secret. */
  readonly target: Target;
  readonly regexes: readonly RE2JS[];
  /** Lower case. */
  readonly stopwords: readonly string[];
  /** Whether it also asks for files or commits: an action has neither, so these checks never agree. */
  readonly asksForPlace: boolean;
}

export function isAllowed(list: Allowlist, textOf: (target: Target) => string): boolean {
  const { condition, target, regexes, stopwords, asksForPlace } = list;
  const matches = () => regexes.some((regex) => regex.test(textOf(target)));
  const holdsStopword = () => holdsAny(textOf("secret").toLowerCase(), stopwords);
  if (condition === "OR") return matches() || holdsStopword();
  return !asksForPlace && (regexes.length === 0 || matches()) && (stopwords.length === 0 || holdsStopword());
}

const holdsAny = (text: string, words: readonly string[]) => words.some((word) => text.includes(word));
