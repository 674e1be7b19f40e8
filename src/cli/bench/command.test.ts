import { describe, expect, test } from "vitest";
import { createFakeCli, type FakeCliOptions } from "../../../test/fake-cli.ts";

const RULES = `
version: 1
policy: pay
rules:
  - { id: small, action: { name: refund }, when: arguments.amount <= 50, decision: allow }
  - { id: secrets, when: 'has(arguments.path) && arguments.path.contains(".ssh")', decision: deny, reason: Keys stay where they are. }
`;

const FIXTURES = `
cases:
  - name: small
    request: { action_type: tool_call, action_name: refund, arguments: { amount: 10 } }
    expect: { decision: allow }
  - name: large
    request: { action_type: tool_call, action_name: refund, arguments: { amount: 100 } }
    expect: { decision: deny }
`;

const request = (amount: unknown) =>
  JSON.stringify({ action_type: "tool_call", action_name: "refund", arguments: { amount } });

function cli(options: FakeCliOptions = {}) {
  return createFakeCli({
    rules: {
      "/home/rules": { "pay.yaml": RULES, "pay.test.yaml": FIXTURES },
      "/home/bare": { "pay.yaml": RULES },
      "/home/broken": { "pay.yaml": "rules: 1" },
    },
    ...options,
  });
}

const bench = (options: FakeCliOptions, ...args: string[]) => cli(options).run("bench", "--seconds", "0.001", ...args);

describe("verdict bench", () => {
  test("measures the fixtures beside the rules where no requests are named", async () => {
    const { code, stdout } = await bench({}, "--rules", "rules");
    expect(code).toBe(0);
    expect(stdout).toMatch(/decisions by 2 rules on 2 requests: 1 allow, 1 deny, 0 approval_required\n/);
    expect(stdout).toMatch(/p99 +[\d.,]+ us\n/);
    expect(stdout).toMatch(/pay\/s\w+ +[\d.,]+ us +[\d.]+ %\n/);
    expect(stdout).not.toContain("RATIO");
  });

  test("measures the requests of a file or of stdin, empty lines aside", async () => {
    const text = `${request(1)}\n\n${request(2)}\n${request(99)}\n`;
    const named = await bench(
      { files: { "/home/r.ndjson": text } },
      "r.ndjson",
      "--rules",
      "rules",
      "--format",
      "json",
    );
    expect(JSON.parse(named.stdout)).toMatchObject({
      requests: 3,
      rules: 2,
      outcomes: { allow: 2, deny: 1 },
      node: process.version,
    });
    const piped = await bench({ stdin: text }, "-", "--rules", "rules", "--format", "json");
    expect(JSON.parse(piped.stdout)).toMatchObject({ requests: 3 });
  });

  test("shows ratios to an earlier run, and says when that had other rules", async () => {
    const { stdout } = await bench({}, "--rules", "rules", "--format", "json");
    const before = { ...JSON.parse(stdout), decisions_per_second: 1 };
    const other = { ...before, policy_revision: "sha256:0" };
    const files = { "/home/before.json": JSON.stringify(before), "/home/other.json": JSON.stringify(other) };
    const same = await bench({ files }, "--rules", "rules", "--compare", "before.json");
    expect(same.stdout).toMatch(/decisions\/s +[\d,]+ +1 +\d+\.00\n/);
    expect(same.stdout).not.toContain("not those");
    const changed = await bench({ files }, "--rules", "rules", "--compare", "other.json");
    expect(changed.stdout).toContain("The rules are not those of the earlier run.\n");
  });

  test.each([
    ["requests.ndjson", `${request(1)}\n{"action_type": 1}\n`, ["requests.ndjson:2", "action_type"]],
    ["requests.ndjson", `${request(1)}\n{\n`, ["requests.ndjson:2", "cannot be read"]],
    ["requests.ndjson", "\n\n", ["holds no request"]],
    ["absent.ndjson", undefined, ["cannot be read (ENOENT)"]],
  ])("%s that holds no request says where: %j", async (file, text, says) => {
    const files = text === undefined ? {} : { [`/home/${file}`]: text };
    const { code, stdout, stderr } = await bench({ files }, file, "--rules", "rules");
    expect([code > 0, stdout]).toEqual([true, ""]);
    for (const part of says) expect(stderr).toContain(part);
  });

  test.each([
    [["--rules", "broken"], "nothing was measured"],
    [["--rules", "bare"], "there are no fixtures beside the rules"],
    [["--rules", "rules", "--compare", "no.json"], "cannot be read"],
    [["--rules", "rules", "--compare", "x.json"], "not what an earlier run printed"],
    [["--rules", "rules", "--compare", "text.json"], "is not JSON"],
    [["--rules", "rules", "--seconds", "0"], "Give more than 0"],
    [["--rules", "rules", "--seconds", "601"], "at most 600"],
  ])("%j is refused with a reason", async (args, says) => {
    const files = { "/home/x.json": '{"decisions_per_second":"1"}', "/home/text.json": "faster" };
    const { code, stdout, stderr } = await bench({ files }, ...args);
    expect([code > 0, stdout]).toEqual([true, ""]);
    expect(stderr).toContain(says);
  });
});
