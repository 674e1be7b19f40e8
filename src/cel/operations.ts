import type { EvalFrame } from "./frame.ts";
import { addDurations, compareTimes, shiftTimestamp, subtractDurations, subtractTimestamps } from "./time.ts";
import {
  CelDuration,
  type CelError,
  CelMap,
  CelTimestamp,
  CelType,
  CelUint,
  DIVISION_BY_ZERO,
  INTEGER_OVERFLOW,
  isCelError,
  LIMIT_EXCEEDED,
  MODULUS_BY_ZERO,
  NO_SUCH_OVERLOAD,
  TYPES,
} from "./values.ts";

/** Nesting of values up to which they are compared; JSON from a request is at most 64 deep. */
const VALUE_DEPTH_MAX = 256;

const INT_MIN = -(2n ** 63n);
const INT_MAX = 2n ** 63n - 1n;
const UINT_MAX = 2n ** 64n - 1n;

export type JsonMap = Record<string, unknown>;

/** The runtime type of a value; undefined for what is no CEL value. */
export function typeOf(value: unknown): CelType | undefined {
  switch (typeof value) {
    case "string":
      return TYPES.string;
    case "number":
      return TYPES.double;
    case "boolean":
      return TYPES.bool;
    case "bigint":
      return TYPES.int;
    case "object":
      return value === null ? TYPES.null : typeOfObject(value);
    default:
      return undefined;
  }
}

function typeOfObject(value: object): CelType | undefined {
  if (Array.isArray(value)) return TYPES.list;
  if (isJsonMap(value) || value instanceof CelMap) return TYPES.map;
  if (value instanceof CelUint) return TYPES.uint;
  if (value instanceof Uint8Array) return TYPES.bytes;
  if (value instanceof CelTimestamp) return TYPES.timestamp;
  if (value instanceof CelDuration) return TYPES.duration;
  if (value instanceof CelType) return TYPES.type;
  return undefined;
}

/**
 * A map that came as JSON: any object that is of no class.
 * SECURITY: told by the prototype, never by `value.constructor`, which a request may hold as a key.
 */
