export const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];

/** The nearest-rank percentile. @param sorted ascending, not empty @param share 0.99 for the 99th; 1 is the largest */
export function percentile(sorted, share) {
  const rank = Math.ceil(sorted.length * share);
  return sorted[Math.min(Math.max(rank, 1), sorted.length) - 1];
}

/** `[how many in one, value]` for a chart of a distribution: the 99th percentile stands at 100. */
export function distributionOf(sorted) {
  const points = [];
  for (let oneIn = 2; oneIn <= sorted.length; oneIn *= 1.5) points.push([oneIn, percentile(sorted, 1 - 1 / oneIn)]);
  return points;
}

/**
 * The median of each third of samples over time: the collector lets memory rise and fall within seconds; what leaks shows from
 * one third to the next.
 */
export function thirdsOf(samples) {
  const at = (nth, round) => round((nth * samples.length) / 3);
  return [0, 1, 2].map((nth) => median(samples.slice(at(nth, Math.floor), at(nth + 1, Math.ceil))));
}
