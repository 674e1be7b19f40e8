/** A CEL uint. Doubles are `number`, ints are `bigint`, so the unsigned ones need a class of their own. */
export class CelUint {
  readonly value: bigint;

  /** @param value 0 to 2^64 - 1; the caller has checked the range */
  constructor(value: bigint) {
    this.value = value;
  }
}

/** A CEL type as a value, as `type(x)` gives it. Equal when the names are equal. */
export class CelType {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

/** An instant with nanoseconds: `seconds` since the Unix epoch (a whole number), `nanos` 0 to 999,999,999. */
export class CelTimestamp {
  readonly seconds: number;
  readonly nanos: number;

  constructor(seconds: number, nanos: number) {
    this.seconds = seconds;
    this.nanos = nanos;
  }
}

/** A span of time: whole `seconds`, and `nanos` of the same sign with a magnitude below 1,000,000,000. */
export class CelDuration {
  readonly seconds: number;
  readonly nanos: number;

  constructor(seconds: number, nanos: number) {
    this.seconds = seconds;
    this.nanos = nanos;
  }
}

/** What a map may be keyed with: bool, string, int, uint. */
export type CelMapKey = boolean | string | bigint | CelUint;

interface CelMapEntry {
  readonly key: CelMapKey;
  readonly value: unknown;
}

/** The form under which equal keys meet: 1, 1u and 1.0 are the same key. Undefined when it can be no key. */
function normalizeKey(key: unknown): string | boolean | bigint | undefined {
  if (typeof key === "string" || typeof key === "boolean" || typeof key === "bigint") return key;
  if (key instanceof CelUint) return key.value;
  if (typeof key === "number" && Number.isInteger(key)) return BigInt(key);
  return undefined;
}

/** A map made by an expression: keeps insertion order and finds numeric keys across int, uint and double. */
export class CelMap {
  readonly #entries = new Map<string | boolean | bigint, CelMapEntry>();

  /** @returns a map over the pairs, or undefined when a key is of no key type or occurs twice */
  static from(pairs: Iterable<readonly [unknown, unknown]>): CelMap | undefined {
    const map = new CelMap();
    for (const [key, value] of pairs) if (!map.add(key, value)) return undefined;
    return map;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Adds an entry while the map is being built. @returns false when the key is a duplicate or no key at all */
  add(key: unknown, value: unknown): boolean {
    const normal = normalizeKey(key);
    if (normal === undefined || typeof key === "number" || this.#entries.has(normal)) return false;
    this.#entries.set(normal, { key: key as CelMapKey, value });
    return true;
  }

  has(key: unknown): boolean {
    const normal = normalizeKey(key);
    return normal !== undefined && this.#entries.has(normal);
  }

  /** @returns undefined when there is no such key (no CEL value is undefined) */
  get(key: unknown): unknown {
    const normal = normalizeKey(key);
    return normal === undefined ? undefined : this.#entries.get(normal)?.value;
  }

  entries(): IterableIterator<CelMapEntry> {
    return this.#entries.values();
  }
}

/** An evaluation error. A value like any other: operators pass it on, `&&` and `||` may absorb it. */
export class CelError {
  readonly isCelError = true;
  readonly message: string;

  constructor(message: string) {
    this.message = message;
  }
}

export function isCelError(value: unknown): value is CelError {
  return value instanceof CelError;
}

/** INVARIANT: whoever returns it has driven the frame's fuel below zero, which ends the whole evaluation. */
export const LIMIT_EXCEEDED = new CelError("evaluation limit exceeded");
export const NO_SUCH_OVERLOAD = new CelError("no such overload");
export const DIVISION_BY_ZERO = new CelError("division by zero");
export const MODULUS_BY_ZERO = new CelError("modulus by zero");
export const INTEGER_OVERFLOW = new CelError("integer overflow");
export const NO_SUCH_KEY = new CelError("no such key");
export const INDEX_OUT_OF_RANGE = new CelError("index out of range");

/** @param name the key as the expression wrote it; never a value from a request */
export function noSuchKey(name: string): CelError {
  return new CelError(`no such key: \`${name}\``);
}

export const TYPES = {
  bool: new CelType("bool"),
  bytes: new CelType("bytes"),
  double: new CelType("double"),
  dyn: new CelType("dyn"),
  duration: new CelType("google.protobuf.Duration"),
  int: new CelType("int"),
  list: new CelType("list"),
  map: new CelType("map"),
  null: new CelType("null_type"),
  string: new CelType("string"),
  timestamp: new CelType("google.protobuf.Timestamp"),
  type: new CelType("type"),
  uint: new CelType("uint"),
} as const;
