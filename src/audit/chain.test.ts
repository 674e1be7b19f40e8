import { expect, test } from "vitest";
import { GENESIS, linkOf, linkText, SEAL_LENGTH, sealText } from "./chain.ts";
import { hashOfLine, isIntact, linkRecord } from "./line-hash.ts";

const writer = "01890b6e-7c00-7000-8000-000000000001";
const genesis = { writer, seq: 0, hash: GENESIS };

test("a linked record is the record with its link as the last members, and its hash is of all before the hash", () => {
  const { line, head } = linkRecord('{"a":"é"}', genesis);
  const covered = `{"a":"é","writer":"${writer}","seq":1,"prev_hash":"${GENESIS}"`;
  expect(line).toBe(`${covered},"hash":"${head.hash}"}`);
  // printf '{"a":"é","writer":"...","seq":1,"prev_hash":"0..."' | sha256sum
  expect(head).toEqual({ writer, seq: 1, hash: "180775b936c1b006e0dc69f50288e63e9528bde3897e80e880411611527b957b" });
  expect(linkOf(line)).toEqual({ writer, seq: 1, prev_hash: GENESIS, hash: head.hash });
  expect(hashOfLine(line)).toBe(head.hash);
  expect(line.slice(-SEAL_LENGTH)).toBe(sealText(head.hash));
});

test("a chain goes on from the hash before", () => {
  const first = linkRecord('{"a":1}', genesis);
  expect(linkOf(linkRecord('{"a":2}', first.head).line)).toMatchObject({ seq: 2, prev_hash: first.head.hash });
});

test("the longest link is found, and one that only looks like a link in the middle is not", () => {
  const longest = linkRecord('{"a":1}', { ...genesis, seq: Number.MAX_SAFE_INTEGER - 1 });
  expect(linkOf(longest.line)?.seq).toBe(Number.MAX_SAFE_INTEGER);
  expect(linkOf(`${longest.line} `)).toBeUndefined();
  expect(linkOf(`${longest.line}\n`)).toBeUndefined();
});

test.each([
  ["no link", '{"a":1}'],
  ["a sequence number from 0", `{"a":1${linkText({ ...genesis, seq: -1 })}${sealText(GENESIS)}`],
  [
    "a sequence number that no number holds",
    `{"a":1${linkText(genesis).replace(":1,", ":9007199254740993,")}${sealText(GENESIS)}`,
  ],
  ["an upper-case hash", `{"a":1${linkText(genesis)}${sealText("A".repeat(64))}`],
  ["white space in the link", `{"a":1${linkText(genesis)}, ${sealText(GENESIS).slice(1)}`],
])("a line with %s has none", (_, line) => {
  expect(linkOf(line)).toBeUndefined();
  expect(isIntact(line)).toBe(false);
});
