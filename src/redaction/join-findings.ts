import type { Finding } from "./types.ts";

/** The same places, ascending and without overlaps: what overlaps becomes one, of the kind of the first. */
export function joinFindings(findings: readonly Finding[]): readonly Finding[] {
  const joined: Finding[] = [];
  for (const finding of [...findings].sort((one, other) => one.start - other.start)) {
    const last = joined.at(-1);
    if (last === undefined || finding.start >= last.end) joined.push(finding);
    else if (finding.end > last.end) joined[joined.length - 1] = { ...last, end: finding.end };
  }
  return joined;
}
