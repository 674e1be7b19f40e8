import { expect, test } from "vitest";
import { createPlaces } from "./places.ts";

const REFUSED = { code: "too_many_requests" };
const places = () => createPlaces({ all: 3, ofKey: 2, refusal: (who) => `full${who}` });

test("one key takes so many, all together so many, and what is given back is free", () => {
  const { take } = places();
  const leave = take("a");
  take("a");
  expect(() => take("a")).toThrow(expect.objectContaining({ ...REFUSED, detail: "full with this API key" }));
  take("b");
  expect(() => take("b")).toThrow(expect.objectContaining({ ...REFUSED, detail: "full" }));
  leave();
  take("b");
  expect(() => take("c")).toThrow(expect.objectContaining(REFUSED));
});

test("a place is given back once", () => {
  const { take } = places();
  const leave = take("a");
  leave();
  leave();
  for (const key of ["a", "a", "b"]) take(key);
  expect(() => take("b")).toThrow(expect.objectContaining({ ...REFUSED, detail: "full" }));
});
