import type { Finding, SecretSearch } from "../redaction/index.ts";
import { KeywordFilter } from "./keyword-filter.ts";
import { findByRule, type SecretRule } from "./secret-rule.ts";
import { edgesOf, windowsOf } from "./windows.ts";

/**
 * Texts are searched one by one: each by itself, and as a member of a JSON object would stand in a file.
 * @param microseconds any clock that does not go back
 */
export function createSecretSearch(rules: readonly SecretRule[], microseconds: () => number): SecretSearch {
  const filter = new KeywordFilter(rules);
  for (const { expression } of rules) expression.regex.test(WARM_UP);
  return {
    mayMatch: (json) => filter.hasAny(json),
    begin() {
      const until = microseconds() + VALUE_MICROSECONDS_MAX;
      return (text, name, isNumber = false) => {
        const now = microseconds();
        if (now > until) throw new Error("looking for secrets by the operator's rules took too long");
        const quote = isNumber ? "" : '"';
        const before = name === undefined ? quote : `"${name}":${quote}`;
        return findIn(text, before, `${before}${text}${quote}`, Math.min(until, now + TEXT_MICROSECONDS_MAX));
      };
    },
  };

  /** @param member the text with what would stand `before` it, and behind */
  function findIn(text: string, before: string, member: string, until: number): readonly Finding[] {
    const isOver = () => microseconds() > until;
    const rules = filter.rulesFor(member);
    if (rules.size === 0) return [];
    const parts = [
      ...windowsOf(text),
      ...edgesOf(member).map(({ start, part }) => ({ start: start - before.length, part })),
    ];
    const findings: Finding[] = [];
    for (const rule of rules) {
      for (const { start, part } of parts) {
        const found = isOver() ? undefined : findByRule(rule, part, isOver);
        if (found === undefined) return [{ start: 0, end: text.length, kind: UNSEARCHED }];
        for (const finding of found) addWithin(findings, finding, start, text.length);
      }
    }
    return findings;
  }
}

/** Adds the part of a finding that lies in the text, of which what was searched begins at `from`. */
function addWithin(findings: Finding[], { start, end, kind }: Finding, from: number, length: number): void {
  const part = { start: Math.max(0, from + start), end: Math.min(length, from + end), kind };
  if (part.start < part.end) findings.push(part);
}

/** RE2 makes most of its states when it meets the first text: not while somebody waits. */
const WARM_UP = `import { readFile } from "node:fs"; // Lorem ipsum, 2026-11-22T10:00:00Z
const api_key = process.env.KEY ?? '0123456789abcdef0123456789ABCDEF'; curl -X POST "https://api.example.com/v1/x?a=b&c=d" \\
{"name": "value", "list": [1, 2.5, true, null], "path": "/srv/data/file.txt"} SELECT * FROM users WHERE id = 42;`;

/** The kind of a text that would have taken too long. */
const UNSEARCHED = "unsearched";

/** 64 KB of source code take some 20 ms. One expression takes up to 150 ms for a window that was made for it. */
const TEXT_MICROSECONDS_MAX = 50_000;

/** For all the texts of one value: then it is not recorded, so that nobody hides one text behind others. */
const VALUE_MICROSECONDS_MAX = 150_000;
