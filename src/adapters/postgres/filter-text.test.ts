import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { filterText, isStorableText } from "./filter-text.ts";

describe("filterText", () => {
  it.each(["", "billing-agent", "Größe 💸", "x".repeat(512)])("keeps ordinary text as it is: %s", (text) => {
    expect(filterText(text)).toBe(text);
  });

  const anyText = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.string(),
    fc.array(fc.nat(0xffff)).map((units) => String.fromCharCode(...units)),
  );

  it("gives text that PostgreSQL can hold and index, whatever comes in (property)", () => {
    fc.assert(
      fc.property(anyText, fc.nat(40), (text, times) => {
        const form = filterText(text.repeat(times));
        expect(isStorableText(form)).toBe(true);
        expect(Buffer.byteLength(form)).toBeLessThan(2600);
      }),
    );
  });

  it("keeps different texts different (property)", () => {
    fc.assert(
      fc.property(anyText, anyText, (a, b) => {
        expect(filterText(a) === filterText(b)).toBe(a === b);
      }),
    );
    expect(filterText("\ud800")).not.toBe(filterText("\udc00"));
    expect(filterText("a\u0000")).not.toBe(filterText("a\uFFFD"));
    expect(filterText(`${"x".repeat(600)}a`)).not.toBe(filterText(`${"x".repeat(600)}b`));
  });
});
