import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compileGlob, coversGlob } from "./glob.ts";

/** The obvious meaning of a glob, as a regular expression over code points. */
function reference(pattern: string, text: string): boolean {
  const source = [...pattern].map((c) =>
    c === "*" ? "[^]*" : c === "?" ? "[^]" : c.replace(/[\\^$.|+()[\]{}/-]/, "\\$&"),
  );
  return new RegExp(`^${source.join("")}$`, "u").test(text);
}

const letters = fc.constantFrom("a", "b", ".", "😀", "A");
const pattern = fc.array(fc.oneof(letters, fc.constantFrom("*", "?")), { maxLength: 8 }).map((parts) => parts.join(""));
const text = fc.array(letters, { maxLength: 10 }).map((parts) => parts.join(""));

describe("globs", () => {
  it("match as documented, whatever the pattern", () => {
    fc.assert(
      fc.property(pattern, text, (p, t) => compileGlob(p).matches(t) === reference(p, t)),
      { numRuns: 5000 },
    );
  });

  it("prefix and suffix hold for every matching text, so that the index may rely on them", () => {
    const holds = (p: string, t: string) => {
      const glob = compileGlob(p);
      return !glob.matches(t) || (t.startsWith(glob.prefix) && t.endsWith(glob.suffix));
    };
    fc.assert(fc.property(pattern, text, holds), { numRuns: 5000 });
  });

  it("a glob that covers another matches all that it matches", () => {
    const holds = (broad: string, narrow: string, t: string) =>
      !coversGlob(compileGlob(broad), compileGlob(narrow)) ||
      !compileGlob(narrow).matches(t) ||
      compileGlob(broad).matches(t);
    fc.assert(fc.property(pattern, pattern, text, holds), { numRuns: 5000 });
  });

  it("case counts and other characters stand for themselves", () => {
    expect(compileGlob("a.b").matches("axb")).toBe(false);
    expect(compileGlob("stripe.*").matches("Stripe.refund")).toBe(false);
    expect(compileGlob("[a]").matches("a")).toBe(false);
  });

  it("a hostile pattern takes no more than the product of both lengths", () => {
    expect(compileGlob("*a".repeat(128)).matches("a".repeat(127).concat("b".repeat(4000)))).toBe(false);
  });
});
