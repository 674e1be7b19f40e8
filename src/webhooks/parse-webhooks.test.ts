import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parseWebhooks, type SecretFile } from "./parse-webhooks.ts";

const KEY = Buffer.alloc(24, 7);
const SECRET = `whsec_${KEY.toString("base64")}`;
const SLACK = "https://hooks.slack.com/services/T000/B000/XXXXhunter2";
const NO_FILES = (): SecretFile => ({ ok: false, why: "ENOENT" });

const parse = (source: string, readSecretFile: (path: string) => SecretFile = NO_FILES) =>
  parseWebhooks("hooks.yaml", source, readSecretFile);
const problems = (source: string, readSecretFile?: (path: string) => SecretFile) => {
  const result = parse(source, readSecretFile);
  return result.ok ? [] : result.problems;
};
const webhook = (rest: string) => `webhooks:\n  - { id: a, secret: ${SECRET}, ${rest} }`;

describe("a file of webhooks", () => {
  test("gives each with its defaults", () => {
    const result = parse(`
webhooks:
  - id: pager
    url: https://Hooks.example.com/verdict?x=1
    secret: ${SECRET}
  - id: team-chat
    url: ${SLACK}
    format: slack
    events: [approval.opened]
`);
    if (!result.ok) throw new Error(result.problems.join("\n"));
    const [pager, chat] = result.webhooks;
    expect(pager).toMatchObject({ id: "pager", format: "standard", secrets: [KEY] });
    expect(pager!.url.href).toBe("https://hooks.example.com/verdict?x=1");
    expect([...pager!.events]).toEqual(["approval.opened", "approval.resolved", "approval.expired"]);
    expect(chat).toMatchObject({ id: "team-chat", format: "slack", secrets: [] });
    expect([...chat!.events]).toEqual(["approval.opened"]);
  });

  test("may have none", () => {
    expect(parse("webhooks: []")).toEqual({ ok: true, webhooks: [] });
  });

  test("takes secrets from a file, one a line, and several while they are exchanged", () => {
    const other = Buffer.alloc(32, 9);
    const paths: string[] = [];
    const result = parse("webhooks:\n  - { id: a, url: https://x.example, secret_file: keys/a }", (path) => {
      paths.push(path);
      return { ok: true, text: `${SECRET}\nwhsec_${other.toString("base64")}\n` };
    });
    expect(paths).toEqual(["keys/a"]);
    expect(result).toMatchObject({ ok: true, webhooks: [{ secrets: [KEY, other] }] });
    const inline = parse(`webhooks:\n  - { id: a, url: https://x.example, secret: [${SECRET}, ${SECRET}] }`);
    expect(inline).toMatchObject({ ok: true, webhooks: [{ secrets: [KEY, KEY] }] });
  });

  test.each([
    ["http://localhost:8080/x", "[localhost]"],
    ["http://127.0.0.1/", "[127.0.0.0/8]"],
    ["http://[::1]:1/", '["::1"]'],
    ["https://10.0.0.1/", "[10.0.0.1]"],
    ["https://2130706433/", "[127.0.0.1]"],
  ])("lets %s with allow: %s", (url, allow) => {
    expect(problems(webhook(`url: "${url}", allow: ${allow}`))).toEqual([]);
  });
});

