import { expect, test } from "vitest";
import { relativeTime } from "./relative-time.ts";

test.each([
  [0, "now"],
  [999, "now"],
  [-999, "now"],
  [1000, "in 1 s"],
  [-59_999, "59 s ago"],
  [60_000, "in 1 min"],
  [-3_600_000, "1 h ago"],
  [86_400_000 * 400, "in 400 d"],
])("%i ms from now is `%s`", (distance, text) => {
  expect(relativeTime(1_000_000_000_000 + distance, 1_000_000_000_000)).toBe(text);
});
