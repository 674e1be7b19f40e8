const UNITS = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["min", 60_000],
  ["s", 1000],
] as const;

/** How far a time is, in whole units of the largest kind: `3 min ago`, `in 2 h`, `now`. @param time and `now` in epoch milliseconds */
export function relativeTime(time: number, now: number): string {
  const distance = Math.abs(time - now);
  const [unit, unitMs] = UNITS.find(([, ms]) => distance >= ms) ?? [];
  if (unitMs === undefined) return "now";
  const count = `${Math.floor(distance / unitMs)} ${unit}`;
  return time > now ? `in ${count}` : `${count} ago`;
}