describe("a wrong file says where and what is allowed", () => {
  test.each([
    ["", "hooks.yaml:1:1: the file has no content; it begins with `webhooks:`"],
    ["hooks: []", "hooks.yaml:1:1: unknown field `hooks`, did you mean `webhooks`?"],
    ["{}", "hooks.yaml:1:1: missing field `webhooks`; `[]` for none"],
    ["webhooks: 7", "hooks.yaml:1:11: `webhooks` must be a list of at most 32"],
    ["webhooks: [", "hooks.yaml:1:12: "],
    [webhook("url: https://x.example, event: []"), "unknown field `event`, did you mean `events`?"],
    [
      webhook("url: https://x.example, events: [approval.open]"),
      "must be one of `approval.opened`, `approval.resolved`",
    ],
    [webhook("url: https://x.example, events: []"), "`events` must not be empty"],
    [webhook("url: https://x.example, format: teams"), "`format` must be one of `standard`, `slack`"],
    [webhook("url: https://x.example, allow: ['*']"), "an entry of `allow` must be a host name without wildcards"],
    [webhook("url: https://x.example, allow: 10.0.0.0/8"), "`allow` must be a list"],
    ["webhooks: [{ url: https://x.example, secret: x }]", "missing field `id`"],
    ["webhooks: [{ id: A, format: slack, url: https://x.example }]", "`id` must be lower-case letters"],
    ["webhooks: [{ id: a, format: slack }]", "missing field `url`"],
    ["webhooks: [{ id: a, url: https://x.example }]", "missing field `secret` or `secret_file`"],
    [`webhooks: [{ id: a, url: https://x.example, secret: ${SECRET}, secret_file: x }]`, "exclude each other"],
    ["webhooks: [{ id: a, url: https://x.example, secret_file: x }]", "`secret_file` cannot be read: ENOENT"],
    [`webhooks: [{ id: a, url: https://x.example, secret: &b ${SECRET} }]`, "anchors are not allowed"],
  ])("%j: %s", (source, expected) => {
    expect(problems(source).join("\n")).toContain(expected);
    expect(problems(source)[0]).toMatch(/^hooks\.yaml:\d+:\d+: /);
  });

  test.each([
    ["ftp://x.example/", "must begin with `https://`"],
    ["x.example", "must be an absolute URL"],
    ["http://x.example/", "`http://` only goes to hosts that `allow` lists"],
    ["http://8.8.8.8/", "`http://` only goes to hosts that `allow` lists"],
    ["https://u:hunter2@x.example/", "must not hold a user name"],
    ["https://127.0.0.1/", "stands for 127.0.0.1, which is not a public address"],
    ["https://2130706433/", "stands for 127.0.0.1"],
    ["https://0x7f.1/", "stands for 127.0.0.1"],
    ["https://0251.0376.0251.0376/latest", "stands for 169.254.169.254"],
    ["https://[::ffff:10.0.0.1]/", "stands for ::ffff:a00:1"],
    ["https://[fd00:ec2::254]/", "stands for fd00:ec2::254"],
  ])("url: %s", (url, expected) => {
    const found = problems(webhook(`url: "${url}"`));
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(expected);
  });

  test("two webhooks with one id", () => {
    const one = "{ id: a, format: slack, url: https://x.example }";
    expect(problems(`webhooks:\n  - ${one}\n  - ${one}`)).toEqual([
      "hooks.yaml:3:11: an earlier webhook has this `id` already",
    ]);
  });

  test("all problems at once", () => {
    expect(problems("webhooks:\n  - { id: a }\n  - { id: b }")).toHaveLength(4);
  });
});

describe("neither a secret nor a URL is shown", () => {
  const short = "whsec_aHVudGVyMg==";
  test.each([
    `webhooks: [{ id: a, url: https://x.example, secret: ${short} }]`,
    `webhooks: [{ id: a, url: https://x.example, secret: [${SECRET}, ${short}] }]`,
    `webhooks: [{ id: a, url: https://x.example, secret: hunter2 }]`,
    `webhooks: [{ id: a, url: https://x.example, secret: *hunter2 }]`,
    `webhooks: [{ id: a, url: https://x.example, secret: !hunter2 }]`,
    `webhooks: [{ id: a, url: https://x.example, secret: { hunter2: 1 } }]`,
    `webhooks: [{ id: a, url: "http://x.example/hunter2", secret: ${SECRET} }]`,
    `webhooks: [{ id: a, url: "${SLACK}", secret: whsec_hunter2! }]`,
    `webhooks: [{ id: a, url: "hunter2", secret: ${SECRET}x }]`,
  ])("%s", (source) => {
    const found = problems(source);
    expect(found.length).toBeGreaterThan(0);
    expect(found.join("\n")).not.toMatch(/hunter2|aHVudGVyMg|BwcH/);
  });

  test.each([23, 65])("a secret of %i bytes is refused", (length) => {
    const secret = `whsec_${Buffer.alloc(length, 1).toString("base64")}`;
    expect(problems(`webhooks: [{ id: a, url: https://x.example, secret: ${secret} }]`)[0]).toContain(
      "a secret (not shown) must be `whsec_` and the base64 of 24 to 64 random bytes",
    );
  });
});

test("the example of docs/webhooks.md is a file of webhooks", () => {
  const page = readFileSync(join(import.meta.dirname, "../../docs/webhooks.md"), "utf8");
  const example = /^```yaml\n([\s\S]*?)^```$/m.exec(page)![1]!;
  expect(problems(example, () => ({ ok: true, text: SECRET }))).toEqual([]);
});
