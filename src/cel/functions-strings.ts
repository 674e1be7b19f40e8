import { formatText } from "./format.ts";
import type { EvalFrame } from "./frame.ts";
import { type FunctionSpec, overload } from "./functions.ts";
import * as T from "./static-types.ts";
import { CelError, INDEX_OUT_OF_RANGE, LIMIT_EXCEEDED, NO_SUCH_OVERLOAD } from "./values.ts";

const INVALID_RANGE = new CelError("substring ends before it starts");

/**
 * A text by code points. Where there are no surrogates, and so almost always, that is the string itself: both have
 * `length`, `slice` and positions that mean the same.
 */
function points(frame: EvalFrame, text: string): string | string[] | undefined {
  if (!frame.spend(text.length >> 4)) return undefined;
  if (!/[\ud800-\udfff]/.test(text)) return text;
  return frame.spend(text.length) ? [...text] : undefined;
}

function joined(part: string | string[]): string {
  return typeof part === "string" ? part : part.join("");
}

/** UTF-16 offset of a code point position. */
function unitOffset(text: string | string[], position: number): number {
  return typeof text === "string" ? position : joined(text.slice(0, position)).length;
}

/** Code point position of a UTF-16 offset; -1 stays -1. */
function pointOffset(source: string, text: string | string[], offset: number): bigint {
  return BigInt(typeof text === "string" || offset < 0 ? offset : [...source.slice(0, offset)].length);
}

/** A position given by an expression, -1 when it is outside of 0..length. */
function position(value: bigint, length: number): number {
  return value < 0n || value > BigInt(length) ? -1 : Number(value);
}

function charAt(frame: EvalFrame, text: unknown, at: unknown): unknown {
  if (typeof text !== "string" || typeof at !== "bigint") return NO_SUCH_OVERLOAD;
  const letters = points(frame, text);
  if (letters === undefined) return LIMIT_EXCEEDED;
  const index = position(at, letters.length);
  return index < 0 ? INDEX_OUT_OF_RANGE : (letters[index] ?? "");
}

function searchCost(text: string, part: string): number {
  return (text.length >> 5) * (1 + (part.length >> 7));
}

function indexOf(frame: EvalFrame, text: unknown, part: unknown, from?: unknown): unknown {
  if (typeof text !== "string" || typeof part !== "string") return NO_SUCH_OVERLOAD;
  if (from !== undefined && typeof from !== "bigint") return NO_SUCH_OVERLOAD;
  const letters = points(frame, text);
  if (letters === undefined || !frame.spend(searchCost(text, part))) return LIMIT_EXCEEDED;
  const start = from === undefined ? 0 : position(from, letters.length);
  if (start < 0) return INDEX_OUT_OF_RANGE;
  return pointOffset(text, letters, text.indexOf(part, unitOffset(letters, start)));
}

function lastIndexOf(frame: EvalFrame, text: unknown, part: unknown, from?: unknown): unknown {
  if (typeof text !== "string" || typeof part !== "string") return NO_SUCH_OVERLOAD;
  if (from !== undefined && typeof from !== "bigint") return NO_SUCH_OVERLOAD;
  const letters = points(frame, text);
  if (letters === undefined || !frame.spend(searchCost(text, part))) return LIMIT_EXCEEDED;
  const start = from === undefined ? letters.length : position(from, letters.length);
  if (start < 0) return INDEX_OUT_OF_RANGE;
  return pointOffset(text, letters, text.lastIndexOf(part, unitOffset(letters, start)));
}

function substring(frame: EvalFrame, text: unknown, from: unknown, to?: unknown): unknown {
  if (typeof text !== "string" || typeof from !== "bigint") return NO_SUCH_OVERLOAD;
  if (to !== undefined && typeof to !== "bigint") return NO_SUCH_OVERLOAD;
  const letters = points(frame, text);
  if (letters === undefined) return LIMIT_EXCEEDED;
  const start = position(from, letters.length);
  const end = to === undefined ? letters.length : position(to, letters.length);
  if (start < 0 || end < 0) return INDEX_OUT_OF_RANGE;
  return start > end ? INVALID_RANGE : joined(letters.slice(start, end));
}

function join(frame: EvalFrame, list: unknown, separator: unknown = ""): unknown {
  if (!Array.isArray(list) || typeof separator !== "string") return NO_SUCH_OVERLOAD;
  let length = 0;
  for (const part of list) {
    if (typeof part !== "string") return NO_SUCH_OVERLOAD;
    length += part.length + separator.length;
  }
  return frame.spend(list.length + length / 16) ? list.join(separator) : LIMIT_EXCEEDED;
}

/** Occurrences of a part that is not empty, at most `limit`. */
function countOf(text: string, part: string, limit: number): number {
  let count = 0;
  for (let at = text.indexOf(part); at !== -1 && count < limit; at = text.indexOf(part, at + part.length)) count += 1;
  return count;
}

/** A limit that an expression gave: negative means none. */
function limitOf(value: bigint | undefined): number {
  return value === undefined || value < 0n ? Number.POSITIVE_INFINITY : Number(value);
}

