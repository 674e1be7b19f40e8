import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createExportVerifier, createVerifier, type VerifyReport } from "../../src/audit/index.ts";
import { fakeExport, fakeKeys, fakeLog, hashAgain, withoutLink } from "../fake-audit-log.ts";

const { signer, key } = fakeKeys();
const keys = [key];

function sample(records: number, writers: number, checkpointEvery: number) {
  const { lines, head } = fakeLog(signer, { records, writers, checkpointEvery });
  const heads = Array.from({ length: writers }, (_, writer) => head(writer));
  return { lines, heads, file: fakeExport(signer, lines), body: Buffer.from(`${lines.join("\n")}\n`) };
}

const small = sample(8, 2, 3);
const large = sample(200, 3, 20);

function verifyFile(file: Uint8Array): VerifyReport {
  const verifier = createExportVerifier({ keys });
  verifier.write(file);
  return verifier.end();
}

/** Without the trailer's help, as the database is verified: by the chains, and where each of them is known to end. */
function verifyLines(
  lines: readonly (string | Uint8Array)[],
  { heads }: Pick<typeof large, "heads"> = large,
): VerifyReport {
  const verifier = createVerifier({ keys, heads });
  for (const line of lines) verifier.line(line);
  return verifier.end({});
}

function verifyBody(body: Buffer, log: typeof large): VerifyReport {
  const lines: Uint8Array[] = [];
  for (let start = 0; start < body.length; ) {
    const end = body.indexOf(10, start);
    lines.push(body.subarray(start, end === -1 ? body.length : end));
    start = end === -1 ? body.length : end + 1;
  }
  return verifyLines(lines, log);
}

function withByte(bytes: Buffer, at: number, change: number): Buffer {
  const altered = Buffer.from(bytes);
  altered[at] = altered[at]! ^ change;
  return altered;
}

const anyLine = fc.nat({ max: large.lines.length - 1 });
const anyChange = fc.integer({ min: 1, max: 255 });
const check = (property: fc.IRawProperty<unknown>, numRuns: number) => fc.assert(property, { numRuns });

test("what nobody touched is valid", () => {
  for (const log of [small, large]) {
    expect(verifyFile(log.file)).toMatchObject({ valid: true, errors: 0, records_after_checkpoints: 0, unsigned: 0 });
    expect(verifyBody(log.body, log)).toMatchObject({ valid: true, errors: 0 });
  }
});

describe("a change of one byte is found", () => {
  test("at every position of an export", () => {
    for (let at = 0; at < small.file.length; at += 1) {
      const change = 1 + ((at * 7919) % 255);
      if (verifyFile(withByte(small.file, at, change)).valid) expect.fail(`byte ${at} ^ ${change}`);
    }
  });

  test("at every position of the records alone", () => {
    // All but the last line feed, which is no part of a line.
    for (let at = 0; at < small.body.length - 1; at += 1) {
      const change = 1 + ((at * 6007) % 255);
      if (verifyBody(withByte(small.body, at, change), small).valid) expect.fail(`byte ${at} ^ ${change}`);
    }
  });

  test("anywhere in an export of 200 records, and in its records alone", () => {
    check(
      fc.property(fc.nat({ max: large.body.length - 2 }), anyChange, (at, change) => {
        expect(verifyFile(withByte(large.file, at, change)).valid).toBe(false);
        expect(verifyBody(withByte(large.body, at, change), large).valid).toBe(false);
      }),
      400,
    );
    check(
      fc.property(fc.integer({ min: large.body.length, max: large.file.length - 1 }), anyChange, (at, change) => {
        expect(verifyFile(withByte(large.file, at, change)).valid).toBe(false);
      }),
      200,
    );
  });

  test("and one added or removed", () => {
    check(
      fc.property(fc.nat({ max: large.file.length - 1 }), fc.nat({ max: 255 }), (at, value) => {
        const [before, behind] = [large.file.subarray(0, at), large.file.subarray(at)];
        expect(verifyFile(Buffer.concat([before, Buffer.from([value]), behind])).valid).toBe(false);
        expect(verifyFile(Buffer.concat([before, behind.subarray(1)])).valid).toBe(false);
      }),
      200,
    );
  });
});

