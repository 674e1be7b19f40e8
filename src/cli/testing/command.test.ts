import { describe, expect, test } from "vitest";
import { createFakeCli, type FakeCliOptions } from "../../../test/fake-cli.ts";

const RULES = `version: 1
policy: pay
rules:
  - id: small
    action: { type: tool_call, name: refund }
    when: has(arguments.amount) && arguments.amount <= 50
    decision: allow
    reason: Small.
`;
const CASE = (name: string, amount: number, decision: string) =>
  `  - name: "${name}"\n    request: { action_type: tool_call, action_name: refund, arguments: { amount: ${amount} } }\n    expect: { decision: ${decision} }\n`;
const HOLDS = `cases:\n${CASE("small", 50, "allow")}${CASE("large", 51, "deny")}`;
const NONE =
  "  - { name: none, request: { action_type: tool_call, action_name: refund }, expect: { decision: deny } }\n";
const FAILS = `cases:\n${CASE("100% of it, #1: a::b", 51, "allow").replace("allow }", "allow, rule: pay/small }")}`;
const HOSTILE = `cases:\n${CASE("<script>alert(1)</script>\\n::error::x\\u001b[2J & ]]>\\u0000", 51, "allow")}`;

const rules = {
  "/home/holds": { "pay.yaml": RULES, "pay.test.yaml": HOLDS },
  "/home/whole": { "pay.yaml": RULES, "pay.test.yaml": HOLDS + NONE },
  "/home/fails": { "pay.yaml": RULES, "sub/pay.test.yaml": FAILS },
  "/home/hostile": { "pay.yaml": RULES, "pay.test.yaml": HOSTILE },
  "/home/untested": { "pay.yaml": RULES },
  "/home/odd": {
    "pay.yaml": RULES,
    "pay.test.yaml": HOLDS.replace("decision: deny", "decision: deny, rule: pay/smal"),
  },
  "/home/broken": {
    "pay.yaml": RULES.replace("arguments.amount <=", "argumets.amount <="),
    "pay.test.yaml": "case: []",
  },
  "/home/rules": { "pay.yaml": RULES, "pay.test.yaml": HOLDS },
};
const cli = (options: FakeCliOptions = {}) => createFakeCli({ rules, ...options });
const run = (...argv: string[]) => cli().run("test", ...argv);

