import type { EvalFrame } from "./frame.ts";
import { type FunctionSpec, overload, type Prepared } from "./functions.ts";
import { isJsonMap, mapSize, typeOf } from "./operations.ts";
import { compilePattern, testDynamic } from "./regex.ts";
import * as T from "./static-types.ts";
import { formatDuration, formatTimestamp, makeTimestamp, parseDuration, parseTimestamp } from "./time.ts";
import {
  CelDuration,
  CelError,
  CelMap,
  CelTimestamp,
  CelUint,
  isCelError,
  LIMIT_EXCEEDED,
  NO_SUCH_OVERLOAD,
} from "./values.ts";

const INT_RANGE = new CelError("int out of range");
const UINT_RANGE = new CelError("uint out of range");
const INVALID_NUMBER = new CelError("text is not a number");
const INVALID_BOOL = new CelError("text is not a bool");
const INVALID_UTF8 = new CelError("bytes are not valid UTF-8");

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Code points of a text. */
export function textLength(text: string): number {
  let count = text.length;
  for (let at = 0; at < text.length - 1; at++) {
    const code = text.charCodeAt(at);
    if (code >= 0xd800 && code <= 0xdbff) {
      const next = text.charCodeAt(at + 1);
      if (next >= 0xdc00 && next <= 0xdfff) {
        count -= 1;
        at += 1;
      }
    }
  }
  return count;
}

function size(frame: EvalFrame, value: unknown): unknown {
  if (typeof value === "string") return frame.spend(value.length >> 4) ? BigInt(textLength(value)) : LIMIT_EXCEEDED;
  if (Array.isArray(value) || value instanceof Uint8Array) return BigInt(value.length);
  if (value instanceof CelMap) return BigInt(value.size);
  if (!isJsonMap(value)) return NO_SUCH_OVERLOAD;
  const count = mapSize(value);
  return frame.spend(count) ? BigInt(count) : LIMIT_EXCEEDED;
}

function inInt(value: bigint): bigint | CelError {
  return value < -(2n ** 63n) || value >= 2n ** 63n ? INT_RANGE : value;
}

function inUint(value: bigint): CelUint | CelError {
  return value < 0n || value >= 2n ** 64n ? UINT_RANGE : new CelUint(value);
}

function toInt(_frame: EvalFrame, value: unknown): unknown {
  if (typeof value === "bigint") return value;
  if (value instanceof CelUint) return inInt(value.value);
  if (value instanceof CelTimestamp) return BigInt(value.seconds);
  // The bounds themselves are refused too: as doubles they stand for values beyond the range.
  if (typeof value === "number") return Math.abs(value) < 2 ** 63 ? BigInt(Math.trunc(value)) : INT_RANGE;
  if (typeof value !== "string") return NO_SUCH_OVERLOAD;
  return /^[+-]?\d{1,40}$/.test(value) ? inInt(BigInt(value.replace(/^\+/, ""))) : INVALID_NUMBER;
}

function toUint(_frame: EvalFrame, value: unknown): unknown {
  if (value instanceof CelUint) return value;
  if (typeof value === "bigint") return inUint(value);
  if (typeof value === "number") {
    return value > -1 && value < 2 ** 64 ? inUint(BigInt(Math.trunc(value))) : UINT_RANGE;
  }
  if (typeof value !== "string") return NO_SUCH_OVERLOAD;
  return /^\d{1,40}$/.test(value) ? inUint(BigInt(value)) : INVALID_NUMBER;
}

const SPECIAL_DOUBLES = new Map([
  ["nan", Number.NaN],
  ["inf", Number.POSITIVE_INFINITY],
  ["+inf", Number.POSITIVE_INFINITY],
  ["infinity", Number.POSITIVE_INFINITY],
  ["+infinity", Number.POSITIVE_INFINITY],
  ["-inf", Number.NEGATIVE_INFINITY],
  ["-infinity", Number.NEGATIVE_INFINITY],
]);

function toDouble(frame: EvalFrame, value: unknown): unknown {
  if (typeof value === "number") return value;
  if (typeof value === "bigint") return Number(value);
  if (value instanceof CelUint) return Number(value.value);
  if (typeof value !== "string") return NO_SUCH_OVERLOAD;
  if (!frame.spend(value.length >> 4)) return LIMIT_EXCEEDED;
  if (/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(value)) return Number(value);
  return SPECIAL_DOUBLES.get(value.slice(0, 16).toLowerCase()) ?? INVALID_NUMBER;
}

/** A double as text: like JavaScript's, which is the shortest that reads back as the same. */
export function formatDouble(value: number): string {
  return Object.is(value, -0) ? "-0" : String(value);
}

/** @returns text or an error value */
export function toText(frame: EvalFrame, value: unknown): unknown {
  if (typeof value === "string") return value;
  if (typeof value === "number") return formatDouble(value);
  if (typeof value === "bigint" || typeof value === "boolean") return String(value);
  if (value instanceof CelUint) return String(value.value);
  if (value instanceof CelTimestamp) return formatTimestamp(value);
  if (value instanceof CelDuration) return formatDuration(value);
  if (!(value instanceof Uint8Array)) return NO_SUCH_OVERLOAD;
  if (!frame.spend(value.length >> 4)) return LIMIT_EXCEEDED;
  try {
    return decoder.decode(value);
  } catch {
    return INVALID_UTF8; // a fatal decoder has no other way to say so
  }
}

function toBytes(frame: EvalFrame, value: unknown): unknown {
  if (value instanceof Uint8Array) return value;
  if (typeof value !== "string") return NO_SUCH_OVERLOAD;
  return frame.spend(value.length >> 3) ? encoder.encode(value) : LIMIT_EXCEEDED;
}

