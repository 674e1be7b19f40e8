/** A part of a text that is searched at once. */
export interface Window {
  /** Where it begins in the text, in UTF-16 code units. */
  readonly start: number;
  readonly part: string;
}

/**
 * A text in parts that overlap, so that there is a moment to stop between them. What is not longer than the overlap stands in one
 * of them as a whole.
 */
export function windowsOf(text: string): readonly Window[] {
  const windows: Window[] = [];
  for (let start = 0; start === 0 || start + OVERLAP < text.length; start += WINDOW - OVERLAP)
    windows.push({ start, part: text.slice(start, start + WINDOW) });
  return windows;
}

/** The beginning and the end of a text: all that what stands before and behind it can have a part in. */
export function edgesOf(text: string): readonly Window[] {
  if (text.length <= 2 * OVERLAP) return [{ start: 0, part: text }];
  const start = text.length - OVERLAP;
  return [
    { start: 0, part: text.slice(0, OVERLAP) },
    { start, part: text.slice(start) },
  ];
}

/** In UTF-16 code units. */
const WINDOW = 16_384;
const OVERLAP = 4_096;
