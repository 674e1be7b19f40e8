import type { CelDiagnostic } from "./types.ts";

/** A fault at an offset of a source text, with line and column counted from 1. */
export function diagnosticAt(source: string, offset: number, message: string): CelDiagnostic {
  let line = 1;
  let lineStart = 0;
  for (let at = source.indexOf("\n"); at !== -1 && at < offset; at = source.indexOf("\n", at + 1)) {
    line += 1;
    lineStart = at + 1;
  }
  return { message, offset, line, column: offset - lineStart + 1 };
}

/** User input in a message: backticks, at most 60 characters, control characters made visible. */
export function quoted(text: string): string {
  const short = text.length > 60 ? `${text.slice(0, 57)}...` : text;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not reach a terminal
  return `\`${short.replace(/[\u0000-\u001f\u007f]/g, "\ufffd")}\``;
}

/**
 * The known name closest to one that is not known, if any is close: at most a third of the letters (but always one)
 * inserted, deleted, replaced or swapped.
 */
export function nearestName(name: string, known: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(name.length / 3)) + 1;
  for (const candidate of known) {
    if (Math.abs(candidate.length - name.length) >= bestDistance) continue;
    const distance = editDistance(name, candidate);
    if (distance < bestDistance) {
      bestDistance = distance;
      best = candidate;
    }
  }
  return best;
}

/** Damerau-Levenshtein distance, adjacent swaps counting as one. Names are short, so the full table will do. */
function editDistance(a: string, b: string): number {
  if (a.length > 64 || b.length > 64) return Number.POSITIVE_INFINITY;
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, index) => index)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    const above = rows[i - 1]!;
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let distance = Math.min(above[j]! + 1, row[j - 1]! + 1, above[j - 1]! + cost);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        distance = Math.min(distance, rows[i - 2]![j - 2]! + 1);
      }
      row.push(distance);
    }
    rows.push(row);
  }
  return rows[a.length]![b.length]!;
}

/** ", did you mean `x`?" or nothing. */
export function suggestion(name: string, known: Iterable<string>): string {
  const nearest = nearestName(name, known);
  return nearest === undefined ? "" : `, did you mean \`${nearest}\`?`;
}
