import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { mayHoldSecret } from "../../src/redaction/find-secrets.ts";
import { createRedactor } from "../../src/redaction/index.ts";

const RUNS = 1000;
const redactor = createRedactor({ key: new Uint8Array(32).fill(7) });
const MARKER = /\[redacted:[a-z0-9-]{1,40}:[0-9a-f]{16}\]/g;

/** The slow way: one escape that changes nothing keeps the text from being passed unparsed. */
function redactSlowly(json: string): string | undefined {
  const found = redactor.redactJson(`{"v":${json},"z":"\\u0041"}`)?.json;
  return found?.slice('{"v":'.length, -',"z":"A"}'.length);
}

const characters = (alphabet: string, length: number) =>
  fc.array(fc.constantFrom(...alphabet), { minLength: length, maxLength: length }).map((letters) => letters.join(""));
const LOWER = "abcdefghijklmnopqrstuvwxyz";
const WORD = `${LOWER}${LOWER.toUpperCase()}0123456789`;
const word = (length: number) => characters(WORD, length - 1).map((text) => `${text}7`);
const hex = (length: number) => characters("0123456789abcdef", length - 1).map((text) => `${text}7`);
const upper = (length: number) => characters(`${LOWER.toUpperCase()}234567`, length - 1).map((text) => `${text}7`);

/** The prefixes are put together at run time, so that scanners of this repository find nothing. */
const after = (prefix: readonly string[], rest: fc.Arbitrary<string>) => rest.map((text) => prefix.join("") + text);
const secretKinds: Readonly<Record<string, fc.Arbitrary<string>>> = {
  github: after(["gh", "p_"], word(36)),
  githubFineGrained: after(["github", "_pat_"], word(60)),
  gitlab: after(["gl", "pat-"], word(20)),
  aws: after(["AK", "IA"], upper(16)),
  google: after(["AI", "za"], word(35)),
  googleOauth: after(["ya", "29."], word(40)),
  slack: after(["xo", "xb-1234567890-"], word(24)),
  slackWebhook: after(["https://hooks.slack", ".com/services/T0/B0/"], word(30)),
  stripe: after(["sk", "_live_"], word(24)),
  openai: after(["sk", "-proj-"], word(48)),
  anthropic: after(["sk", "-ant-api03-"], word(48)),
  huggingface: after(["h", "f_"], word(34)),
  npm: after(["np", "m_"], word(36)),
  docker: after(["dckr", "_pat_"], word(27)),
  digitalocean: after(["do", "p_v1_"], hex(64)),
  sendgrid: fc.tuple(word(22), word(43)).map(([a, b]) => ["S", "G.", a, ".", b].join("")),
  vault: after(["hv", "s."], word(24)),
  shopify: after(["shp", "at_"], hex(32)),
  databricks: after(["da", "pi"], hex(32)),
  telegram: after(["123456789", ":A", "A"], word(33)),
  jwt: fc.tuple(word(20), word(30), word(43)).map(([a, b, c]) => ["ey", "J", a, ".", b, ".", c].join("")),
  pem: word(64).map((body) => ["-----BEGIN PRIV", "ATE KEY-----\n", body, "\n-----END PRIV", "ATE KEY-----"].join("")),
  bcrypt: after(["$2", "b$10$"], word(53)),
  password: word(12).map((text) => `password=${text}`),
  option: word(12).map((text) => `--password ${text}`),
  url: word(12).map((text) => `postgres://app:${text}@db.internal/app`),
  bearer: word(30).map((text) => `Authorization: Bearer ${text}`),
  sql: word(12).map((text) => `IDENTIFIED BY '${text}'`),
  query: word(24).map((text) => `https://api.example/v1?access_token=${text}&page=1`),
};
const anySecret = fc.constantFrom(...Object.values(secretKinds)).chain((secret) => secret);
/** The part of a planted text that must be gone. */
const core = (text: string) =>
  /[A-Za-z0-9]{11,}7/.exec(text.replace(/^.*(?:password[= ]|app:|BY '|token=|Bearer )/s, ""))![0];

// Words that secrets hide behind, ordinary ones that resemble them, and what may stand around them.
const fragment = fc.constantFrom(
  ..."password passwd pwd secret token apikey api_key api-key x-api-key authorization Authorization cookie credentials max_tokens page_token key auth name value header private_key bearer Bearer basic Basic curl mysql --password -p -u --user identified by IDENTIFIED sig= key= &sig= ?key= https:// postgres://u:p@h :p@ @ str null true Tm9uZTp4 abc12345 a1b2c3d4e5f6a7b8c9d0e1f2 $X ( ) ghp_ AKIA eyJ eyJh. SG. :AA 8Q~ -----BEGIN PRIVATE KEY-----".split(
    " ",
  ),
  ...[
    " ",
    "  ",
    "=",
    ":",
    ": ",
    "\n",
    "\t",
    "\r\n",
    '"',
    "'",
    "`",
    "\\",
    "\\n",
    '\\"',
    "\\\\",
    ",",
    ";",
    "&",
    "/",
    "<",
    ">",
    "[",
    "]",
    "{",
    "}",
  ],
  "[redacted:password:0123456789abcdef]",
  ["$", "{X}"].join(""),
  "[redacted:",
  "é",
  "密码",
);
const text = fc.array(fragment, { maxLength: 12 }).map((parts) => parts.join(""));
const { value: json } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    { weight: 4, arbitrary: fc.oneof(text, fragment) },
    { weight: 1, arbitrary: fc.constantFrom<unknown>(0, 1.5, 123456, true, false, null, "") },
    { weight: 2, arbitrary: fc.array(tie("value"), { maxLength: 3 }) },
    { weight: 3, arbitrary: fc.dictionary(fc.oneof(fragment, text), tie("value"), { maxKeys: 3 }) },
  ),
}));
const jsonText = fc
  .tuple(json, fc.constantFrom<number | undefined>(undefined, 1, 2))
  .map(([value, indent]) => JSON.stringify(value, null, indent));

