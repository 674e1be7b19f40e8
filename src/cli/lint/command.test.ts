import { describe, expect, test } from "vitest";
import { createFakeCli, type FakeCliOptions } from "../../../test/fake-cli.ts";

const rule = (when: string, comment = "") => `version: 1
policy: pay
rules:
${comment}  - id: limit
    action: { type: tool_call }
    when: ${when}
    decision: deny
    reason: Too much.
`;
const FIXTURES = "cases: [{ name: a, expect: { decision: deny, rule: pay/limit } }]\n";
const GOOD = "has(arguments.amount) && arguments.amount > 50";

const rules = {
  "/home/rules": { "pay.yaml": rule(GOOD), "pay.test.yaml": FIXTURES },
  "/home/warned": { "pay.yaml": rule("arguments.amount > 50"), "pay.test.yaml": FIXTURES },
  "/home/broken": { "pay.yaml": rule("argumets.amount > 50"), "pay.test.yaml": FIXTURES },
  "/home/meant": {
    "pay.yaml": rule("arguments.amount > 50", "  # verdict-lint-ignore missing-has: it is safer so\n"),
    "pay.test.yaml": FIXTURES,
  },
  "/home/untested": { "pay.yaml": rule(GOOD) },
  "/home/regex": {
    "pay.yaml": rule("action_name.matches('^a') && arguments.amount > 50"),
    "sub/other.yaml": rule("action_name.matches('b$')").replace("policy: pay", "policy: other"),
    "pay.test.yaml": `${FIXTURES.replace("}]", ", near_miss: other/limit }]").replace(" }, near", " , near")}`,
  },
  "/opt/verdict/rules": { "pay.yaml": rule(GOOD), "pay.test.yaml": FIXTURES },
};
const cli = createFakeCli({ rules });
const lint = (...argv: string[]) => cli.run("lint", ...argv);

const WARNING =
  "warned/pay.yaml:6:11: warning: `arguments.amount` may be absent; then the condition is an error, so this deny rule applies; ask `has(arguments.amount)` first [missing-has]\n";

