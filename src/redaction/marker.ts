import { createHmac } from "node:crypto";
import { DASH, DIGIT, HEX, LOWER, runEnd } from "./characters.ts";
import type { Finding } from "./types.ts";

/** What stands in for a secret: `[redacted:<kind>:<16 hex>]`. */
export type MakeMarker = (secret: string, kind: string) => string;

/** Equal secrets get equal digests, whatever their kind and wherever they stood; without the key nobody can try guesses. */
export function createMarkers(key: Uint8Array): MakeMarker {
  return (secret, kind) =>
    `${MARKER_START}${kind}:${createHmac("sha256", key).update(secret).digest("hex").slice(0, 16)}]`;
}

export const MARKER_START = "[redacted:";
const KIND_MAX = 40;
const DIGEST_LENGTH = 16;

/** The end of the marker that begins at `at`; `at` itself when none does. */
export function markerEnd(text: string, at: number): number {
  if (!text.startsWith(MARKER_START, at)) return at;
  const kind = at + MARKER_START.length;
  const colon = runEnd(text, kind, LOWER | DIGIT | DASH, KIND_MAX + 1);
  if (colon === kind || colon > kind + KIND_MAX || text[colon] !== ":") return at;
  const digest = runEnd(text, colon + 1, HEX, DIGEST_LENGTH);
  return digest === colon + 1 + DIGEST_LENGTH && text[digest] === "]" ? digest + 1 : at;
}

export const isMarker = (text: string) => text.length > 0 && markerEnd(text, 0) === text.length;

/** What stands between the markers from `start` to `end`; anyone can write a marker, so it shields nothing beside it. */
export function betweenMarkers(text: string, { start, end, kind }: Finding): Finding[] {
  const pieces: Finding[] = [];
  let from = coveredUntil(text, start);
  for (let at = from; at < end; ) {
    const after = text[at] === "[" ? markerEnd(text, at) : at;
    if (after > at) {
      if (at > from) pieces.push({ start: from, end: at, kind });
      from = after;
    }
    at = Math.max(after, at + 1);
  }
  if (end > from) pieces.push({ start: from, end, kind });
  return pieces;
}

/** The end of the marker that `at` stands in; `at` itself outside of markers. */
function coveredUntil(text: string, at: number): number {
  const from = Math.max(0, at - MARKER_MAX);
  const last = text.slice(from, at + MARKER_START.length - 1).lastIndexOf(MARKER_START);
  return last < 0 ? at : Math.max(at, markerEnd(text, from + last));
}
const MARKER_MAX = MARKER_START.length + KIND_MAX + 1 + DIGEST_LENGTH + 1;
