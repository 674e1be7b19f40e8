import { describe, expect, test } from "vitest";
import { createFakeCli } from "../../../test/fake-cli.ts";

const VALID = `version: 1
policy: files
rules:
  - id: read
    action: { name: "*.read" }
    decision: allow
    reason: Reading is fine.
`;
const WARNING = `version: 1
policy: open
rules:
  - id: everything
    when: "1 == 1"
    decision: deny
    reason: Nothing is allowed.
`;
const ERRORS = `version: 1
policy: broken
rules:
  - id: a
    when: argumets.x == 1
    decision: allow
    reason: A.
  - id: b
    decison: deny
    reason: B.
`;

const rules = {
  "/home/valid": { "files.yaml": VALID },
  "/home/warning": { "open.yaml": WARNING },
  "/home/broken": { "z.yaml": ERRORS, "a.yaml": VALID },
  "/opt/verdict/rules": { "files.yaml": VALID },
};
const cli = createFakeCli({ rules });
const colourful = createFakeCli({ rules, isInteractive: true });

describe("verdict rules check", () => {
  test("valid rules: a summary, the revision, exit 0", async () => {
    const { code, stdout, stderr } = await cli.run("rules", "check", "valid");
    expect(stdout).toMatch(/^no problems in 1 rule, 1 file\nrevision sha256:[0-9a-f]{64}\n$/);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  });

  test("without a directory it checks the default one", async () => {
    expect((await cli.run("rules", "check")).code).toBe(0);
  });

  test("every error is reported, sorted, as file:line:column with its code; exit 1", async () => {
    const { code, stdout } = await cli.run("rules", "check", "./broken");
    const lines = stdout.trimEnd().split("\n");
    expect(lines.at(-1)).toMatch(/^[2-9] errors, 0 warnings in 2 files$/);
    const problems = lines.slice(0, -1);
    for (const line of problems) expect(line).toMatch(/^broken\/z\.yaml:\d+:\d+: error: .+ \[[a-z-]+\]$/);
    const at = problems.map((line) => Number(line.split(":")[1]));
    expect(at).toEqual([...at].sort((a, b) => a - b));
    expect(stdout).toContain("arguments");
    expect(stdout).toContain("decision");
    expect(stdout).not.toContain("revision");
    expect(code).toBe(1);
  });

  test("a warning is exit 0, and exit 1 with --strict", async () => {
    const relaxed = await cli.run("rules", "check", "warning");
    expect(relaxed.stdout).toMatch(/^warning\/open\.yaml:\d+:\d+: warning: /);
    expect(relaxed.code).toBe(0);
    const strict = await cli.run("rules", "check", "warning", "--strict");
    expect(strict.stdout).toBe(relaxed.stdout);
    expect(strict.code).toBe(1);
  });

  test("a missing directory is named, exit 1", async () => {
    const { code, stdout } = await cli.run("rules", "check", "nowhere");
    expect(stdout).toContain("nowhere:1:1: error: the rules directory `/home/nowhere` does not exist");
    expect(code).toBe(1);
  });

  test("--format json is one JSON value that says what the text says", async () => {
    const valid = JSON.parse((await cli.run("rules", "check", "valid", "--format", "json")).stdout);
    const revision = expect.stringMatching(/^sha256:/);
    expect(valid).toEqual({ ok: true, revision, rules: 1, files: 1, diagnostics: [] });

    const broken = JSON.parse((await cli.run("rules", "check", "broken", "--format", "json")).stdout);
    expect(broken).toMatchObject({ ok: false, revision: null, rules: null, files: 2 });
    expect(broken.diagnostics[0]).toMatchObject({ file: "broken/z.yaml", line: 5, severity: "error" });

    const missing = JSON.parse((await cli.run("rules", "check", "nowhere", "--format", "json")).stdout);
    expect(missing).toMatchObject({ ok: false, revision: null, rules: null, files: null });
    expect(missing.diagnostics).toMatchObject([{ file: "nowhere", code: "rules-directory-missing" }]);
  });

  test("strict JSON is not ok for warnings, and keeps the revision", async () => {
    const { code, stdout } = await cli.run("rules", "check", "warning", "--strict", "--format", "json");
    const report = JSON.parse(stdout);
    expect(report).toMatchObject({ ok: false, revision: expect.stringMatching(/^sha256:/) });
    expect(code).toBe(1);
  });

  test("colours only on a terminal, and never with NO_COLOR or a dumb one", async () => {
    const colour = "\u001b[";
    expect((await cli.run("rules", "check", "broken")).stdout).not.toContain(colour);
    expect((await colourful.run("rules", "check", "broken")).stdout).toContain(colour);
    for (const env of [{ NO_COLOR: "1" }, { TERM: "dumb" }]) {
      const plain = createFakeCli({ rules, isInteractive: true, env });
      expect((await plain.run("rules", "check", "broken")).stdout).not.toContain(colour);
    }
  });

  test("a rule file cannot send escape sequences to the terminal", async () => {
    const content = VALID.replace("Reading is fine.", '"x"').replace("action:", '"ac\\e[2Jtion":');
    const hostile = createFakeCli({ rules: { "/home/r": { "a\u001b[31m.yaml": content } } });
    const { code, stdout } = await hostile.run("rules", "check", "r");
    expect(code).toBe(1);
    expect(stdout).toContain("\\u{1b}[");
    expect(stdout).not.toContain("\u001b");
  });

  test.each([
    [["rules", "check", "a", "b"], "too many arguments"],
    [["rules", "check", "--format", "xml"], "Allowed choices are pretty, json"],
    [["rules", "check", "--stric"], "Did you mean --strict?"],
    [["rules", "chek"], "Did you mean check?"],
  ])("%j is a usage error", async (argv, message) => {
    const { code, stdout, stderr } = await cli.run(...argv);
    expect(stderr).toContain(message);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  });
});