describe("verdict lint", () => {
  test("good rules: a summary, exit 0", async () => {
    expect(await lint("rules")).toEqual({ code: 0, stdout: "no problems in 1 file\n", stderr: "" });
  });

  test("without a directory it takes VERDICT_RULES_DIR, else `rules` where it is started, never the shipped ones", async () => {
    expect((await lint()).stdout).toBe("no problems in 1 file\n");
    const elsewhere = createFakeCli({ rules, cwd: "/elsewhere" });
    expect((await elsewhere.run("lint")).stdout).toContain("the rules directory `/elsewhere/rules` does not exist");
    const set = createFakeCli({ rules, cwd: "/elsewhere", env: { VERDICT_RULES_DIR: "/opt/verdict/rules" } });
    expect((await set.run("lint")).code).toBe(0);
  });

  test("a warning is shown with its place and id; it is exit 0, and 1 when there are more than are allowed", async () => {
    const { code, stdout } = await lint("warned");
    expect(stdout).toBe(`${WARNING}0 errors, 1 warning in 1 file\ndocs/lint.md says what each means\n`);
    expect(code).toBe(0);
    expect((await lint("warned", "--max-warnings", "1")).code).toBe(0);
    expect((await lint("warned", "--max-warnings", "0")).code).toBe(1);
  });

  test("an error is exit 1, however many warnings are allowed", async () => {
    const { code, stdout } = await lint("broken", "--max-warnings", "9");
    expect(stdout).toContain("broken/pay.yaml:6:11: error: undeclared variable `argumets`");
    expect(code).toBe(1);
  });

  test("a rule that no fixture names is a warning", async () => {
    expect((await lint("untested")).stdout).toContain("untested/pay.yaml:4:5: warning: no case of a");
  });

  test("what a comment takes out is counted, and in the JSON report with its reason", async () => {
    expect((await lint("meant", "--max-warnings", "0")).stdout).toBe("no problems in 1 file; 1 suppressed\n");
    const { suppressed, findings } = JSON.parse((await lint("meant", "--format", "json")).stdout);
    expect(findings).toEqual([]);
    expect(suppressed).toMatchObject([
      { id: "missing-has", file: "meant/pay.yaml", line: 7, reason: "it is safer so" },
    ]);
  });

  test("--format json is one JSON value that says what the text says", async () => {
    const { code, stdout } = await lint("warned", "--format", "json", "--max-warnings", "0");
    const message = expect.stringContaining("may be absent");
    const place = { file: "warned/pay.yaml", line: 6, column: 11, rule_id: "pay/limit" };
    const page = "docs/lint.md#missing-has";
    expect(JSON.parse(stdout)).toEqual({
      ok: false,
      errors: 0,
      warnings: 1,
      fixed: 0,
      changed: [],
      files: 1,
      findings: [{ id: "missing-has", severity: "warning", message, ...place, fixable: false, page }],
      suppressed: [],
    });
    expect(code).toBe(1);
    const missing = JSON.parse((await lint("nowhere", "--format", "json")).stdout);
    expect(missing).toMatchObject({ ok: false, files: null, findings: [{ id: "rules-directory-missing" }] });
    expect(missing.findings[0].page).toBe("docs/lint.md#errors");
  });

  test("--format github puts an annotation on the line, and no rule can add one of its own", async () => {
    const { code, stdout } = await lint("warned", "--format", "github");
    expect(stdout).toMatch(
      /^::warning file=warned\/pay\.yaml,line=6,col=11,title=missing-has::`arguments\.amount` .* \(docs\/lint\.md#missing-has\)\n0 errors, 1 warning in 1 file\n$/,
    );
    expect(code).toBe(0);
    const name = "a,b:c%\n::error::pwned.yaml";
    const hostile = createFakeCli({ rules: { "/home/rules": { [name]: rule("arguments.amount > 50") } } });
    const lines = (await hostile.run("lint", "--format", "github")).stdout.trimEnd().split("\n");
    expect(
      lines
        .slice(0, -1)
        .every((line) => line.startsWith("::warning file=rules/a%2Cb%3Ac%25%0A%3A%3Aerror%3A%3Apwned.yaml,")),
    ).toBe(true);
  });

  test("colours only on a terminal, and no escape sequence from a file name", async () => {
    const terminal = createFakeCli({
      rules: { "/home/rules": { "a\u001b[2J.yaml": rule("1 == 1") } },
      isInteractive: true,
    });
    const { stdout } = await terminal.run("lint");
    expect(stdout).toContain("rules/a\\u{1b}[2J.yaml");
    expect(stdout).not.toContain("\u001b[2J");
    expect(stdout).toContain("\u001b[33m");
  });

  test.each([
    [["lint", "a", "b"], "too many arguments"],
    [["lint", "--format", "xml"], "Allowed choices are pretty, json, github"],
    [["lint", "--max-warnings", "-1"], "Give a whole number from 0."],
    [["lint", "--max-warnings", "1.5"], "Give a whole number from 0."],
  ])("%j is a usage error", async (argv, message) => {
    const { code, stdout, stderr } = await cli.run(...argv);
    expect(stderr).toContain(message);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  });
});

describe("verdict lint --fix", () => {
  const run = async (options: Partial<FakeCliOptions>, ...argv: string[]) => {
    const written: Record<string, string> = {};
    const lintFiles = {
      async replace(path: string, before: string, after: string) {
        expect(before).not.toBe(after);
        written[path] = after;
      },
    };
    return { ...(await createFakeCli({ rules, lintFiles, ...options }).run("lint", ...argv)), written };
  };

  test("writes what is mended, says so, and reports what is left", async () => {
    const { code, stdout, written } = await run({}, "regex", "--fix");
    expect(written).toEqual({
      "/home/regex/pay.yaml": rule("action_name.startsWith('a') && arguments.amount > 50"),
      "/home/regex/sub/other.yaml": rule("action_name.endsWith('b')").replace("policy: pay", "policy: other"),
    });
    expect(stdout).toMatch(/^mended regex\/pay\.yaml\nmended regex\/sub\/other\.yaml\nregex\/pay\.yaml:6:/);
    expect(stdout).toContain("0 errors, 1 warning in 2 files; 2 mended\n");
    expect(code).toBe(0);
  });

  test("without it nothing is written, and the summary says what could be", async () => {
    const { stdout, written } = await run({}, "regex");
    expect(written).toEqual({});
    expect(stdout).toContain("0 errors, 3 warnings in 2 files; 2 can be mended with --fix\n");
  });

  test("a second time there is nothing to do", async () => {
    const { stdout, written } = await run({}, "warned", "--fix");
    expect(written).toEqual({});
    expect(stdout).not.toContain("mended");
  });

  test("JSON says which files were written", async () => {
    const report = JSON.parse((await run({}, "regex", "--fix", "--format", "json")).stdout);
    expect(report).toMatchObject({
      ok: true,
      fixed: 2,
      changed: ["regex/pay.yaml", "regex/sub/other.yaml"],
      warnings: 1,
    });
  });

  test("a file that cannot be written is named, exit 1", async () => {
    const { CliError } = await import("../cli-error.ts");
    const replace = async (path: string) => Promise.reject(new CliError(`${path} cannot be written (EACCES)`));
    const { code, stdout, stderr } = await run({ lintFiles: { replace } }, "regex", "--fix");
    expect(stderr).toContain("/home/regex/pay.yaml cannot be written (EACCES)");
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  });
});
