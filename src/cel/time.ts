import { CelDuration, CelError, CelTimestamp } from "./values.ts";

const NANOS = 1_000_000_000;
const NANOS_BIG = 1_000_000_000n;
/** 0001-01-01T00:00:00Z and 9999-12-31T23:59:59Z. */
const TIMESTAMP_SECONDS_MIN = -62_135_596_800;
const TIMESTAMP_SECONDS_MAX = 253_402_300_799;
/** Nanoseconds of a duration are an int64, as in the specification's own implementation: about 292 years. */
const DURATION_NANOS_MAX = 2n ** 63n - 1n;
const DURATION_NANOS_MIN = -(2n ** 63n);

export const TIMESTAMP_RANGE = new CelError("timestamp out of range");
export const DURATION_RANGE = new CelError("duration out of range");
export const INVALID_TIMESTAMP = new CelError("invalid timestamp");
export const INVALID_DURATION = new CelError("invalid duration");
export const INVALID_ZONE = new CelError("invalid time zone");

export function makeTimestamp(seconds: number, nanos: number): CelTimestamp | CelError {
  if (seconds < TIMESTAMP_SECONDS_MIN || seconds > TIMESTAMP_SECONDS_MAX) return TIMESTAMP_RANGE;
  return new CelTimestamp(seconds, nanos);
}

function durationNanos(duration: CelDuration): bigint {
  return BigInt(duration.seconds) * NANOS_BIG + BigInt(duration.nanos);
}

function timestampNanos(timestamp: CelTimestamp): bigint {
  return BigInt(timestamp.seconds) * NANOS_BIG + BigInt(timestamp.nanos);
}

export function makeDuration(nanos: bigint): CelDuration | CelError {
  if (nanos < DURATION_NANOS_MIN || nanos > DURATION_NANOS_MAX) return DURATION_RANGE;
  return new CelDuration(Number(nanos / NANOS_BIG), Number(nanos % NANOS_BIG));
}

export function addDurations(a: CelDuration, b: CelDuration): CelDuration | CelError {
  return makeDuration(durationNanos(a) + durationNanos(b));
}

export function subtractDurations(a: CelDuration, b: CelDuration): CelDuration | CelError {
  return makeDuration(durationNanos(a) - durationNanos(b));
}

export function subtractTimestamps(a: CelTimestamp, b: CelTimestamp): CelDuration | CelError {
  return makeDuration(timestampNanos(a) - timestampNanos(b));
}

/** @param sign 1 to add, -1 to subtract */
export function shiftTimestamp(timestamp: CelTimestamp, duration: CelDuration, sign: 1 | -1): CelTimestamp | CelError {
  const nanos = timestamp.nanos + sign * duration.nanos;
  const carry = Math.floor(nanos / NANOS);
  return makeTimestamp(timestamp.seconds + sign * duration.seconds + carry, nanos - carry * NANOS);
}

/** Negative, zero or positive, as for sorting. */
export function compareTimes(a: CelTimestamp | CelDuration, b: CelTimestamp | CelDuration): number {
  return a.seconds === b.seconds ? a.nanos - b.nanos : a.seconds - b.seconds;
}

const DAYS_BEFORE_MONTH = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];

function isLeap(year: number): boolean {
  return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
}

/** Days from 1970-01-01 in the proleptic Gregorian calendar. Month counts from 1. */
function daysFromCivil(year: number, month: number, day: number): number {
  const before = year - 1;
  const leaps = Math.floor(before / 4) - Math.floor(before / 100) + Math.floor(before / 400);
  const inYear = DAYS_BEFORE_MONTH[month - 1]! + (month > 2 && isLeap(year) ? 1 : 0) + day - 1;
  return before * 365 + leaps + inYear - 719_162;
}

export interface CivilTime {
  readonly year: number;
  /** 0 to 11 */
  readonly month: number;
  /** 1 to 31 */
  readonly day: number;
  /** 0 is Sunday */
  readonly weekday: number;
  /** 0 to 365 */
  readonly yearday: number;
  readonly hours: number;
  readonly minutes: number;
  readonly seconds: number;
}

/** Calendar fields of seconds since the epoch, in UTC; for another zone, shift the seconds first. */
export function civilTime(epochSeconds: number): CivilTime {
  const days = Math.floor(epochSeconds / 86_400);
  const rest = epochSeconds - days * 86_400;
  let year = 1970 + Math.floor(days / 365.2425);
  while (daysFromCivil(year, 1, 1) > days) year -= 1;
  while (daysFromCivil(year + 1, 1, 1) <= days) year += 1;
  const yearday = days - daysFromCivil(year, 1, 1);
  let month = 12;
  while (daysFromCivil(year, month, 1) > days) month -= 1;
  return {
    year,
    month: month - 1,
    day: days - daysFromCivil(year, month, 1) + 1,
    weekday: (((days + 4) % 7) + 7) % 7,
    yearday,
    hours: Math.floor(rest / 3600),
    minutes: Math.floor(rest / 60) % 60,
    seconds: rest % 60,
  };
}

const TIMESTAMP = /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?\d*(?:[Zz]|([+-])(\d\d):(\d\d))$/;

