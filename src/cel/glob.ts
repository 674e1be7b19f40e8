import type { EvalFrame } from "./frame.ts";

/** A compiled glob. `test` is false, and the frame's fuel below zero, when there was not enough fuel. */
export interface Glob {
  test(frame: EvalFrame, name: string): boolean;
  /** Plain text that a matching name starts and ends with; empty where the pattern has none. */
  readonly prefix: string;
  readonly suffix: string;
  /** True when only the one name `prefix` matches. */
  readonly isExact: boolean;
}

/**
 * Compiles a glob: `*` is any run of characters, dots and slashes included, `?` is exactly one, everything else is
 * itself, case included. Time is the length of the name, times the longest run of characters around a `?`.
 */
export function compileGlob(pattern: string): Glob {
  const segments = pattern.split("*");
  const first = segments[0]!;
  const last = segments.at(-1)!;
  const isExact = segments.length === 1 && !first.includes("?");
  const shape = {
    prefix: first.split("?")[0]!,
    suffix: segments.length === 1 && !isExact ? "" : last.split("?").at(-1)!,
    isExact,
  };
  if (isExact) return { ...shape, test: (_frame, name) => name === pattern };
  if (!pattern.includes("?") && segments.length === 2) {
    const least = pattern.length - 1;
    return { ...shape, test: (_f, name) => name.length >= least && name.startsWith(first) && name.endsWith(last) };
  }
  const test = segmentTest(segments, pattern.includes("?"));
  // INVARIANT: a name without the prefix or the suffix is refused before anything is spent: the index relies on it.
  const { prefix, suffix } = shape;
  return { ...shape, test: (frame, name) => name.startsWith(prefix) && name.endsWith(suffix) && test(frame, name) };
}

type Letters = string | readonly string[];

function segmentTest(segments: readonly string[], hasSingles: boolean): Glob["test"] {
  const letterSegments = segments.map((segment) => [...segment]);
  const longest = hasSingles ? Math.max(...segments.map((segment) => segment.length)) : 1;
  return (frame, name) => {
    if (!frame.spend((name.length * longest) / 16)) return false;
    // `?` is one character, so a pair of surrogates must count as one.
    if (hasSingles && /[\ud800-\udfff]/.test(name)) return matchSegments(letterSegments, [...name]);
    return matchSegments(segments, name);
  };
}

function matchSegments(segments: readonly Letters[], name: Letters): boolean {
  const first = segments[0]!;
  if (!matchesAt(first, name, 0)) return false;
  if (segments.length === 1) return name.length === first.length;
  const last = segments.at(-1)!;
  const lastStart = name.length - last.length;
  let at = first.length;
  for (const segment of segments.slice(1, -1)) {
    at = find(segment, name, at, lastStart);
    if (at < 0) return false;
    at += segment.length;
  }
  return lastStart >= at && matchesAt(last, name, lastStart);
}

function matchesAt(segment: Letters, name: Letters, at: number): boolean {
  if (at + segment.length > name.length) return false;
  for (let index = 0; index < segment.length; index++) {
    if (segment[index] !== "?" && segment[index] !== name[at + index]) return false;
  }
  return true;
}

/** The first place from `from` on where the segment fits before `end`; -1 when there is none. */
function find(segment: Letters, name: Letters, from: number, end: number): number {
  if (typeof segment === "string" && typeof name === "string" && !segment.includes("?")) {
    const at = name.indexOf(segment, from);
    return at + segment.length <= end ? at : -1;
  }
  for (let at = from; at + segment.length <= end; at++) if (matchesAt(segment, name, at)) return at;
  return -1;
}
