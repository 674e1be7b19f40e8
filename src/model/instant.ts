let lastInstant = Number.NaN;
let lastText = "";

/** Epoch milliseconds as RFC 3339 in UTC with milliseconds. Many records fall into one millisecond, so the last is kept. */
export function instantText(epochMs: number): string {
  if (epochMs !== lastInstant) {
    lastInstant = epochMs;
    // biome-ignore lint/style/noRestrictedGlobals: puts a given instant into words; reads no clock.
    lastText = new Date(epochMs).toISOString();
  }
  return lastText;
}

/** Epoch milliseconds of an RFC 3339 text; NaN when it is not one. */
export function parseInstant(text: string): number {
  // biome-ignore lint/style/noRestrictedGlobals: reads no clock.
  return Date.parse(text);
}