/** Reads RFC 3339. */
export function parseTimestamp(text: string): CelTimestamp | CelError {
  if (text.length > 64) return INVALID_TIMESTAMP;
  const match = TIMESTAMP.exec(text);
  if (match === null) return INVALID_TIMESTAMP;
  const [year, month, day, hours, minutes, seconds] = match.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  if (month < 1 || month > 12 || day < 1 || hours > 23 || minutes > 59 || seconds > 59) return INVALID_TIMESTAMP;
  if (day > daysFromCivil(year + (month === 12 ? 1 : 0), (month % 12) + 1, 1) - daysFromCivil(year, month, 1)) {
    return INVALID_TIMESTAMP;
  }
  const zoneHours = Number(match[9] ?? 0);
  const zoneMinutes = Number(match[10] ?? 0);
  if (zoneHours > 23 || zoneMinutes > 59) return INVALID_TIMESTAMP;
  const zone = (match[8] === "-" ? -1 : 1) * (zoneHours * 3600 + zoneMinutes * 60);
  const epoch = daysFromCivil(year, month, day) * 86_400 + hours * 3600 + minutes * 60 + seconds - zone;
  return makeTimestamp(epoch, Number((match[7] ?? "").padEnd(9, "0")));
}

/** A fraction of 9 digits without its trailing zeros, with its point; nothing for zero. */
function fraction(nanos: number): string {
  return nanos === 0 ? "" : `.${String(nanos).padStart(9, "0").replace(/0+$/, "")}`;
}

function pad(value: number, width = 2): string {
  return String(value).padStart(width, "0");
}

export function formatTimestamp(timestamp: CelTimestamp): string {
  const t = civilTime(timestamp.seconds);
  const date = `${pad(t.year, 4)}-${pad(t.month + 1)}-${pad(t.day)}`;
  return `${date}T${pad(t.hours)}:${pad(t.minutes)}:${pad(t.seconds)}${fraction(timestamp.nanos)}Z`;
}

const UNIT_NANOS: Record<string, bigint> = {
  h: 3_600_000_000_000n,
  m: 60_000_000_000n,
  s: NANOS_BIG,
  ms: 1_000_000n,
  us: 1_000n,
  µs: 1_000n,
  μs: 1_000n,
  ns: 1n,
};
const DURATION_PART = /(\d+)(?:\.(\d*))?(h|ms|m|s|us|µs|μs|ns)|\.(\d+)(h|ms|m|s|us|µs|μs|ns)/y;

/** Reads a duration such as `1h30m`, `-1.5s` or `0`. */
export function parseDuration(text: string): CelDuration | CelError {
  if (text.length === 0 || text.length > 128) return INVALID_DURATION;
  const isNegative = text[0] === "-";
  let at = isNegative || text[0] === "+" ? 1 : 0;
  if (text.slice(at) === "0") return new CelDuration(0, 0);
  if (at === text.length) return INVALID_DURATION;
  let nanos = 0n;
  while (at < text.length) {
    DURATION_PART.lastIndex = at;
    const match = DURATION_PART.exec(text);
    if (match === null) return INVALID_DURATION;
    const unit = UNIT_NANOS[match[3] ?? match[5]!]!;
    const decimals = match[2] ?? match[4] ?? "";
    nanos += BigInt(match[1] ?? "0") * unit;
    if (decimals !== "") nanos += (BigInt(decimals) * unit) / 10n ** BigInt(decimals.length);
    at = DURATION_PART.lastIndex;
  }
  return makeDuration(isNegative ? -nanos : nanos);
}

/** Seconds with a fraction and the letter s, as in `90.5s`. */
export function formatDuration(duration: CelDuration): string {
  const sign = duration.seconds < 0 || duration.nanos < 0 ? "-" : "";
  return `${sign}${Math.abs(duration.seconds)}${fraction(Math.abs(duration.nanos))}s`;
}

const FIXED_ZONE = /^([+-]?)(\d\d):(\d\d)$/;
const zones = new Map<string, Intl.DateTimeFormat | undefined>();
const ZONES_MAX = 128;

function zoneFormat(zone: string): Intl.DateTimeFormat | undefined {
  if (zones.has(zone)) return zones.get(zone);
  let format: Intl.DateTimeFormat | undefined;
  try {
    format = new Intl.DateTimeFormat("en-US", {
      timeZone: zone,
      calendar: "iso8601",
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
      era: "short",
    });
  } catch {
    format = undefined; // RangeError: there is no such zone
  }
  // Zone names may come from a request, so the memory of them is bounded.
  if (zones.size >= ZONES_MAX) zones.clear();
  zones.set(zone, format);
  return format;
}

/** Seconds that a zone is ahead of UTC at an instant. Zones: IANA names, `+01:00`, `-02:30`, `02:00`. */
export function zoneOffset(zone: string, epochSeconds: number): number | CelError {
  if (zone === "UTC" || zone === "") return 0;
  const fixed = FIXED_ZONE.exec(zone);
  if (fixed !== null) {
    const [hours, minutes] = [Number(fixed[2]), Number(fixed[3])];
    if (hours > 23 || minutes > 59) return INVALID_ZONE;
    return (fixed[1] === "-" ? -1 : 1) * (hours * 3600 + minutes * 60);
  }
  if (zone.length > 64 || !/^[A-Za-z]/.test(zone)) return INVALID_ZONE;
  const format = zoneFormat(zone);
  if (format === undefined) return INVALID_ZONE;
  const parts: Record<string, string> = {};
  for (const part of format.formatToParts(epochSeconds * 1000)) parts[part.type] = part.value;
  const year = parts.era?.startsWith("B") ? 1 - Number(parts.year) : Number(parts.year);
  const days = daysFromCivil(year, Number(parts.month), Number(parts.day));
  const local = days * 86_400 + Number(parts.hour) * 3600 + Number(parts.minute) * 60 + Number(parts.second);
  return local - epochSeconds;
}
