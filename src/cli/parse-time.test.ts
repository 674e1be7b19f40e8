import { InvalidArgumentError } from "commander";
import { describe, expect, test } from "vitest";
import { parseExpiry, parseTime } from "./parse-time.ts";

const NOW = Date.parse("2026-01-02T03:04:05Z");

describe("a time on the command line", () => {
  test.each([
    ["2027-01-31T09:00:00Z", "2027-01-31T09:00:00.000Z"],
    ["2027-01-31t09:00:00.5z", "2027-01-31T09:00:00.500Z"],
    ["2027-01-31T09:00:00.123456789+02:00", "2027-01-31T07:00:00.123Z"],
    ["2028-02-29T00:00:00Z", "2028-02-29T00:00:00.000Z"],
    ["0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000Z"],
    ["9999-12-31T23:59:59Z", "9999-12-31T23:59:59.000Z"],
  ])("%s is %s", (text, iso) => {
    expect(new Date(parseTime(text)).toISOString()).toBe(iso);
  });

  test.each([
    "",
    "now",
    "2027",
    "2027-01-31",
    "2027-01-31T09:00:00",
    "2027-01-31 09:00:00Z",
    "2027-02-30T00:00:00Z",
    "2027-02-29T00:00:00Z",
    "2027-00-10T00:00:00Z",
    "2027-13-10T00:00:00Z",
    "2027-01-31T24:00:00Z",
    "2027-01-31T09:60:00Z",
    "2027-01-31T09:00:60Z",
    "2027-01-31T09:00:00+24:00",
    "0000-01-01T00:00:00Z",
    "0001-01-01T00:00:00+01:00",
    "9999-12-31T23:59:59-01:00",
    "+12027-01-31T09:00:00Z",
    "2027-01-31T09:00:00Z\n",
    "1700000000",
  ])("%j is refused", (text) => {
    expect(() => parseTime(text)).toThrow(InvalidArgumentError);
  });
});

describe("an expiry", () => {
  test.each([
    ["12h", 12 * 3_600_000],
    ["90d", 90 * 86_400_000],
    ["4w", 28 * 86_400_000],
    ["2026-01-02T03:04:06Z", 1000],
  ])("%s is that much later", (text, ms) => {
    expect(parseExpiry(text, NOW)).toBe(NOW + ms);
  });

  test.each([
    "",
    "90",
    "d",
    "0d",
    "-1d",
    "1.5d",
    "1m",
    "1y",
    "01d",
    "9999999d",
    "999999w",
    "90 d",
    "2026-01-02T03:04:05Z",
  ])("%j is refused", (text) => {
    expect(() => parseExpiry(text, NOW)).toThrow(InvalidArgumentError);
  });
});
