import type { EvalFrame } from "./frame.ts";
import { type FunctionSpec, overload } from "./functions.ts";
import * as T from "./static-types.ts";
import { type CivilTime, civilTime, zoneOffset } from "./time.ts";
import { CelDuration, CelTimestamp, isCelError, LIMIT_EXCEEDED, NO_SUCH_OVERLOAD } from "./values.ts";

/** Looking a time zone up by name costs some 10 us, its first use more. */
const ZONE_FUEL = 500;

type Field = (time: CivilTime, nanos: number) => number;

function ofTimestamp(frame: EvalFrame, time: CelTimestamp, zone: unknown, field: Field): unknown {
  if (zone === undefined) return BigInt(field(civilTime(time.seconds), time.nanos));
  if (typeof zone !== "string") return NO_SUCH_OVERLOAD;
  if (!frame.spend(ZONE_FUEL)) return LIMIT_EXCEEDED;
  const offset = zoneOffset(zone, time.seconds);
  return isCelError(offset) ? offset : BigInt(field(civilTime(time.seconds + offset), time.nanos));
}

const ACCESSORS: readonly [string, Field, ((duration: CelDuration) => number)?][] = [
  ["getFullYear", (t) => t.year],
  ["getMonth", (t) => t.month],
  ["getDate", (t) => t.day],
  ["getDayOfMonth", (t) => t.day - 1],
  ["getDayOfWeek", (t) => t.weekday],
  ["getDayOfYear", (t) => t.yearday],
  ["getHours", (t) => t.hours, (d) => Math.trunc(d.seconds / 3600)],
  ["getMinutes", (t) => t.minutes, (d) => Math.trunc(d.seconds / 60)],
  ["getSeconds", (t) => t.seconds, (d) => d.seconds],
  ["getMilliseconds", (_t, nanos) => Math.trunc(nanos / 1e6), (d) => Math.trunc(d.nanos / 1e6)],
];

/** Fields of timestamps, in UTC or a named zone, and durations as a count of a unit. */
export const TIME_FUNCTIONS: readonly FunctionSpec[] = ACCESSORS.map(([name, field, ofDuration]) => ({
  name,
  isMethod: true,
  overloads: [
    overload(T.TIMESTAMP, T.INT),
    overload(T.TIMESTAMP, T.STRING, T.INT),
    ...(ofDuration === undefined ? [] : [overload(T.DURATION, T.INT)]),
  ],
  run: (frame: EvalFrame, value: unknown, zone?: unknown) => {
    if (value instanceof CelTimestamp) return ofTimestamp(frame, value, zone, field);
    if (value instanceof CelDuration && ofDuration !== undefined && zone === undefined)
      return BigInt(ofDuration(value));
    return NO_SUCH_OVERLOAD;
  },
  prepare: ([, zone]) => {
    if (typeof zone?.value !== "string") return undefined;
    const offset = zoneOffset(zone.value, 0);
    return isCelError(offset) ? { fault: offset.message } : undefined;
  },
}));
