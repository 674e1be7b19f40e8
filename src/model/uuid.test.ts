import { randomFillSync } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createUuidv7, isUuid } from "./uuid.ts";

const timeOf = (id: string) => Number.parseInt(id.replace("-", "").slice(0, 12), 16);

describe("createUuidv7", () => {
  it("makes ids that sort in the order in which they were made, whatever the clock does", () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 5 }), { minLength: 2 }), (clock) => {
        const newId = createUuidv7(randomFillSync);
        const ids = clock.map((now) => newId(now));
        expect([...ids].sort()).toEqual(ids);
        expect(new Set(ids).size).toBe(ids.length);
      }),
    );
  });

  it("sorts more ids of one millisecond than the counter holds, and goes on with the time", () => {
    const newId = createUuidv7(randomFillSync);
    const ids = Array.from({ length: 10_000 }, () => newId(1_700_000_000_000));
    expect([...ids].sort()).toEqual(ids);
    expect(timeOf(ids.at(-1)!)).toBeLessThan(1_700_000_000_000 + 6);
    expect(timeOf(newId(1_700_000_001_000))).toBe(1_700_000_001_000);
  });

  it("has the layout of RFC 9562: time, version 7, variant 10", () => {
    const all = (byte: number) => createUuidv7((bytes) => bytes.fill(byte))(0x017f22e279b0);
    expect(all(0xff)).toBe("017f22e2-79b0-77ff-bfff-ffffffffffff");
    expect(all(0x00)).toBe("017f22e2-79b0-7000-8000-000000000000");
    expect(isUuid(all(0x5a))).toBe(true);
  });
});
