import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { firstUuidv7At } from "../../model/uuid.ts";
import { idsOfComingMonths, monthNamed, rangeOfId } from "./audit-months.ts";

const LAST = Date.UTC(9999, 11, 31, 23, 59, 59, 999);
const anyInstant = fc.integer({ min: 0, max: LAST });
const isIn = (id: string, first: string | undefined, end: string | undefined) =>
  (first === undefined || Buffer.compare(Buffer.from(id), Buffer.from(first)) >= 0) &&
  (end === undefined || Buffer.compare(Buffer.from(id), Buffer.from(end)) < 0);

describe("rangeOfId", () => {
  it.each([
    [Date.UTC(1970, 0), "audit_records_1970_01"],
    [Date.UTC(2026, 10, 1) - 1, "audit_records_2026_10"],
    [Date.UTC(2026, 10, 1), "audit_records_2026_11"],
    [Date.UTC(2028, 1, 29), "audit_records_2028_02"],
    [LAST, "audit_records_9999_12"],
    [LAST + 1, "audit_records_beyond"],
  ])("puts the first id of %d into %s", (time, name) => {
    expect(rangeOfId(firstUuidv7At(time)).name).toBe(name);
  });

  it.each([
    ["", "audit_records_before"],
    ["/", "audit_records_before"],
    ["g", "audit_records_beyond"],
    ["\u{10FFFF}", "audit_records_beyond"],
  ])("has a place for what is no id: %j", (id, name) => {
    expect(rangeOfId(id).name).toBe(name);
  });

  it("keeps every record in the month of its time (property)", () => {
    fc.assert(
      fc.property(anyInstant, (time) => {
        const month = monthNamed(rangeOfId(firstUuidv7At(time)).name)!;
        expect(month.from <= time && time < month.to).toBe(true);
      }),
    );
  });

  it("gives a range that holds the id, by its bytes, whatever the id is (property)", () => {
    const anyText = fc.oneof(fc.uuid(), fc.string({ unit: "binary" }), fc.stringMatching(/^[0-9a-fA-F-]{0,40}$/));
    fc.assert(
      fc.property(anyText, (id) => {
        const { first, end } = rangeOfId(id);
        expect(isIn(id, first, end)).toBe(true);
      }),
    );
  });

  it("leaves no gap between ranges, and lets none overlap (property)", () => {
    fc.assert(
      fc.property(anyInstant, (time) => {
        const { name, end } = rangeOfId(firstUuidv7At(time));
        expect(rangeOfId(end!).first).toBe(end);
        expect(rangeOfId(end!).name).not.toBe(name);
      }),
    );
    expect(rangeOfId("").end).toBe(rangeOfId(firstUuidv7At(0)).first);
  });
});

describe("monthNamed", () => {
  it.each([
    "audit_records_before",
    "audit_records_beyond",
    "audit_records_1969_12",
    "audit_records_2026_13",
    "api_keys",
  ])("knows no month of that name, so that it is never dropped: %s", (name) =>
    expect(monthNamed(name)).toBeUndefined(),
  );
});

it("prepares this month and the next, also at the end of a year", () => {
  const names = (now: number) => idsOfComingMonths(now).map((id) => rangeOfId(id).name);
  expect(names(Date.UTC(2026, 11, 31, 23))).toEqual(["audit_records_2026_12", "audit_records_2027_01"]);
  expect(names(Date.UTC(2027, 0, 1))).toEqual(["audit_records_2027_01", "audit_records_2027_02"]);
});
