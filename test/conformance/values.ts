import { CelDuration, CelMap, CelTimestamp, CelType, CelUint } from "../../src/cel/index.ts";
import type { ValueJson } from "./cel-spec-tests.ts";

const TIMESTAMP_URL = "type.googleapis.com/google.protobuf.Timestamp";
const DURATION_URL = "type.googleapis.com/google.protobuf.Duration";

function nanosOf(fraction: string | undefined): number {
  return Number((fraction ?? "").padEnd(9, "0"));
}

function timestampFromJson(text: string): CelTimestamp {
  const [, second, fraction] = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z$/.exec(text) ?? [];
  if (second === undefined) throw new TypeError(`not a protobuf JSON timestamp: ${text}`);
  return new CelTimestamp(Date.parse(`${second}Z`) / 1000, nanosOf(fraction));
}

function durationFromJson(text: string): CelDuration {
  const [, sign, seconds, fraction] = /^(-?)(\d+)(?:\.(\d{1,9}))?s$/.exec(text) ?? [];
  if (seconds === undefined) throw new TypeError(`not a protobuf JSON duration: ${text}`);
  const factor = sign === "-" ? -1 : 1;
  return new CelDuration(Number(seconds) * factor || 0, nanosOf(fraction) * factor || 0);
}

function mapFromJson(entries: readonly { key: ValueJson; value: ValueJson }[]): CelMap | Record<string, unknown> {
  const pairs = entries.map(({ key, value }) => [fromValueJson(key), fromValueJson(value)] as const);
  // Bindings of the product are JSON, so a map with string keys is bound as what JSON.parse gives.
  if (pairs.every(([key]) => typeof key === "string")) return Object.fromEntries(pairs);
  const map = CelMap.from(pairs);
  if (map === undefined) throw new TypeError("a map value with a repeated or impossible key");
  return map;
}

/** True when the value holds a protobuf message or enum that is no CEL value of its own. */
export function isMessageValue(json: ValueJson): boolean {
  if ("enumValue" in json) return true;
  const url = json.objectValue?.["@type"];
  if (url !== undefined) return url !== TIMESTAMP_URL && url !== DURATION_URL;
  if (json.listValue) return (json.listValue.values ?? []).some(isMessageValue);
  return (json.mapValue?.entries ?? []).some(({ key, value }) => isMessageValue(key) || isMessageValue(value));
}

/** @throws TypeError for a value that only protobuf can hold: see `isMessageValue` */
export function fromValueJson(json: ValueJson): unknown {
  if ("nullValue" in json) return null;
  if (json.boolValue !== undefined) return json.boolValue;
  if (json.int64Value !== undefined) return BigInt(json.int64Value);
  if (json.uint64Value !== undefined) return new CelUint(BigInt(json.uint64Value));
  if (json.doubleValue !== undefined) return Number(json.doubleValue);
  if (json.stringValue !== undefined) return json.stringValue;
  if (json.bytesValue !== undefined) return new Uint8Array(Buffer.from(json.bytesValue, "base64"));
  if (json.typeValue !== undefined) return new CelType(json.typeValue);
  if (json.listValue) return (json.listValue.values ?? []).map(fromValueJson);
  if (json.mapValue) return mapFromJson(json.mapValue.entries ?? []);
  if (json.objectValue?.["@type"] === TIMESTAMP_URL) return timestampFromJson(String(json.objectValue.value));
  if (json.objectValue?.["@type"] === DURATION_URL) return durationFromJson(String(json.objectValue.value));
  throw new TypeError(`no CEL value: ${JSON.stringify(json)}`);
}