/** A value with `leaf` somewhere inside. */
const around = (leaf: string) =>
  fc
    .array(
      fc.constantFrom(
        (v: unknown) => [1, v],
        (v: unknown) => ({ note: "x", a: v }),
        (v: unknown) => [v],
      ),
      { maxLength: 12 },
    )
    .map((wraps) => wraps.reduce<unknown>((value, wrap) => wrap(value), leaf));

describe("redaction", () => {
  it.each(Object.entries(secretKinds))("no %s survives, wherever it stands", (_kind, secret) => {
    const planted = fc.tuple(
      secret,
      fc.constantFrom("", "see ", "x\n", '{"a":"', "é "),
      fc.constantFrom("", " ok", '"}', "\n", ";"),
    );
    const inside = planted.chain(([found, before, behind]) =>
      fc.tuple(fc.constant(found), around(before + found + behind)),
    );
    fc.assert(
      fc.property(inside, ([found, value]) => {
        const redacted = redactor.redactJson(JSON.stringify(value));
        expect(redacted?.json).not.toContain(core(found));
        expect(redacted?.pointers).toHaveLength(1);
      }),
      { numRuns: 60 },
    );
  });

  it("nothing is passed unparsed that would be redacted", () => {
    fc.assert(
      fc.property(jsonText, (body) => {
        if (!mayHoldSecret(body)) expect(redactSlowly(body)).toBeUndefined();
      }),
      { numRuns: 10 * RUNS },
    );
  });

  it("what comes out is valid JSON that nothing is found in again", () => {
    fc.assert(
      fc.property(jsonText, (body) => {
        const once = redactor.redactJson(body);
        if (once === undefined) return;
        expect(redactor.redactJson(once.json)).toBeUndefined();
        expect(once.json).toBe(JSON.stringify(JSON.parse(once.json)));
        expect(once.pointers).toEqual([...new Set(once.pointers)].sort());
      }),
      { numRuns: 5 * RUNS },
    );
  });

  it("texts do not change a second time", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(text, anySecret), { maxLength: 4 }), (parts) => {
        const once = redactor.redactText(parts.join(" "));
        expect(redactor.redactText(once)).toBe(once);
      }),
      { numRuns: 3 * RUNS },
    );
  });

  it("the structure stays: only texts, and numbers that became markers, differ", () => {
    const skeleton = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(skeleton);
      if (typeof value === "object" && value !== null) return Object.values(value).map(skeleton);
      return typeof value === "boolean" || value === null ? value : "leaf";
    };
    fc.assert(
      fc.property(jsonText, (body) => {
        const redacted = redactor.redactJson(body)?.json ?? body;
        expect(skeleton(JSON.parse(redacted))).toEqual(skeleton(JSON.parse(body)));
      }),
      { numRuns: RUNS },
    );
  });

  it("equal secrets get equal markers, under another key others", () => {
    const other = createRedactor({ key: new Uint8Array(32).fill(9) });
    fc.assert(
      fc.property(anySecret, (secret) => {
        const [first, second] = redactor.redactText(`${secret} ; ${secret}`).match(MARKER)!.slice(-2);
        expect(second ?? first).toBe(first);
        expect(other.redactText(secret)).not.toBe(redactor.redactText(secret));
      }),
      { numRuns: 200 },
    );
  });

  it.each([
    "(",
    "a",
    "password",
    "password=",
    "password: ",
    "token: str = ",
    "--user=",
    "&sig=",
    "eyJ-",
    "sk-proj-",
    "Bearer ",
    "x://u:p@",
    "cookie: ",
    "-----BEGIN PRIVATE KEY-----",
    "[redacted:",
    "[redacted:a:0123456789abcdef]",
    '\\"',
    " -p",
    "$2a$",
    "8Q~",
  ])("200 KB of %j neither throw nor change twice", (piece) => {
    const body = JSON.stringify({ a: piece.repeat(200_000 / piece.length) });
    const once = redactor.redactJson(body)?.json;
    if (once !== undefined) expect(redactor.redactJson(once)).toBeUndefined();
  });

  it("ordinary requests stay byte for byte", () => {
    const lines = readFileSync(new URL("../fixtures/redaction/ordinary.ndjson", import.meta.url), "utf8")
      .trim()
      .split("\n");
    expect(lines.length).toBeGreaterThanOrEqual(200);
    for (const line of lines) expect(redactor.redactJson(line)?.json ?? line).toBe(line);
  });
});
