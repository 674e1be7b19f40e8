import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createLineCutter } from "./cut-lines.ts";
import { readLines } from "./read-lines.ts";
import type { Replay } from "./replay.ts";

/** Cuts what is written into lines. */
function createExportReader(lines: Pick<Replay, "line" | "malformed">) {
  return createLineCutter({ block: (bytes) => readLines(lines, bytes), malformed: lines.malformed });
}

function linesOf(...chunks: readonly (string | Uint8Array)[]): string[] {
  const seen: string[] = [];
  const reader = createExportReader({
    line: (text) => void seen.push(text),
    malformed: (detail) => void seen.push(`! ${detail}`),
  });
  for (const chunk of chunks) reader.write(typeof chunk === "string" ? Buffer.from(chunk) : chunk);
  reader.end();
  return seen;
}

describe("the bytes of an export", () => {
  it("are the same lines however they are cut into chunks", () => {
    const text = fc.array(
      fc.string({ unit: "grapheme" }).map((line) => line.replaceAll("\n", "")),
      { minLength: 1 },
    );
    fc.assert(
      fc.property(text, fc.array(fc.nat(20)), (lines, sizes) => {
        const bytes = Buffer.from(`${lines.join("\n")}\n`);
        const chunks: Uint8Array[] = [];
        let at = 0;
        for (const size of sizes) {
          chunks.push(bytes.subarray(at, at + size));
          at += size;
        }
        expect(linesOf(...chunks, bytes.subarray(at))).toEqual(lines);
      }),
    );
  });

  it("are the same lines where many are decoded at once, whichever of them is long, cut or no UTF-8", () => {
    const bad = Buffer.from([0x61, 0xff, 0x62]);
    const line = fc.oneof(
      { weight: 8, arbitrary: fc.nat(3_000).map((length) => Buffer.from("xä€".repeat(length / 3))) },
      {
        weight: 1,
        arbitrary: fc.constantFrom(63, 64, 65, 200).map((kilobytes) => Buffer.alloc(kilobytes * 1024, "y")),
      },
      { weight: 1, arbitrary: fc.constant(bad) },
    );
    fc.assert(
      fc.property(
        fc.array(line, { minLength: 1, maxLength: 100 }),
        fc.integer({ min: 1_000, max: 300_000 }),
        (lines, size) => {
          const bytes = Buffer.concat(lines.flatMap((text) => [text, Buffer.from("\n")]));
          const chunks: Uint8Array[] = [];
          for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size));
          const expected = lines.map((text) => (text === bad ? "! not UTF-8" : text.toString()));
          expect(linesOf(...chunks)).toEqual(expected);
        },
      ),
      { numRuns: 50 },
    );
  });

  it("may end without a line feed", () => {
    expect(linesOf("a\nb")).toEqual(["a", "b"]);
    expect(linesOf("")).toEqual([]);
  });

  it("are not repaired: the line that is not UTF-8 is named, those around it are read", () => {
    expect(linesOf(Buffer.concat([Buffer.from("a\n"), Uint8Array.of(0xff, 10), Buffer.from("b\n")]))).toEqual([
      "a",
      "! not UTF-8",
      "b",
    ]);
  });

  it("hold no line without an end in memory", () => {
    const megabyte = "x".repeat(1024 * 1024);
    const long = Array.from({ length: 18 }, () => megabyte);
    expect(linesOf("a\n", ...long, "\nb\n")).toEqual(["a", "! longer than any record", "b"]);
    expect(linesOf("a\n", ...long)).toEqual(["a", "! longer than any record"]);
  });

  it("may be overwritten once they were written", () => {
    const chunk = Buffer.from("ab");
    const seen: string[] = [];
    const reader = createExportReader({ line: (text) => void seen.push(text), malformed: () => {} });
    reader.write(chunk);
    chunk.fill("z");
    reader.write(Buffer.from("c\n"));
    expect(seen).toEqual(["abc"]);
  });
});