function replace(frame: EvalFrame, text: unknown, part: unknown, by: unknown, limit?: unknown): unknown {
  if (typeof text !== "string" || typeof part !== "string" || typeof by !== "string") return NO_SUCH_OVERLOAD;
  if (limit !== undefined && typeof limit !== "bigint") return NO_SUCH_OVERLOAD;
  if (!frame.spend((text.length >> 3) + searchCost(text, part))) return LIMIT_EXCEEDED;
  const letters = part === "" ? points(frame, text) : undefined;
  if (part === "" && letters === undefined) return LIMIT_EXCEEDED;
  const count =
    letters === undefined ? countOf(text, part, limitOf(limit)) : Math.min(letters.length + 1, limitOf(limit));
  // Paid for before it is built: this is the function that can make much out of little.
  if (!frame.spend(count + (count * by.length) / 16)) return LIMIT_EXCEEDED;
  if (letters !== undefined) {
    const spread = [...letters].map((letter, at) => (at < count ? by + letter : letter)).join("");
    return count > letters.length ? spread + by : spread;
  }
  const pieces: string[] = [];
  let from = 0;
  for (let done = 0; done < count; done++) {
    const at = text.indexOf(part, from);
    pieces.push(text.slice(from, at));
    from = at + part.length;
  }
  return [...pieces, text.slice(from)].join(by);
}

function split(frame: EvalFrame, text: unknown, separator: unknown, limit?: unknown): unknown {
  if (typeof text !== "string" || typeof separator !== "string") return NO_SUCH_OVERLOAD;
  if (limit !== undefined && typeof limit !== "bigint") return NO_SUCH_OVERLOAD;
  const max = limitOf(limit);
  if (max === 0) return [];
  if (max === 1) return [text];
  if (!frame.spend(searchCost(text, separator))) return LIMIT_EXCEEDED;
  const count = separator === "" ? text.length : countOf(text, separator, max - 1) + 1;
  if (!frame.spend(2 * count + (text.length >> 4))) return LIMIT_EXCEEDED;
  const parts = separator === "" ? [...text] : text.split(separator);
  return parts.length <= max ? parts : [...parts.slice(0, max - 1), parts.slice(max - 1).join(separator)];
}

/** A method of a text that costs as much as the text is long. */
function textMethod(name: string, map: (text: string) => string): FunctionSpec {
  return {
    name,
    isMethod: true,
    overloads: [overload(T.STRING, T.STRING)],
    run: (frame: EvalFrame, text: unknown) => {
      if (typeof text !== "string") return NO_SUCH_OVERLOAD;
      return frame.spend(text.length >> 2) ? map(text) : LIMIT_EXCEEDED;
    },
  };
}

/** White_Space of Unicode, which is not what `trim` of JavaScript takes away: it takes U+FEFF and leaves U+0085. */
const SPACE = "[\\t-\\r \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]";
const LEADING_SPACE = new RegExp(`^${SPACE}+`);
const IS_SPACE = new RegExp(SPACE);

function trim(text: string): string {
  let end = text.length;
  while (end > 0 && IS_SPACE.test(text[end - 1]!)) end -= 1;
  return text.slice(0, end).replace(LEADING_SPACE, "");
}

const QUOTE_ESCAPES = new Map([
  ["\u0007", "\\a"],
  ["\b", "\\b"],
  ["\f", "\\f"],
  ["\n", "\\n"],
  ["\r", "\\r"],
  ["\t", "\\t"],
  ["\v", "\\v"],
  ["\\", "\\\\"],
  ['"', '\\"'],
]);

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to escape
const QUOTED = /[\u0007\b\f\n\r\t\v\\"]/g;

function quote(text: string): string {
  const wellFormed = text.replace(/\p{Surrogate}/gu, "\ufffd");
  return `"${wellFormed.replace(QUOTED, (letter) => QUOTE_ESCAPES.get(letter)!)}"`;
}

function format(frame: EvalFrame, text: unknown, values: unknown): unknown {
  return typeof text === "string" && Array.isArray(values) ? formatText(frame, text, values) : NO_SUCH_OVERLOAD;
}

const INDEX_OVERLOADS = [overload(T.STRING, T.STRING, T.INT), overload(T.STRING, T.STRING, T.INT, T.INT)];

/** The strings extension of the specification. */
export const STRING_FUNCTIONS: readonly FunctionSpec[] = [
  { name: "charAt", isMethod: true, overloads: [overload(T.STRING, T.INT, T.STRING)], run: charAt },
  { name: "indexOf", isMethod: true, overloads: INDEX_OVERLOADS, run: indexOf },
  { name: "lastIndexOf", isMethod: true, overloads: INDEX_OVERLOADS, run: lastIndexOf },
  {
    name: "substring",
    isMethod: true,
    overloads: [overload(T.STRING, T.INT, T.STRING), overload(T.STRING, T.INT, T.INT, T.STRING)],
    run: substring,
  },
  {
    name: "join",
    isMethod: true,
    overloads: [overload(T.listOf(T.STRING), T.STRING), overload(T.listOf(T.STRING), T.STRING, T.STRING)],
    run: join,
  },
  {
    name: "replace",
    isMethod: true,
    overloads: [
      overload(T.STRING, T.STRING, T.STRING, T.STRING),
      overload(T.STRING, T.STRING, T.STRING, T.INT, T.STRING),
    ],
    run: replace,
  },
  {
    name: "split",
    isMethod: true,
    overloads: [
      overload(T.STRING, T.STRING, T.listOf(T.STRING)),
      overload(T.STRING, T.STRING, T.INT, T.listOf(T.STRING)),
    ],
    run: split,
  },
  textMethod("trim", trim),
  textMethod("upperAscii", (text) => text.replace(/[a-z]+/g, (run) => run.toUpperCase())),
  textMethod("lowerAscii", (text) => text.replace(/[A-Z]+/g, (run) => run.toLowerCase())),
  textMethod("reverse", (text) => [...text].reverse().join("")),
  { ...textMethod("strings.quote", quote), isMethod: false },
  { name: "format", isMethod: true, overloads: [overload(T.STRING, T.LIST, T.STRING)], run: format },
];
