import type { Finding, SecretSearch } from "../redaction/index.ts";
import { KeywordFilter } from "./keyword-filter.ts";
import { findByRule, type SecretRule } from "./secret-rule.ts";

/**
 * Texts are searched one by one, each as a member of a JSON object would stand in a file, if it has a name.
 * @param microseconds any clock that does not go back
 */
export function createSecretSearch(rules: readonly SecretRule[], microseconds: () => number): SecretSearch {
  const filter = new KeywordFilter(rules);
  return {
    mayMatch: (json) => filter.hasAny(json),
    begin() {
      const until = microseconds() + MICROSECONDS_MAX;
      const isOver = () => microseconds() > until;
      return (text, name) => {
        const before = name === undefined ? "" : `"${name}":"`;
        const searched = name === undefined ? text : `${before}${text}"`;
        const findings: Finding[] = [];
        for (const rule of filter.rulesFor(searched)) {
          const found = isOver() ? undefined : findByRule(rule, searched, isOver);
          if (found === undefined) return [{ start: 0, end: text.length, kind: UNSEARCHED }];
          findings.push(...found.flatMap((each) => within(each, before.length, text.length)));
        }
        return findings;
      };
    },
  };
}

/** The part of a finding that lies in the text, which begins at `from` of what was searched. */
function within({ start, end, kind }: Finding, from: number, length: number): Finding[] {
  const part = { start: Math.max(0, start - from), end: Math.min(length, end - from), kind };
  return part.start < part.end ? [part] : [];
}

/** The kind of a text that would have taken too long. */
const UNSEARCHED = "unsearched";

/**
 * For the texts of one value together. A text of 64 KB takes some milliseconds, and one made for it 100 by a single expression,
 * so a value holds up the others for as long as both at worst.
 */
const MICROSECONDS_MAX = 50_000;
