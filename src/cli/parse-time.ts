import { InvalidArgumentError } from "commander";

const RFC3339 =
  /^(\d{4})-(\d{2})-(\d{2})[Tt]([01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?(?:[Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;
const UNIT_MS = { h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;

/** Epoch milliseconds of an RFC 3339 time. @throws InvalidArgumentError */
export function parseTime(text: string): number {
  const time = timeOf(text);
  if (time === undefined) throw new InvalidArgumentError("Give an RFC 3339 time such as 2027-01-31T09:00:00Z.");
  return time;
}

/** Epoch milliseconds of a time to come: `90d`, `12h`, `4w`, or RFC 3339. @throws InvalidArgumentError */
export function parseExpiry(text: string, now: number): number {
  const [, count, unit] = /^([1-9]\d{0,5})([hdw])$/.exec(text) ?? [];
  const time = count === undefined ? timeOf(text) : now + Number(count) * UNIT_MS[unit as keyof typeof UNIT_MS];
  if (time === undefined || time > LAST) {
    throw new InvalidArgumentError("Give hours, days or weeks (12h, 90d, 4w) or a time such as 2027-01-31T09:00:00Z.");
  }
  if (time <= now) throw new InvalidArgumentError("It is in the past.");
  return time;
}

/** The years that CEL's timestamps have. */
const FIRST = Date.parse("0001-01-01T00:00:00Z");
const LAST = Date.parse("9999-12-31T23:59:59.999Z");

function timeOf(text: string): number | undefined {
  const [, year, month, day] = RFC3339.exec(text) ?? [];
  if (year === undefined) return undefined;
  // `Date.parse` reads 30 February as 2 March.
  const date = new Date(`${year}-${month}-${day}T00:00:00Z`);
  if (Number.isNaN(date.getTime()) || !date.toISOString().startsWith(`${year}-${month}-${day}T`)) return undefined;
  const time = Date.parse(text.toUpperCase());
  return time >= FIRST && time <= LAST ? time : undefined;
}
