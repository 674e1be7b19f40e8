import type { EvalFrame } from "./frame.ts";
import { formatDouble, toText } from "./functions-standard.ts";
import { isJsonMap, mapEntries } from "./operations.ts";
import { CelError, CelMap, CelType, CelUint, isCelError, LIMIT_EXCEEDED } from "./values.ts";

const PRECISION_MAX = 100;
const DEPTH_MAX = 64;

const UNKNOWN_CLAUSE = new CelError("unknown clause in the format");
const TOO_FEW_ARGUMENTS = new CelError("the format has more clauses than values");
const WRONG_VALUE = new CelError("value does not fit its clause in the format");
const INVALID_PRECISION = new CelError("invalid precision in the format");

/** Fills the clauses of a format (`%s %d %f %e %b %o %x %X`) with values. @returns text or an error value */
export function formatText(frame: EvalFrame, format: string, values: readonly unknown[]): unknown {
  let out = "";
  let next = 0;
  let at = 0;
  while (at < format.length) {
    const percent = format.indexOf("%", at);
    if (percent === -1) break;
    out += format.slice(at, percent);
    if (format[percent + 1] === "%") {
      out += "%";
      at = percent + 2;
      continue;
    }
    const clause = /^%(?:\.(\d{1,4}))?([a-zA-Z])/.exec(format.slice(percent, percent + 8));
    if (clause === null) return UNKNOWN_CLAUSE;
    if (next >= values.length) return TOO_FEW_ARGUMENTS;
    const precision = clause[1] === undefined ? undefined : Number(clause[1]);
    const text = formatClause(frame, clause[2]!, precision, values[next]);
    if (typeof text !== "string") return text;
    if (!frame.spend(2 + (text.length >> 4))) return LIMIT_EXCEEDED;
    out += text;
    next += 1;
    at = percent + clause[0].length;
  }
  return frame.spend(format.length >> 4) ? out + format.slice(at) : LIMIT_EXCEEDED;
}

function formatClause(
  frame: EvalFrame,
  clause: string,
  precision: number | undefined,
  value: unknown,
): string | CelError {
  switch (clause) {
    case "s":
      return formatValue(frame, value, 0);
    case "d":
      return formatInteger(value, 10) ?? (typeof value === "number" ? formatDouble(value) : WRONG_VALUE);
    case "f":
    case "e":
      return formatFraction(clause, precision ?? 6, value);
    case "b":
      return typeof value === "boolean" ? (value ? "1" : "0") : (formatInteger(value, 2) ?? WRONG_VALUE);
    case "o":
      return formatInteger(value, 8) ?? WRONG_VALUE;
    case "x":
      return formatHex(frame, value);
    case "X": {
      const hex = formatHex(frame, value);
      return typeof hex === "string" ? hex.toUpperCase() : hex;
    }
    default:
      return UNKNOWN_CLAUSE;
  }
}

function formatInteger(value: unknown, radix: number): string | undefined {
  if (typeof value === "bigint") return value.toString(radix);
  return value instanceof CelUint ? value.value.toString(radix) : undefined;
}

function formatHex(frame: EvalFrame, value: unknown): string | CelError {
  const bytes = typeof value === "string" ? new TextEncoder().encode(value) : value;
  if (!(bytes instanceof Uint8Array)) return formatInteger(value, 16) ?? WRONG_VALUE;
  if (!frame.spend(bytes.length)) return LIMIT_EXCEEDED;
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function formatFraction(clause: "f" | "e", precision: number, value: unknown): string | CelError {
  const number = typeof value === "bigint" ? Number(value) : value instanceof CelUint ? Number(value.value) : value;
  if (typeof number !== "number") return WRONG_VALUE;
  if (precision > PRECISION_MAX) return INVALID_PRECISION;
  if (!Number.isFinite(number)) return String(number);
  if (clause === "f") return toFixedHalfEven(number, precision);
  const [mantissa, exponent] = number.toExponential(precision).split("e") as [string, string];
  return `${mantissa}e${exponent[0]}${exponent.slice(1).padStart(2, "0")}`;
}

/** Like `toFixed`, which rounds the exact value of the double, but with a tie to the even digit. */
function toFixedHalfEven(value: number, precision: number): string {
  // From 1e21 on, `toFixed` answers in exponential form.
  if (Math.abs(value) >= 1e21) return BigInt(value).toString() + (precision > 0 ? `.${"0".repeat(precision)}` : "");
  const fixed = value.toFixed(precision);
  const exact = value.toFixed(PRECISION_MAX);
  const point = exact.indexOf(".");
  if (!/^50*$/.test(exact.slice(point + 1 + precision))) return fixed;
  const truncated = exact.slice(0, precision === 0 ? point : point + 1 + precision);
  return Number(truncated.at(-1)) % 2 === 0 ? truncated : fixed;
}

function formatValue(frame: EvalFrame, value: unknown, depth: number): string | CelError {
  if (value === null) return "null";
  if (value instanceof CelType) return value.name;
  if (!frame.spend(depth > DEPTH_MAX ? Number.POSITIVE_INFINITY : 1)) return LIMIT_EXCEEDED;
  if (Array.isArray(value)) return formatList(frame, value, depth);
  if (value instanceof CelMap || isJsonMap(value)) return formatMap(frame, value, depth);
  const text = toText(frame, value);
  return typeof text === "string" ? text : isCelError(text) && text === LIMIT_EXCEEDED ? text : WRONG_VALUE;
}

function formatList(frame: EvalFrame, list: readonly unknown[], depth: number): string | CelError {
  const parts: string[] = [];
  for (const element of list) {
    const text = formatValue(frame, element, depth + 1);
    if (typeof text !== "string") return text;
    if (!frame.spend(1 + (text.length >> 4))) return LIMIT_EXCEEDED;
    parts.push(text);
  }
  return `[${parts.join(", ")}]`;
}

function formatMap(frame: EvalFrame, map: CelMap | Record<string, unknown>, depth: number): string | CelError {
  const parts: string[] = [];
  for (const [key, value] of mapEntries(map)) {
    const name = formatValue(frame, key, depth + 1);
    const text = formatValue(frame, value, depth + 1);
    if (typeof name !== "string") return name;
    if (typeof text !== "string") return text;
    if (!frame.spend(2 + ((name.length + text.length) >> 4))) return LIMIT_EXCEEDED;
    parts.push(`${name}: ${text}`);
  }
  return `{${parts.sort().join(", ")}}`;
}
