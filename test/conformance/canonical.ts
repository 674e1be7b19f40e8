import { CelDuration, CelMap, CelTimestamp, CelType, CelUint, isCelError } from "../../src/cel/index.ts";

function doubleText(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  // `+ 0` turns -0 into 0: the two are equal as CEL values.
  return Number.isInteger(value) ? `${value + 0}.0` : String(value);
}

function mapText(entries: Iterable<readonly [unknown, unknown]>): string {
  const texts = Array.from(entries, ([key, value]) => `${canonicalText(key)}: ${canonicalText(value)}`);
  return `{${texts.sort().join(", ")}}`;
}

/**
 * A CEL value as text: equal texts mean the same type and an equal value. NaN equals NaN, map order does not matter, and
 * all errors are alike.
 */
export function canonicalText(value: unknown): string {
  if (isCelError(value)) return "error";
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "bigint") return String(value);
  if (typeof value === "number") return doubleText(value);
  if (typeof value === "string") return JSON.stringify(value);
  if (value instanceof CelUint) return `${value.value}u`;
  if (value instanceof Uint8Array) return `b"${Buffer.from(value).toString("hex")}"`;
  if (value instanceof CelType) return `type(${value.name})`;
  if (value instanceof CelTimestamp) return `timestamp(${value.seconds + 0}, ${value.nanos + 0})`;
  if (value instanceof CelDuration) return `duration(${value.seconds + 0}, ${value.nanos + 0})`;
  if (Array.isArray(value)) return `[${value.map(canonicalText).join(", ")}]`;
  if (value instanceof CelMap) return mapText(Array.from(value.entries(), (entry) => [entry.key, entry.value]));
  if (typeof value === "object" && Object.getPrototypeOf(value) === Object.prototype) {
    return mapText(Object.entries(value));
  }
  throw new TypeError(`not a CEL value: ${Object.prototype.toString.call(value)}`);
}
