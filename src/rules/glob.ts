/**
 * A glob over one name: `*` is any run of characters (also none), `?` is one character, everything else stands for
 * itself; case counts. Matching takes time in the product of both lengths at most, whatever the pattern.
 */
export interface Glob {
  readonly pattern: string;
  matches(text: string): boolean;
  /** The whole pattern when it has no wildcard. */
  readonly literal: string | undefined;
  /** What every matching text begins and ends with. */
  readonly prefix: string;
  readonly suffix: string;
}

const WILDCARD = /[*?]/;

export function compileGlob(pattern: string): Glob {
  const first = pattern.search(WILDCARD);
  if (first < 0) {
    return { pattern, literal: pattern, prefix: pattern, suffix: pattern, matches: (text) => text === pattern };
  }
  const last = Math.max(pattern.lastIndexOf("*"), pattern.lastIndexOf("?"));
  const prefix = pattern.slice(0, first);
  const suffix = pattern.slice(last + 1);
  return { pattern, literal: undefined, prefix, suffix, matches: matcherOf(pattern, prefix, suffix) };
}

/** True when every text that `narrow` matches is matched by `broad` too. May miss some such pairs, never the reverse. */
export function coversGlob(broad: Glob, narrow: Glob): boolean {
  if (broad.pattern === "*" || broad.pattern === narrow.pattern) return true;
  if (narrow.literal !== undefined) return broad.matches(narrow.literal);
  if (broad.pattern === `${broad.prefix}*`) return narrow.prefix.startsWith(broad.prefix);
  if (broad.pattern === `*${broad.suffix}`) return narrow.suffix.endsWith(broad.suffix);
  return false;
}

function matcherOf(pattern: string, prefix: string, suffix: string): (text: string) => boolean {
  if (pattern === "*") return () => true;
  if (pattern === `${prefix}*`) return (text) => text.startsWith(prefix);
  if (pattern === `*${suffix}`) return (text) => text.endsWith(suffix);
  return (text) => matchesWildcards(pattern, text);
}

/** Greedy matching that, on a mismatch, gives the last `*` one more character: no recursion, no blow-up. */
function matchesWildcards(pattern: string, text: string): boolean {
  let p = 0;
  let t = 0;
  let star = -1;
  let resumeAt = 0;
  while (t < text.length) {
    const wanted = pattern[p];
    if (wanted === "*") {
      star = p++;
      resumeAt = t;
    } else if (wanted === "?") {
      p += 1;
      t += characterLength(text, t);
    } else if (wanted === text[t]) {
      p += 1;
      t += 1;
    } else if (star >= 0) {
      p = star + 1;
      resumeAt += characterLength(text, resumeAt);
      t = resumeAt;
    } else return false;
  }
  while (pattern[p] === "*") p += 1;
  return p === pattern.length;
}

/** One character may take two UTF-16 units. */
function characterLength(text: string, at: number): number {
  return text.codePointAt(at)! > 0xffff ? 2 : 1;
}
