import { distance } from "fastest-levenshtein";

/** `, did you mean \`x\`?` for the known name nearest to a misspelt one; empty when none is near. */
export function didYouMean(name: string, known: Iterable<string>): string {
  const near = nearestName(name, known);
  return near === undefined ? "" : `, did you mean \`${near}\`?`;
}

/** The known name within a third of its length, at least one edit, at most three; the first in order wins a tie. */
export function nearestName(name: string, known: Iterable<string>): string | undefined {
  if (name.length > 64) return undefined;
  let best: string | undefined;
  let bestDistance = Number.POSITIVE_INFINITY;
  for (const candidate of known) {
    const edits = distance(name.toLowerCase(), candidate.toLowerCase());
    if (edits < bestDistance && edits <= Math.min(3, Math.max(1, Math.ceil(candidate.length / 3)))) {
      best = candidate;
      bestDistance = edits;
    }
  }
  return best;
}