export function isJsonMap(value: unknown): value is JsonMap {
  if (typeof value !== "object" || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** Whether the operand is int, uint or double. */
export function isNumeric(value: unknown): value is bigint | number | CelUint {
  return typeof value === "number" || typeof value === "bigint" || value instanceof CelUint;
}

/** uint as bigint: JavaScript's loose equality of bigint and number is the mathematical one. */
function comparable(value: bigint | number | CelUint): bigint | number {
  return value instanceof CelUint ? value.value : value;
}

/** Equality of any two values; different types are unequal, numbers are equal across types when they are the same. */
export function equals(a: unknown, b: unknown, frame: EvalFrame, depth = 0): boolean {
  if (typeof a !== "object" || a === null) {
    if (typeof a === "string") return typeof b === "string" && equalStrings(a, b, frame);
    if (a === b) return true;
    if (typeof b === "string" || (typeof b === "object" && !(b instanceof CelUint))) return false;
    // biome-ignore lint/suspicious/noDoubleEquals: between bigint and number, loose equality is the exact one
    return isNumeric(a) && isNumeric(b) && comparable(a) == comparable(b);
  }
  // biome-ignore lint/suspicious/noDoubleEquals: as above
  if (a instanceof CelUint) return isNumeric(b) && a.value == comparable(b);
  if (typeof b !== "object" || b === null) return false;
  return equalObjects(a, b, frame, depth);
}

/** Paid for by length: two equal texts that are not one are read to their end. */
function equalStrings(a: string, b: string, frame: EvalFrame): boolean {
  return a.length === b.length && frame.spend(a.length >> 6) && a === b;
}

function equalObjects(a: object, b: object, frame: EvalFrame, depth: number): boolean {
  if (Array.isArray(a)) return Array.isArray(b) && equalLists(a, b, frame, depth);
  if (isJsonMap(a) || a instanceof CelMap)
    return (isJsonMap(b) || b instanceof CelMap) && equalMaps(a, b, frame, depth);
  if (a instanceof Uint8Array) return b instanceof Uint8Array && compareBytes(a, b, frame) === 0;
  if (a instanceof CelTimestamp) return b instanceof CelTimestamp && compareTimes(a, b) === 0;
  if (a instanceof CelDuration) return b instanceof CelDuration && compareTimes(a, b) === 0;
  if (a instanceof CelType) return b instanceof CelType && a.name === b.name;
  return false;
}

/** Pays for looking at `count` members one level down. @returns false when the evaluation is over */
function descend(frame: EvalFrame, count: number, depth: number): boolean {
  return frame.spend(depth >= VALUE_DEPTH_MAX ? Number.POSITIVE_INFINITY : count + 1);
}

function equalLists(a: readonly unknown[], b: readonly unknown[], frame: EvalFrame, depth: number): boolean {
  if (a.length !== b.length || !descend(frame, a.length, depth)) return false;
  for (let index = 0; index < a.length; index++) {
    if (!equals(a[index], b[index], frame, depth + 1)) return false;
  }
  return true;
}

function equalMaps(a: JsonMap | CelMap, b: JsonMap | CelMap, frame: EvalFrame, depth: number): boolean {
  const size = mapSize(a);
  if (size !== mapSize(b) || !descend(frame, 2 * size, depth)) return false;
  for (const [key, value] of mapEntries(a)) {
    if (!payForKey(frame, key)) return false;
    const other = mapGet(b, key);
    if (other === undefined || !equals(value, other, frame, depth + 1)) return false;
  }
  return true;
}

export function mapSize(map: JsonMap | CelMap): number {
  return map instanceof CelMap ? map.size : Object.keys(map).length;
}

/** Key and value pairs in their order. */
export function* mapEntries(map: JsonMap | CelMap): Generator<readonly [unknown, unknown]> {
  if (map instanceof CelMap) for (const entry of map.entries()) yield [entry.key, entry.value];
  else for (const key of Object.keys(map)) yield [key, map[key]];
}

/** The value under a key, undefined when there is none. SECURITY: own keys only, so `constructor` is a key like any. */
export function mapGet(map: JsonMap | CelMap, key: unknown): unknown {
  if (map instanceof CelMap) return map.get(key);
  return typeof key === "string" && Object.hasOwn(map, key) ? map[key] : undefined;
}

function compareBytes(a: Uint8Array, b: Uint8Array, frame: EvalFrame): number {
  const shared = Math.min(a.length, b.length);
  if (!frame.spend(shared >> 4)) return -1;
  for (let index = 0; index < shared; index++) if (a[index] !== b[index]) return a[index]! - b[index]!;
  return a.length - b.length;
}

/** Order of code points. JavaScript orders UTF-16 units, which differs only where surrogates are. */
function compareStrings(a: string, b: string, frame: EvalFrame): number {
  const shared = Math.min(a.length, b.length);
  if (!frame.spend(shared >> 4)) return -1;
  if (a === b) return 0;
  let index = 0;
  while (index < shared && a.charCodeAt(index) === b.charCodeAt(index)) index += 1;
  if (index === shared) return a.length - b.length;
  const [x, y] = [a.charCodeAt(index), b.charCodeAt(index)];
  const isHighX = x >= 0xd800 && x <= 0xdfff;
  const isHighY = y >= 0xd800 && y <= 0xdfff;
  return isHighX === isHighY ? x - y : isHighX ? 1 : -1;
}

/** Against a double, an integer is ordered as the double nearest to it: so the conformance tests want it. */
function compareNumbers(a: bigint | number, b: bigint | number): number {
  const [x, y] = typeof a === typeof b ? [a, b] : [Number(a), Number(b)];
  return x < y ? -1 : x > y ? 1 : x === y ? 0 : Number.NaN;
}

/** Negative, zero, positive; NaN when unordered (a NaN is involved); undefined when the types have no order. */
function compare(a: unknown, b: unknown, frame: EvalFrame): number | undefined {
  if (isNumeric(a)) {
    if (!isNumeric(b)) return undefined;
    return compareNumbers(comparable(a), comparable(b));
  }
  if (typeof a === "string") return typeof b === "string" ? compareStrings(a, b, frame) : undefined;
  if (typeof a === "boolean") return typeof b === "boolean" ? Number(a) - Number(b) : undefined;
  if (a instanceof CelTimestamp) return b instanceof CelTimestamp ? compareTimes(a, b) : undefined;
  if (a instanceof CelDuration) return b instanceof CelDuration ? compareTimes(a, b) : undefined;
  if (a instanceof Uint8Array) return b instanceof Uint8Array ? compareBytes(a, b, frame) : undefined;
  return undefined;
}

export type Binary = (frame: EvalFrame, a: unknown, b: unknown) => unknown;

export const less: Binary = (frame, a, b) => {
  const order = compare(a, b, frame);
  return order === undefined ? NO_SUCH_OVERLOAD : order < 0;
};
export const lessOrEqual: Binary = (frame, a, b) => {
  const order = compare(a, b, frame);
  return order === undefined ? NO_SUCH_OVERLOAD : order <= 0;
};
export const greater: Binary = (frame, a, b) => {
  const order = compare(a, b, frame);
  return order === undefined ? NO_SUCH_OVERLOAD : order > 0;
};
export const greaterOrEqual: Binary = (frame, a, b) => {
  const order = compare(a, b, frame);
  return order === undefined ? NO_SUCH_OVERLOAD : order >= 0;
};

/** Longest text that a source can hold. Shorter keys go unpaid, so that light nodes may look constant ones up. */
const FREE_KEY_LENGTH = 8192;

/** Pays for finding a key in a map, for which a text is read to its end. @returns false when the evaluation is over */
export function payForKey(frame: EvalFrame, key: unknown): boolean {
  return typeof key !== "string" || key.length <= FREE_KEY_LENGTH || frame.spend(key.length >> 6);
}

/** `element in container` */
export const contains: Binary = (frame, element, container) => {
  if (Array.isArray(container)) {
    if (!frame.spend(container.length >> 2)) return LIMIT_EXCEEDED;
    for (const member of container) if (equals(element, member, frame)) return true;
    return frame.fuel < 0 ? LIMIT_EXCEEDED : false;
  }
  if (!payForKey(frame, element)) return LIMIT_EXCEEDED;
  if (container instanceof CelMap) return container.has(element);
  if (isJsonMap(container)) return typeof element === "string" && Object.hasOwn(container, element);
  return NO_SUCH_OVERLOAD;
};

function int(value: bigint): bigint | CelError {
  return value > INT_MAX || value < INT_MIN ? INTEGER_OVERFLOW : value;
}

function uint(value: bigint): CelUint | CelError {
  return value > UINT_MAX || value < 0n ? INTEGER_OVERFLOW : new CelUint(value);
}

interface Arithmetic {
  readonly ofInts: (a: bigint, b: bigint) => bigint | CelError;
  readonly ofDoubles: ((a: number, b: number) => number) | undefined;
  /** Whether a zero on the right that was an int is an error. */
  readonly onZero?: CelError;
  readonly ofOthers?: Binary;
}

const ADD: Arithmetic = { ofInts: (a, b) => a + b, ofDoubles: (a, b) => a + b, ofOthers: addOthers };
const SUBTRACT: Arithmetic = { ofInts: (a, b) => a - b, ofDoubles: (a, b) => a - b, ofOthers: subtractOthers };
const MULTIPLY: Arithmetic = { ofInts: (a, b) => a * b, ofDoubles: (a, b) => a * b };
const DIVIDE: Arithmetic = {
  ofInts: (a, b) => (b === 0n ? DIVISION_BY_ZERO : a / b),
  ofDoubles: (a, b) => a / b,
  onZero: DIVISION_BY_ZERO,
};
const MODULO: Arithmetic = {
  ofInts: (a, b) => (b === 0n ? MODULUS_BY_ZERO : a % b),
  ofDoubles: undefined,
};
/** Rules see every JSON number as a double, so there `arguments.count % 2` must have a meaning. */
const MODULO_MIXED: Arithmetic = { ...MODULO, ofDoubles: (a, b) => a % b, onZero: MODULUS_BY_ZERO };

function strict(operation: Arithmetic): Binary {
  const { ofInts, ofDoubles, ofOthers } = operation;
  return (frame, a, b) => {
    if (typeof a === "number" && typeof b === "number" && ofDoubles !== undefined) return ofDoubles(a, b);
    if (typeof a === "bigint" && typeof b === "bigint") {
      const value = ofInts(a, b);
      return typeof value === "bigint" ? int(value) : value;
    }
    if (a instanceof CelUint && b instanceof CelUint) {
      const value = ofInts(a.value, b.value);
      return typeof value === "bigint" ? uint(value) : value;
    }
    return ofOthers === undefined ? NO_SUCH_OVERLOAD : ofOthers(frame, a, b);
  };
}

function mixed(operation: Arithmetic): Binary {
  const { ofDoubles, onZero } = operation;
  const sameTypes = strict(operation);
  if (ofDoubles === undefined) return sameTypes;
  return (frame, a, b) => {
    if (typeof a === "number" && typeof b === "number") {
      return b === 0 && onZero === MODULUS_BY_ZERO ? MODULUS_BY_ZERO : ofDoubles(a, b);
    }
    const value = sameTypes(frame, a, b);
    if (value !== NO_SUCH_OVERLOAD || !isNumeric(a) || !isNumeric(b)) return value;
    const divisor = Number(comparable(b));
    if (divisor === 0 && onZero !== undefined && typeof b !== "number") return onZero;
    return ofDoubles(Number(comparable(a)), divisor);
  };
}

function addOthers(frame: EvalFrame, a: unknown, b: unknown): unknown {
  if (typeof a === "string" && typeof b === "string") {
    return frame.spend((a.length + b.length) >> 4) ? a + b : LIMIT_EXCEEDED;
  }
  if (Array.isArray(a) && Array.isArray(b)) return frame.spend(a.length + b.length) ? [...a, ...b] : LIMIT_EXCEEDED;
  if (a instanceof Uint8Array && b instanceof Uint8Array) {
    if (!frame.spend((a.length + b.length) >> 4)) return LIMIT_EXCEEDED;
    const joined = new Uint8Array(a.length + b.length);
    joined.set(a);
    joined.set(b, a.length);
    return joined;
  }
  if (a instanceof CelTimestamp && b instanceof CelDuration) return shiftTimestamp(a, b, 1);
  if (a instanceof CelDuration && b instanceof CelTimestamp) return shiftTimestamp(b, a, 1);
  if (a instanceof CelDuration && b instanceof CelDuration) return addDurations(a, b);
  return NO_SUCH_OVERLOAD;
}

function subtractOthers(_frame: EvalFrame, a: unknown, b: unknown): unknown {
  if (a instanceof CelTimestamp && b instanceof CelTimestamp) return subtractTimestamps(a, b);
  if (a instanceof CelTimestamp && b instanceof CelDuration) return shiftTimestamp(a, b, -1);
  if (a instanceof CelDuration && b instanceof CelDuration) return subtractDurations(a, b);
  return NO_SUCH_OVERLOAD;
}

export interface ArithmeticTable {
  readonly "+": Binary;
  readonly "-": Binary;
  readonly "*": Binary;
  readonly "/": Binary;
  readonly "%": Binary;
}

/** The specification's overloads: both operands of one type. */
export const STRICT_ARITHMETIC: ArithmeticTable = {
  "+": strict(ADD),
  "-": strict(SUBTRACT),
  "*": strict(MULTIPLY),
  "/": strict(DIVIDE),
  "%": strict(MODULO),
};

/** Operands of one type as in the specification; different numeric types promote to double. */
export const MIXED_ARITHMETIC: ArithmeticTable = {
  "+": mixed(ADD),
  "-": mixed(SUBTRACT),
  "*": mixed(MULTIPLY),
  "/": mixed(DIVIDE),
  "%": mixed(MODULO_MIXED),
};

export function negate(value: unknown): unknown {
  if (typeof value === "number") return -value;
  if (typeof value === "bigint") return int(-value);
  return isCelError(value) ? value : NO_SUCH_OVERLOAD;
}

/** `operand[index]`, and `operand.field` with the field as index. */
export function index(operand: unknown, key: unknown, missing: CelError, outOfRange: CelError): unknown {
  if (Array.isArray(operand)) {
    if (!isNumeric(key)) return NO_SUCH_OVERLOAD;
    const at = Number(comparable(key));
    if (!Number.isInteger(at) || at < 0 || at >= operand.length) return outOfRange;
    return operand[at];
  }
  if (operand instanceof CelMap || isJsonMap(operand)) {
    const value = mapGet(operand, key);
    return value === undefined ? missing : value;
  }
  return NO_SUCH_OVERLOAD;
}