describe("verdict test", () => {
  test("exits 0 when every case holds, with what the cases show", async () => {
    const { code, stdout, stderr } = await run("whole");
    expect(stdout).toBe(
      "3 cases in 1 file, all hold (0.00 s)\ncoverage 100% of rules (1 of 1), 100% of branches (6 of 6)\n",
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  });

  test("exits 1 when one does not, and says where, what differs, why, and which term was false", async () => {
    const { code, stdout } = await run("fails");
    expect(stdout.split("\n").slice(0, 6)).toEqual([
      "FAIL  fails/sub/pay.test.yaml:2:11  100% of it, #1: a::b",
      "  decision     expected allow, got deny",
      "  rule         expected pay/small, got none",
      "  reason       No rule allows this action.",
      "  - pay/small  allow, priority 0, not matched  fails/pay.yaml:4:5",
      "      false: arguments.amount <= 50  fails/pay.yaml:6:36",
    ]);
    expect(stdout).toContain("1 case in 1 file, 1 failed");
    expect(code).toBe(1);
  });

  test.each([
    [
      "rules with errors, and fixtures with errors at the same time",
      "broken",
      ["pay.test.yaml:1:1", "unknown-field", "pay.yaml:6:36", "invalid-condition"],
    ],
    [
      "a case about a rule that there is not",
      "odd",
      ["pay.test.yaml:7:37", "did you mean `pay/small`?", "unknown-rule"],
    ],
    ["no fixtures", "untested", ["untested:1:1", "no-fixture-files"]],
    ["no directory", "nowhere", ["rules-directory-missing"]],
  ])("runs nothing and exits 2 for %s", async (_, dir, texts) => {
    const { code, stdout } = await run(dir);
    for (const text of texts) expect(stdout).toContain(text);
    expect(stdout).toContain("so nothing was tested");
    expect(code).toBe(2);
  });

  test("without a directory it takes `rules` here, or VERDICT_RULES_DIR, and not the shipped rules", async () => {
    expect((await run()).stdout).toContain("2 cases");
    const elsewhere = cli({ env: { VERDICT_RULES_DIR: "/home/whole" }, defaultRulesDir: "/home/whole" });
    expect((await elsewhere.run("test")).stdout).toContain("3 cases");
  });

  test("--filter takes cases by their name, or by that of their file, whatever the letters' case", async () => {
    const { code, stdout } = await run("holds", "--filter", "LARGE");
    expect(stdout).toContain("1 case in 1 file, all hold, 1 left out by the filter");
    expect(code).toBe(0);
    expect((await run("holds", "--filter", "pay.test")).stdout).toContain("2 cases");
    const none = await run("holds", "--filter", "nothing");
    expect(none.stderr).toContain("no case has `nothing` in its name");
    expect(none.code).toBe(2);
  });

  test("--coverage lists what no case shows", async () => {
    const { code, stdout } = await run("holds", "--coverage");
    expect(stdout).toContain("never shown by a case:\n  holds/pay.yaml:6:11  never false: has(arguments.amount)\n");
    expect(code).toBe(0);
  });

  test("--min-coverage exits 7 when the cases show less, and lists it; an earlier failure stays 1", async () => {
    const { code, stdout, stderr } = await run("holds", "--min-coverage", "90");
    expect(stdout).toContain("never false: has(arguments.amount)");
    expect(stdout).toContain("83.3% of branches (5 of 6), below 90%");
    expect(stderr).toBe("the coverage is below 90%\n");
    expect(code).toBe(7);
    expect((await run("holds", "--min-coverage", "83.3")).code).toBe(0);
    expect((await run("fails", "--min-coverage", "100")).code).toBe(1);
  });

  test.each([
    [["--min-coverage", "101"], "Give a number from 0 to 100."],
    [["--min-coverage", "-1"], "Give a number from 0 to 100."],
    [["--min-coverage", "x"], "Give a number from 0 to 100."],
    [["--format", "xml"], "Allowed choices are pretty, json, junit, tap, github"],
    [["--min-coverage", "50", "--filter", "a"], "--min-coverage does not go with --filter"],
  ])("%j is a usage error", async (argv, message) => {
    const { code, stdout, stderr } = await run("holds", ...argv);
    expect(stderr).toContain(message);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  });
});

describe("verdict test --format", () => {
  test("json is one value with every case, what differs and what is not shown", async () => {
    const holds = JSON.parse((await run("holds", "--format", "json")).stdout);
    expect(holds).toMatchObject({ ok: true, status: "passed", passed: 2, failed: 0, omitted: 0 });
    expect(holds.coverage).toMatchObject({ branches: { covered: 5, total: 6, percent: 83.3 } });
    expect(holds.coverage.gaps).toMatchObject([{ rule_id: "pay/small", branches: [{ line: 6, missing: ["false"] }] }]);
    const fails = JSON.parse((await run("fails", "--format", "json")).stdout);
    expect(fails).toMatchObject({
      ok: false,
      cases: [
        {
          file: "fails/sub/pay.test.yaml",
          line: 2,
          ok: false,
          differences: [{ field: "decision", expected: "allow", actual: "deny" }, { field: "rule" }],
          rules: [{ rule_id: "pay/small", outcome: "not_matched", false_terms: [{ line: 6, column: 36 }] }],
        },
      ],
    });
    const low = JSON.parse((await run("holds", "--format", "json", "--min-coverage", "100")).stdout);
    expect(low).toMatchObject({ ok: false, status: "passed" });
    const broken = JSON.parse((await run("broken", "--format", "json")).stdout);
    expect(broken).toMatchObject({
      ok: false,
      status: "invalid",
      diagnostics: [{ line: 1 }, { line: 1 }, { line: 6 }],
    });
  });

  test("junit counts tests, failures and errors, and escapes what XML would read", async () => {
    const { stdout } = await run("hostile", "--format", "junit");
    expect(stdout).toContain('<testsuites name="verdict" tests="1" failures="1" errors="0">');
    expect(stdout).toMatch(
      /<properties>\s*<property name="policy_revision" value="sha256:[0-9a-f]{64}"\/>\s*<\/properties>/,
    );
    expect(stdout).toContain("&lt;script&gt;alert(1)&lt;/script&gt;&#10;::error::x\ufffd[2J &amp; ]]&gt;\ufffd");
    expect(stdout).toContain('<failure message="decision: expected allow, got deny" type="decision">');
    const broken = await run("broken", "--format", "junit");
    expect(broken.stdout).toContain('<testsuites name="verdict" tests="3" failures="0" errors="3">');
  });

  test("tap numbers every case and says why one is not ok", async () => {
    const { stdout } = await run("fails", "--format", "tap");
    expect(stdout).toMatch(
      /^TAP version 14\n1\.\.1\nnot ok 1 - fails\/sub\/pay\.test\.yaml: 100% of it, \\#1: a::b\n {2}---\n/,
    );
    expect(stdout).toContain(
      '  differences: ["decision: expected allow, got deny","rule: expected pay/small, got none"]\n',
    );
    const hostile = (await run("hostile", "--format", "tap")).stdout;
    expect(hostile).not.toContain("\u001b");
    expect(hostile).not.toMatch(/^::/m);
    expect((await run("broken", "--format", "tap")).stdout).toMatch(
      /^TAP version 14\nBail out! broken\/pay\.test\.yaml:1:1: /,
    );
  });

  test("github puts annotations on the case's line and on the rule's, escaped as workflow commands are", async () => {
    const { stdout } = await run("fails", "--format", "github");
    expect(stdout.split("\n").slice(0, 2)).toEqual([
      "::error file=fails/sub/pay.test.yaml,line=2,col=11,title=100%25 of it%2C #1%3A a%3A%3Ab::decision: expected allow, got deny%0Arule: expected pay/small, got none%0Areason: No rule allows this action.",
      '::error file=fails/pay.yaml,line=4,col=5,title=pay/small::not matched in the case "100%25 of it, #1: a::b", which fails',
    ]);
    const low = await run("holds", "--format", "github", "--min-coverage", "100");
    expect(low.stdout).toContain(
      "::error file=holds/pay.yaml,line=6,col=11,title=pay/small::never false: has(arguments.amount)\n",
    );
    expect((await run("broken", "--format", "github")).stdout).toContain(
      "::error file=broken/pay.yaml,line=6,col=36,title=invalid-condition::",
    );
  });

  test("github: no name can begin a command of its own", async () => {
    const lines = (await run("hostile", "--format", "github")).stdout.trimEnd().split("\n");
    expect(lines.filter((line) => line.startsWith("::"))).toHaveLength(1);
    expect(lines).toHaveLength(2);
  });

  test("pretty sends no escape sequence of a name to the terminal", async () => {
    const { stdout } = await run("hostile");
    expect(stdout).not.toContain("\u001b");
    expect(stdout).toContain("\\u{1b}[2J");
  });
});

describe("verdict test --html", () => {
  test("writes one page, with everything escaped and nothing loaded", async () => {
    const files: Record<string, string> = {};
    const { code } = await cli({ files }).run("test", "hostile", "--html", "out/report.html");
    expect(code).toBe(1);
    const page = files["/home/out/report.html"] ?? "";
    expect(page).toContain("default-src 'none'");
    expect(page).toContain("&#60;script&#62;alert(1)&#60;/script&#62;");
    expect(page).not.toMatch(/<script|src=|href=|url\(/i);
    expect(page).toContain("arguments.amount &#60;= 50");
    await cli({ files }).run("test", "broken", "--html", "broken.html");
    expect(files["/home/broken.html"]).toContain("so nothing was tested");
  });

  test("that cannot be written is exit 2", async () => {
    const write = async () => Promise.reject(Object.assign(new Error("no"), { code: "EACCES" }));
    const testFiles = {
      readFixtures: async () => ({ ok: true, sources: [{ path: "a.test.yaml", content: HOLDS }] }) as const,
      watch: async () => async () => {},
      write,
    };
    const { code, stderr } = await cli({ testFiles }).run("test", "holds", "--html", "x.html");
    expect(stderr).toContain("`x.html` cannot be written (EACCES)");
    expect(code).toBe(2);
  });
});

describe("verdict test --watch", () => {
  test("runs again for a change, goes on after errors, and ends with the last run's exit code", async () => {
    let content = HOLDS;
    let change = () => {};
    let end = () => {};
    let stopped = 0;
    const steps = [
      () => {
        content = "case: []";
        change();
      },
      () => {
        content = FAILS;
        change();
        change();
      },
      () => {
        // Touched, and the same: as when an editor saves what it has.
        change();
        setImmediate(() => end());
      },
    ];
    const codes: string[] = [];
    const { code, stdout } = await cli({
      testFiles: {
        readFixtures: async () => ({ ok: true, sources: [{ path: "pay.test.yaml", content }] }),
        async watch(dir, onChange) {
          expect(dir).toBe("/home/holds");
          change = onChange;
          return async () => {
            stopped += 1;
          };
        },
        write: async () => {},
      },
      terminal: {
        rows: () => 24,
        onEnd(listener) {
          end = listener;
          return () => {};
        },
        wait: async () => {},
      },
      stderr(text) {
        codes.push(text);
        if (text.startsWith("waiting")) setImmediate(() => steps.shift()?.());
      },
    }).run("test", "holds", "--watch");
    expect(codes.filter((text) => text.startsWith("waiting"))).toHaveLength(3);
    expect(stdout.match(/all hold|nothing was tested|1 failed/g)).toEqual([
      "all hold",
      "nothing was tested",
      "1 failed",
    ]);
    expect({ code, stopped }).toEqual({ code: 1, stopped: 1 });
  });
});