describe("an export that was cut off is found", () => {
  test("at every byte", () => {
    for (let end = 0; end < small.file.length; end += 1) {
      if (verifyFile(small.file.subarray(0, end)).valid) expect.fail(`cut at ${end}`);
    }
  });

  test("at every line", () => {
    let end = 0;
    for (const line of large.lines) {
      expect(verifyFile(large.file.subarray(0, end)).first_error?.code).toBe("trailer_missing");
      end += Buffer.byteLength(line) + 1;
    }
  });
});

describe("in the database, without a trailer, it is found when", () => {
  const { lines } = large;
  const unknownEnds = { heads: [] };

  test("any record is removed, with or without hashing the rest again", () => {
    for (let at = 0; at < lines.length; at += 1) {
      const rest = lines.toSpliced(at, 1);
      expect(verifyLines(rest).valid).toBe(false);
      expect(verifyLines(hashAgain(rest)).valid).toBe(false);
    }
  });

  test("any two records are swapped, with or without hashing all again", () => {
    const swapped = (of: readonly string[], a: number, b: number) => of.with(a, of[b]!).with(b, of[a]!);
    for (let a = 0; a < small.lines.length; a += 1) {
      for (let b = 0; b < a; b += 1) expect(verifyLines(swapped(small.lines, a, b), small).valid).toBe(false);
    }
    check(
      fc.property(fc.uniqueArray(anyLine, { minLength: 2, maxLength: 2 }), ([a, b]) => {
        expect(verifyLines(swapped(lines, a!, b!)).valid).toBe(false);
        expect(verifyLines(hashAgain(swapped(lines, a!, b!))).valid).toBe(false);
      }),
      150,
    );
  });

  test("any record is altered and all behind it hashed again: by the next signature", () => {
    for (let at = 0; at < lines.length; at += 1) {
      const altered = lines.with(at, lines[at]!.replace('"time":"2026', '"time":"2025'));
      const report = verifyLines(hashAgain(altered), unknownEnds);
      expect(report.first_error?.code).toBe("bad_signature");
    }
  });

  test("a record is copied to another place", () => {
    check(
      fc.property(anyLine, fc.nat({ max: lines.length }), (from, to) => {
        const more = lines.toSpliced(to, 0, lines[from]!);
        expect(verifyLines(more).valid).toBe(false);
        expect(verifyLines(hashAgain(more)).valid).toBe(false);
      }),
      150,
    );
  });

  test("a record is forged into a chain, with right links and hashes: by the next signature", () => {
    // The last three records are the ends of the chains; what stands behind one of those no signature covers.
    check(
      fc.property(fc.nat({ max: lines.length - 4 }), (at) => {
        const forged = lines[at]!.replace(/0"((?:,"request_id":"[0-9a-f-]+")?,"time":)/, '1"$1');
        const report = verifyLines(hashAgain(lines.toSpliced(at + 1, 0, forged)), unknownEnds);
        expect(report.first_error?.code).toBe("bad_signature");
      }),
      150,
    );
  });

  test("all checkpoints are removed and the rest hashed again", () => {
    const bare = hashAgain(lines.filter((line) => !line.includes('"kind":"checkpoint"')));
    expect(verifyLines(bare)).toMatchObject({ valid: false, checkpoints: 0, unsigned: bare.length });
  });

  test("any chain is cut off, at any record", () => {
    check(
      fc.property(anyLine, fc.nat({ max: 2 }), (at, writer) => {
        const { writer: name } = large.heads[writer]!;
        const kept = lines.filter((line, index) => index < at || !line.includes(`,"writer":"${name}"`));
        const isWhole = kept.length === lines.length;
        expect(verifyLines(kept).valid).toBe(isWhole);
      }),
      150,
    );
  });
});

test("hashing again changes nothing that was not altered", () => {
  expect(hashAgain(large.lines)).toEqual(large.lines);
  expect(JSON.parse(withoutLink(large.lines[0]!))).not.toHaveProperty("writer");
});
