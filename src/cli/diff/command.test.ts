import { describe, expect, test } from "vitest";
import { createFakeCli, type FakeCliOptions } from "../../../test/fake-cli.ts";

const rules = (amount: number, extra = "") => `
version: 1
policy: pay
rules:
  - id: small
    action: { name: refund }
    when: arguments.amount <= ${amount}
    decision: allow
  - id: secrets
    when: arguments.path.contains(".ssh")
    decision: deny
    reason: Keys stay where they are.
${extra}`;

const MORE = `
  - id: read
    action: { name: "*.get" }
    decision: allow
`;

function cli(options: FakeCliOptions = {}) {
  return createFakeCli({
    rules: {
      "/home/old": { "pay.yaml": rules(50) },
      "/home/same": { "other.yaml": `# moved\n${rules(50)}` },
      "/home/new": { "pay.yaml": rules(40, MORE) },
      "/home/words": { "pay.yaml": rules(50).replace("Keys stay", "Keys have to stay") },
      "/home/redundant": { "pay.yaml": rules(50).replace("<= 50", "<= 50 && arguments.amount < 60") },
      "/home/broken": { "pay.yaml": "rules: 1" },
    },
    ...options,
  });
}

describe("verdict diff", () => {
  test("lists what is not the same, with a fixture for each", async () => {
    const { code, stdout, stderr } = await cli().run("diff", "old", "new");
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(
      /^1 changed, 1 added, 0 removed, 0 moved\n {2}added {4}pay\/read {2}pay.yaml:\d+\n {2}changed {2}pay\/small {2}pay.yaml:5 {2}when\n\ncases:\n/,
    );
    expect(stdout).toContain("  - name: pay/read makes allow of deny\n");
    expect(stdout).toContain("  - name: pay/small makes deny of allow\n");
    expect(stdout).toMatch(/action_name: refund\n {6}arguments:\n {8}amount: (4[1-9]|50)\n/);
  });

  test("--exit-code tells of another decision, and only of that", async () => {
    const codes = ["new", "same", "words"].map(
      async (dir) => (await cli().run("diff", "old", dir, "--exit-code")).code,
    );
    expect(await Promise.all(codes)).toEqual([6, 0, 0]);
  });

  test("rules that mean the same in another file have moved, and equal ones are said to be so", async () => {
    expect((await cli().run("diff", "old", "same")).stdout).toBe(
      "0 changed, 0 added, 0 removed, 2 moved\n" +
        "  moved    pay/secrets  pay.yaml:9 -> other.yaml:10\n  moved    pay/small  pay.yaml:5 -> other.yaml:6\n",
    );
    expect((await cli().run("diff", "old", "old")).stdout).toBe("the rules mean the same\n");
  });

  test("a change of words is listed and not looked for", async () => {
    const { stdout } = await cli().run("diff", "old", "words");
    expect(stdout).toBe("1 changed, 0 added, 0 removed, 0 moved\n  changed  pay/secrets  pay.yaml:9  reason\n");
  });

  test("a change that shows in no decision is named as one for which nothing was found", async () => {
    const { stdout } = await cli().run("diff", "old", "redundant", "--budget", "500");
    expect(stdout).toMatch(/\npay\/small: no request was found in [1-9]\d* tries on which it shows\n$/);
  });

  test("--format yaml is the fixture file alone, --format json is all of it", async () => {
    const { stdout: yaml } = await cli().run("diff", "old", "new", "--format", "yaml");
    expect(yaml).toMatch(/^cases:\n/);
    const report = JSON.parse((await cli().run("diff", "old", "new", "--format", "json")).stdout);
    expect(report).toMatchObject({
      changes: [
        { kind: "added", id: "pay/read" },
        { kind: "changed", id: "pay/small", fields: ["when"] },
      ],
      differences: [
        { rule_id: "pay/read", kind: "decision", before: { decision: "deny" }, after: { decision: "allow" } },
        { rule_id: "pay/small", kind: "decision", before: { decision: "allow" }, after: { decision: "deny" } },
      ],
      unshown: [],
      fixture: yaml,
    });
  });

  test("--budget 0 compares, and tries nothing", async () => {
    const report = JSON.parse((await cli().run("diff", "old", "new", "--budget", "0", "--format", "json")).stdout);
    expect(report).toMatchObject({ differences: [], unshown: ["pay/read", "pay/small"], tries: 0 });
  });

  test.each([
    [["old", "broken"], "the rules in `broken` have errors", 1],
    [["nowhere", "old"], "does not exist", 1],
    [["old"], "missing required argument", 2],
    [["old", "new", "--budget", "-1"], "0 to 10000000", 2],
    [["old", "new", "--format", "xml"], "Allowed choices", 2],
  ])("%j is an error, and no report", async (argv, message, expected) => {
    const { code, stdout, stderr } = await cli().run("diff", ...argv);
    expect(stderr).toContain(message);
    expect({ code, stdout }).toEqual({ code: expected, stdout: "" });
  });
});
