import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { fakeExport, fakeKeys, fakeLog } from "../../test/fake-audit-log.ts";
import { createExport } from "./export-log.ts";
import { filtersOf } from "./export-trailer.ts";
import { createExportVerifier, type ExportReport } from "./export-verifier.ts";
import type { VerifyingKey } from "./signing.ts";

const { signer, key } = fakeKeys();
const { lines } = fakeLog(signer, { records: 60, writers: 3, checkpointEvery: 5 });
const file = fakeExport(signer, lines);

function verify(bytes: Uint8Array | string, keys: readonly VerifyingKey[] = [key], chunkBytes = 65_536): ExportReport {
  const verifier = createExportVerifier({ keys });
  const all = Buffer.from(bytes);
  const chunk = Buffer.alloc(chunkBytes);
  for (let at = 0; at < all.length; at += chunkBytes) verifier.write(chunk.subarray(0, all.copy(chunk, 0, at)));
  return verifier.end();
}

describe("an export as it was written", () => {
  test("is the stored lines byte for byte, and a trailer with a digest that anyone can compute", () => {
    const text = file.toString();
    const [trailer, end] = text.split("\n").slice(-2);
    expect(end).toBe("");
    expect(text.slice(0, -trailer!.length - 1)).toBe(lines.map((line) => `${line}\n`).join(""));
    expect(JSON.parse(trailer!)).toEqual({
      version: 1,
      kind: "export.end",
      exported_at: "2026-02-01T00:00:00.000Z",
      filters: {},
      records: 60,
      sha256: createHash("sha256")
        .update(text.slice(0, -trailer!.length - 1))
        .digest("hex"),
      key_id: signer.keyId,
      public_key: signer.publicKey,
      signature: signer.sign(`verdict-export:1\n${trailer!.slice(0, trailer!.indexOf(',"signature"'))}`),
    });
  });

  test("is valid, wherever its bytes are cut into chunks", () => {
    const report = verify(file);
    expect(report).toMatchObject({ valid: true, records: 60, errors: 0, records_after_checkpoints: 0, unsigned: 0 });
    expect(report.export).toEqual({
      exported_at: "2026-02-01T00:00:00.000Z",
      filters: {},
      records: 60,
      key_id: signer.keyId,
    });
    for (const bytes of [1, 7, 1000, file.length]) expect(verify(file, [key], bytes)).toEqual(report);
  });

  test("is the same whatever pages it was written in", () => {
    const exported = createExport(signer, {});
    const pages = [lines.slice(0, 1), [], lines.slice(1, 50), lines.slice(50)].map((page) => exported.add(page));
    expect(Buffer.concat([...pages, Buffer.from(exported.end("2026-02-01T00:00:00.000Z"))])).toEqual(file);
  });

  test("may hold no records at all", () => {
    expect(verify(fakeExport(signer, []))).toMatchObject({ valid: true, records: 0 });
  });
});

describe("filters", () => {
  const filters = {
    from: 1_769_850_000_000,
    to: 1_769_859_999_999,
    identity: "Zoë\n\ud800 \ufffd",
    decision: "deny",
  } as const;

  test("are signed, with instants as RFC 3339, and read back", () => {
    const report = verify(fakeExport(signer, [], filters));
    expect(report.valid).toBe(true);
    expect(report.export?.filters).toEqual({
      ...filters,
      from: "2026-01-31T09:00:00.000Z",
      to: "2026-01-31T11:46:39.999Z",
    });
    expect(filtersOf(report.export!)).toEqual(filters);
  });

  test("that leave records out make gaps possible; without them a gap is an error though the trailer is right", () => {
    const some = lines.filter((_, at) => at % 4 === 0);
    expect(verify(fakeExport(signer, some, { identity: "support-bot" })).valid).toBe(true);
    expect(verify(fakeExport(signer, some)).first_error?.code).toBe("missing_beginning");
    expect(verify(fakeExport(signer, some, { from: 0 })).first_error?.code).toBe("gap");
  });

  test("that only name a range keep the chains whole", () => {
    const range = lines.slice(7, 40);
    expect(verify(fakeExport(signer, range, { from: 0 }))).toMatchObject({ valid: true, records: 33 });
    expect(verify(fakeExport(signer, range)).first_error?.code).toBe("missing_beginning");
  });
});

