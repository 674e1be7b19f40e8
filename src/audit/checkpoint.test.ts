import { describe, expect, test } from "vitest";
import { fakeKeys, fakeWriter } from "../../test/fake-audit-log.ts";
import { checkpointOf, checkpointText, createCheckpoint } from "./checkpoint.ts";
import { linkRecord } from "./line-hash.ts";
import { serializeRecord } from "./serialize-record.ts";

const { signer, key } = fakeKeys();
const head = { writer: fakeWriter(1), seq: 41, hash: "a".repeat(64) };
const id = "01890b6e-7c00-7000-8000-000000000042";
const { line } = linkRecord(serializeRecord(createCheckpoint(signer, head, id, 1_769_851_200_000)), head);

test("a checkpoint is read back from its line, and its signature is over its place in the chain", () => {
  const checkpoint = checkpointOf(line)!;
  expect(checkpoint).toEqual({
    id,
    time: "2026-01-31T09:20:00.000Z",
    writer: head.writer,
    seq: 42,
    prev_hash: head.hash,
    key_id: signer.keyId,
    signature: signer.sign(`verdict-checkpoint:1\n${head.writer}\n42\n${head.hash}\n${id}\n2026-01-31T09:20:00.000Z\n`),
  });
  expect(key.isSignature(checkpointText(checkpoint), checkpoint.signature)).toBe(true);
});

describe("nothing can stand in a checkpoint's line that the signature does not cover", () => {
  test.each([
    ["another actor", '"actor":"system"', '"actor":"somebody"'],
    ["a member more", '"actor":"system"', '"actor":"system","note":"x"'],
    ["a member more in its data", '"data":{', '"data":{"note":"x",'],
    ["a member twice", '"actor":"system"', '"actor":"system","id":"x"'],
    ["a member behind its data", '"},"writer"', '"},"redacted":[],"writer"'],
    ["white space", '"data":{', '"data": {'],
  ])("%s", (_, from, to) => {
    expect(line).toContain(from);
    expect(checkpointOf(line.replace(from, to))).toBeUndefined();
  });

  test.each([
    ["id", id, "01890b6e-7c00-7000-8000-000000000043"],
    ["time", "09:20:00.000Z", "09:20:00.001Z"],
    ["writer", fakeWriter(1), fakeWriter(2)],
    ["seq", '"seq":42', '"seq":43'],
    ["prev_hash", "a".repeat(64), "b".repeat(64)],
  ])("another %s", (_, from, to) => {
    const altered = checkpointOf(line.replace(from, to))!;
    expect(key.isSignature(checkpointText(altered), altered.signature)).toBe(false);
  });
});
