import { describe, expect, it, vi } from "vitest";

const work = vi.hoisted(() => ({ characters: 0 }));

// Counts the characters that detectors read, so that no clock is needed to see that their work is linear.
vi.mock(import("./quoted-value.ts"), async (importOriginal) => {
  const original = await importOriginal();
  return {
    ...original,
    readValue(text, from, raw) {
      const value = original.readValue(text, from, raw);
      work.characters += (value?.end ?? from) - from;
      return value;
    },
  };
});
vi.mock(import("./characters.ts"), async (importOriginal) => {
  const original = await importOriginal();
  const counted =
    <Rest extends readonly unknown[]>(read: (text: string, from: number, ...rest: Rest) => number) =>
    (text: string, from: number, ...rest: Rest) => {
      const end = read(text, from, ...rest);
      work.characters += Math.abs(end - from);
      return end;
    };
  return {
    ...original,
    runEnd: counted(original.runEnd),
    runStart: counted(original.runStart),
    skipBlanks: counted(original.skipBlanks),
    skipBackslashes: counted(original.skipBackslashes),
  };
});

const { findSecrets, mayHoldSecret } = await import("./find-secrets.ts");

/** What is ordinary is read up to 256 characters far, from every place where a keyword stands, in two ways. */
const READ_PER_KEYWORD = 2 * 256;
const READ_PER_CHARACTER = 16;

function expectLinear(piece: string, length: number, end: string): void {
  const copies = Math.ceil(length / piece.length);
  const text = piece.repeat(copies) + end;
  work.characters = 0;
  findSecrets(text);
  mayHoldSecret(JSON.stringify({ a: text }));
  const most = 2 * READ_PER_KEYWORD * copies + READ_PER_CHARACTER * text.length;
  if (work.characters > most) expect.fail(`${JSON.stringify(piece)}: ${work.characters} characters read`);
}

const KEYWORDS =
  "password pwd pass token secret api_key private_key mnemonic authorization bearer cookie credentials otp basic sig= ?key= &signature= curl--user= curl--user curl--proxy-user identified mysql://a: mysql,-p sshpass,-p -----BEGIN eyJ $2a$ $argon2id$ sk-ant- dop_v1_ ghp_ hooks.slack.com/services/ :AA 8Q~ [redacted:".split(
    " ",
  );
const SEPARATORS = ["", "=", ":", ": ", " ", ' = "', "='", '\\"', ",'", ">", "://", " by ", "=\\'", ": str ="];
const FILLERS = ["", "/", "a", "a ", "1", "a:", "a=", "http://", "./", "${", ".key", "\\", "a,", "x(", "$"];

describe("the work on a text is linear in its length", () => {
  it.each([
    ["token=", "token"],
    ["pwd=/", ""],
    ["pwd=", ".key"],
    ["pwd=http://", ""],
    ["cookie:", ""],
    ["authorization:/", ""],
    ["curl--user=a://", ""],
    ["secret=./", ""],
    ["&sig=<", ""],
    ["token='x ", ""],
    ["authorization: basic ", ""],
    ["pwd= ", ""],
  ])("200 KB of %j before %j", (piece, end) => {
    expectLinear(piece, 200_000, end);
  });

  it.each(KEYWORDS)("%s before any separator and any filler, over and over", (keyword) => {
    for (const separator of SEPARATORS)
      for (const filler of FILLERS) expectLinear(keyword + separator + filler, 4_096, ".pem");
  });

  it.each(KEYWORDS)("%s in turn with every other keyword", (keyword) => {
    for (const other of KEYWORDS)
      for (const separator of ["=", ":/"]) expectLinear(`${keyword}${separator}${other}${separator}`, 4_096, ".pem");
  });
});
