import type { AuditPartition } from "../../audit/types.ts";
import { firstUuidv7At } from "../../model/uuid.ts";

/** A partition of `audit_records`: the ids from `first` (inclusive) to `end` (exclusive), compared byte by byte. */
export interface IdRange {
  readonly name: string;
  /** Undefined: every smaller id. */
  readonly first: string | undefined;
  /** Undefined: every greater id. */
  readonly end: string | undefined;
}

const FIRST_YEAR = 1970;
const MONTHS = (10_000 - FIRST_YEAR) * 12;

/**
 * Where a record is kept: the calendar month (UTC) whose ids `id` sorts among. What is in no month of the years 1970 to
 * 9999 goes to `audit_records_before` or `audit_records_beyond`, so that there is a place for every text: a record with an
 * absurd id must not hold up the others. Total.
 */
export function rangeOfId(id: string): IdRange {
  // Byte order is this order, since the bounds are ASCII.
  if (id < firstIdOf(0)) return { name: "audit_records_before", first: undefined, end: firstIdOf(0) };
  if (id >= firstIdOf(MONTHS)) return { name: "audit_records_beyond", first: firstIdOf(MONTHS), end: undefined };
  let [month, behind] = [0, MONTHS];
  while (behind - month > 1) {
    const middle = (month + behind) >> 1;
    if (firstIdOf(middle) <= id) month = middle;
    else behind = middle;
  }
  return { name: nameOf(month), first: firstIdOf(month), end: firstIdOf(month + 1) };
}

/** The month's partition as the domain sees it; undefined for a table that is no month's. */
export function monthNamed(name: string): AuditPartition | undefined {
  const match = /^audit_records_(\d{4})_(0[1-9]|1[0-2])$/.exec(name);
  if (match === null) return undefined;
  const [year, month] = [Number(match[1]), Number(match[2]) - 1];
  return year < FIRST_YEAR ? undefined : { name, from: Date.UTC(year, month), to: Date.UTC(year, month + 1) };
}

/** The first ids of this month and of the next, so that both get their partitions before the first record. */
export function idsOfComingMonths(now: number): string[] {
  const date = new Date(now);
  return [0, 1].map((ahead) => firstUuidv7At(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + ahead)));
}

function nameOf(month: number): string {
  const year = FIRST_YEAR + Math.floor(month / 12);
  return `audit_records_${year}_${String((month % 12) + 1).padStart(2, "0")}`;
}

/** Only the instant of the id: whatever follows it sorts behind. */
function firstIdOf(month: number): string {
  return firstUuidv7At(Date.UTC(FIRST_YEAR, month)).slice(0, 13);
}