const BOOLS = new Map<string, boolean>([
  ...["1", "t", "true", "TRUE", "True", "T"].map((text) => [text, true] as const),
  ...["0", "f", "false", "FALSE", "False", "F"].map((text) => [text, false] as const),
]);

function toBool(_frame: EvalFrame, value: unknown): unknown {
  if (typeof value === "boolean") return value;
  return typeof value === "string" ? (BOOLS.get(value) ?? INVALID_BOOL) : NO_SUCH_OVERLOAD;
}

function toTimestamp(_frame: EvalFrame, value: unknown): unknown {
  if (value instanceof CelTimestamp) return value;
  if (typeof value === "string") return parseTimestamp(value);
  return typeof value === "bigint" ? makeTimestamp(Number(value), 0) : NO_SUCH_OVERLOAD;
}

function toDuration(_frame: EvalFrame, value: unknown): unknown {
  if (value instanceof CelDuration) return value;
  return typeof value === "string" ? parseDuration(value) : NO_SUCH_OVERLOAD;
}

/** Makes a constant text that does not read a fault. */
function mustRead(read: (text: string) => unknown): NonNullable<FunctionSpec["prepare"]> {
  return ([argument]): Prepared => {
    if (typeof argument?.value !== "string") return undefined;
    const value = read(argument.value);
    return isCelError(value) ? { fault: value.message } : undefined;
  };
}

function contains(frame: EvalFrame, text: unknown, part: unknown): unknown {
  if (typeof text !== "string" || typeof part !== "string") return NO_SUCH_OVERLOAD;
  // Naive search is the product of the lengths at worst.
  return frame.spend((text.length >> 5) * (1 + (part.length >> 7))) ? text.includes(part) : LIMIT_EXCEEDED;
}

function startsWith(frame: EvalFrame, text: unknown, part: unknown): unknown {
  if (typeof text !== "string" || typeof part !== "string") return NO_SUCH_OVERLOAD;
  return frame.spend(part.length >> 6) ? text.startsWith(part) : LIMIT_EXCEEDED;
}

function endsWith(frame: EvalFrame, text: unknown, part: unknown): unknown {
  if (typeof text !== "string" || typeof part !== "string") return NO_SUCH_OVERLOAD;
  return frame.spend(part.length >> 6) ? text.endsWith(part) : LIMIT_EXCEEDED;
}

function matches(frame: EvalFrame, text: unknown, pattern: unknown): unknown {
  if (typeof text !== "string" || typeof pattern !== "string") return NO_SUCH_OVERLOAD;
  return testDynamic(frame, text, pattern);
}

function prepareMatches(constants: readonly ({ readonly value: unknown } | undefined)[]): Prepared {
  const pattern = constants[1]?.value;
  if (typeof pattern !== "string") return undefined;
  const test = compilePattern(pattern);
  if (test === undefined) return { fault: "invalid regular expression" };
  const run = (frame: EvalFrame, text: unknown): unknown => {
    if (typeof text !== "string") return NO_SUCH_OVERLOAD;
    const outcome = test(frame, text);
    return frame.fuel < 0 ? LIMIT_EXCEEDED : outcome;
  };
  return { run };
}

const SIZED = [T.STRING, T.BYTES, T.LIST, T.MAP].map((type) => overload(type, T.INT));
const STRING_TEST = [overload(T.STRING, T.STRING, T.BOOL)];

function conversion(
  name: string,
  result: T.StaticType,
  from: readonly T.StaticType[],
  run: FunctionSpec["run"],
): FunctionSpec {
  return { name, isMethod: false, overloads: from.map((type) => overload(type, result)), run };
}

/** The functions of the language definition, times excepted. */
export const STANDARD_FUNCTIONS: readonly FunctionSpec[] = [
  { name: "size", isMethod: false, overloads: SIZED, run: size },
  { name: "size", isMethod: true, overloads: SIZED, run: size },
  { name: "contains", isMethod: true, overloads: STRING_TEST, run: contains },
  { name: "startsWith", isMethod: true, overloads: STRING_TEST, run: startsWith },
  { name: "endsWith", isMethod: true, overloads: STRING_TEST, run: endsWith },
  { name: "matches", isMethod: true, overloads: STRING_TEST, run: matches, prepare: prepareMatches },
  { name: "matches", isMethod: false, overloads: STRING_TEST, run: matches, prepare: prepareMatches },
  conversion("int", T.INT, [T.INT, T.UINT, T.DOUBLE, T.STRING, T.TIMESTAMP], toInt),
  conversion("uint", T.UINT, [T.INT, T.UINT, T.DOUBLE, T.STRING], toUint),
  conversion("double", T.DOUBLE, [T.INT, T.UINT, T.DOUBLE, T.STRING], toDouble),
  conversion("string", T.STRING, [T.STRING, T.BOOL, T.INT, T.UINT, T.DOUBLE, T.BYTES, T.TIMESTAMP, T.DURATION], toText),
  conversion("bytes", T.BYTES, [T.STRING, T.BYTES], toBytes),
  conversion("bool", T.BOOL, [T.STRING, T.BOOL], toBool),
  {
    ...conversion("timestamp", T.TIMESTAMP, [T.STRING, T.INT, T.TIMESTAMP], toTimestamp),
    prepare: mustRead(parseTimestamp),
  },
  { ...conversion("duration", T.DURATION, [T.STRING, T.DURATION], toDuration), prepare: mustRead(parseDuration) },
  conversion("dyn", T.DYN, [T.DYN], (_frame: EvalFrame, value: unknown) => value),
  conversion("type", T.TYPE, [T.DYN], (_frame: EvalFrame, value: unknown) => typeOf(value) ?? NO_SUCH_OVERLOAD),
];