describe("the trailer", () => {
  const body = lines.map((line) => `${line}\n`).join("");
  const trailer = file.toString().slice(body.length);
  const foreign = fakeKeys();
  const over = (text: string, count: number) => {
    const exported = createExport(signer, {});
    exported.add(Array.from({ length: count }, () => text));
    return exported.end("2026-02-01T00:00:00.000Z");
  };

  test.each<[string, string, number, string]>([
    ["missing", "trailer_missing", 61, body],
    ["missing together with records", "trailer_missing", 58, body.split("\n").slice(0, 57).join("\n").concat("\n")],
    ["without its line feed", "trailer_missing", 61, file.toString().slice(0, -1)],
    ["cut", "trailer_signature", 61, `${body}${trailer.slice(0, -9)}\n`],
    ["with another time", "trailer_signature", 61, body + trailer.replace("2026-02-01", "2027-02-01")],
    [
      "with other filters",
      "trailer_signature",
      61,
      body + trailer.replace('"filters":{}', '"filters":{"from":"2026-01-01T00:00:00Z"}'),
    ],
    [
      "with another public key",
      "trailer_signature",
      61,
      body + trailer.replace(signer.publicKey, foreign.signer.publicKey),
    ],
    ["with another key id", "unknown_key", 61, body + trailer.replace(signer.keyId, foreign.signer.keyId)],
    ["with white space", "trailer_signature", 61, body + trailer.replace("}\n", "} \n")],
    ["of other lines", "trailer_digest", 61, body + over("x", 60)],
    ["of an export before this one", "trailer_digest", 61, body + over("x", 3)],
    ["twice", "behind_trailer", 62, body + trailer + trailer],
    ["with a record behind it", "behind_trailer", 62, `${body}${trailer}${lines[0]}\n`],
    ["with an empty line behind it", "behind_trailer", 62, `${body}${trailer}\n`],
    ["with something behind it", "behind_trailer", 62, `${body}${trailer}x`],
    ["with an empty line before it", "not_a_record", 61, `${body}\n${trailer}`],
    ["with a mark before the first line", "not_a_record", 1, `\ufeff${body}${trailer}`],
    ["of a file with other line breaks", "not_a_record", 1, (body + trailer).replaceAll("\n", "\r\n")],
    [
      "of a valid part of the log, before the rest",
      "trailer_digest",
      59,
      body.split("\n").slice(0, 58).join("\n").concat(`\n${trailer}`),
    ],
  ])("%s: %s", (_, code, line, text) => {
    expect(verify(text)).toMatchObject({
      valid: false,
      first_error: { code, line: code === "trailer_digest" ? expect.any(Number) : line },
    });
  });

  test("of a foreign key is an error, though all records are right", () => {
    const report = verify(fakeExport(foreign.signer, lines));
    expect(report).toMatchObject({ valid: false, errors: 1, first_error: { code: "unknown_key", line: 61 } });
    expect(report.export).toBeUndefined();
  });

  test("with the right digest and another count", () => {
    const exported = createExport(signer, {});
    exported.add([lines.join("\n")]);
    const report = verify(body + exported.end("2026-02-01T00:00:00.000Z"));
    expect(report).toMatchObject({ errors: 1, first_error: { code: "trailer_count", line: 61 } });
  });
});

test("bytes that a lenient decoder takes for the same text are another file", () => {
  const replaced = Buffer.from("\ufffd");
  const at = file.indexOf(replaced);
  const altered = Buffer.from(file);
  altered[at] = 0xf3;
  expect(altered.toString()).toBe(file.toString());
  expect(verify(altered).first_error?.code).toBe("hash_mismatch");
});

test("a line without end takes no memory and is an error", () => {
  const verifier = createExportVerifier({ keys: [key] });
  const chunk = Buffer.alloc(1 << 20, "x");
  for (let megabytes = 0; megabytes < 64; megabytes += 1) verifier.write(chunk);
  verifier.write(Buffer.from("\n"));
  verifier.write(file);
  expect(verifier.end()).toMatchObject({ valid: false, first_error: { code: "not_a_record", line: 1 } });
});
