import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { load } from "js-yaml";
import { beforeAll, describe, expect, it } from "vitest";
import { packageRoot } from "../../src/package-root.ts";
import { temporaryFolder } from "./temporary-folder.ts";

interface Job {
  readonly script: readonly string[];
  readonly artifacts: { readonly when: string; readonly reports: { readonly junit: string } };
}

const [, snippet] = /^## GitLab\n+```yaml\n([\s\S]*?)^```$/m.exec(
  readFileSync(join(packageRoot, "docs/ci.md"), "utf8"),
)!;
const { rules: job } = load(snippet!) as { rules: Job };

/** What the job clones: the built program, and a preparation that only says that it ran. Tests of its own prepare a checkout. */
function repository(): { readonly url: string; readonly commit: string } {
  const url = temporaryFolder();
  // Of this machine's own configuration nothing counts.
  const env = { PATH: process.env.PATH, GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_NOSYSTEM: "1" };
  const author = ["-c", "user.name=t", "-c", "user.email=t@localhost"];
  const git = (...argv: string[]) => execFileSync("git", ["-C", url, ...author, ...argv], { encoding: "utf8", env });
  git("init", "--quiet");
  symlinkSync(join(packageRoot, "dist"), join(url, "dist"));
  mkdirSync(join(url, "scripts"));
  writeFileSync(join(url, "scripts/prepare.mjs"), 'console.log("prepared");\n');
  git("add", ".");
  git("commit", "--quiet", "-m", "The one that is asked for");
  const commit = git("rev-parse", "HEAD").trim();
  writeFileSync(join(url, "scripts/prepare.mjs"), "process.exit(9);\n");
  git("commit", "--quiet", "-a", "-m", "A later one");
  return { url, commit };
}

/** A project with rules in `policies`; what its case says of a refund of 50. */
function projectOf(decision: string, when = "has(arguments.amount) && arguments.amount <= 50"): string {
  const project = temporaryFolder();
  mkdirSync(join(project, "policies"));
  const rule = `{ id: refund, action: { type: tool_call, name: refund }, when: '${when}', decision: allow, reason: Small. }`;
  writeFileSync(join(project, "policies/pay.yaml"), `version: 1\npolicy: pay\nrules:\n  - ${rule}\n`);
  const caseOf = (name: string, args: string, expected: string) =>
    `  - { name: ${name}, request: { action_type: tool_call, action_name: refund, arguments: ${args} }, expect: ${expected} }\n`;
  const cases = [
    caseOf("at the cap", "{ amount: 50 }", `{ decision: ${decision} }`),
    caseOf("above it", "{ amount: 51 }", "{ decision: deny }"),
    caseOf("of nothing", "{}", "{ decision: deny }"),
  ];
  writeFileSync(join(project, "policies/pay.test.yaml"), `cases:\n${cases.join("")}`);
  return project;
}

describe("the GitLab job", () => {
  let cloned: ReturnType<typeof repository>;
  beforeAll(() => {
    cloned = repository();
  });

  /** As a runner does: all lines in one shell, which ends with the first that fails. */
  function run(cwd: string) {
    const { status, stdout, stderr } = spawnSync("bash", ["-eo", "pipefail", "-c", job.script.join("\n")], {
      cwd,
      encoding: "utf8",
      env: {
        ...{ PATH: process.env.PATH, TMPDIR: temporaryFolder(), HOME: temporaryFolder() },
        ...{ VERDICT_REPOSITORY: cloned.url, VERDICT_COMMIT: cloned.commit },
      },
    });
    return { status, output: stdout + stderr };
  }
  const report = (project: string) => readFileSync(join(project, job.artifacts.reports.junit), "utf8");

  it("passes where the rules are clean and all cases hold, and leaves the report where the artifact is looked for", () => {
    const project = projectOf("allow");
    const { status, output } = run(project);
    expect(output).toContain("prepared\n");
    expect({ status, output }).toMatchObject({ status: 0 });
    expect(report(project)).toMatch(/<testsuites .*tests="3" failures="0" errors="0"/);
  });

  it("fails where a case does not hold, and the report, which is kept then too, names it", () => {
    const project = projectOf("deny");
    expect(run(project)).toMatchObject({ status: 1 });
    expect(report(project)).toMatch(/<testcase [^>]*name="at the cap"[^>]*>\s*<failure/);
    expect(job.artifacts.when).toBe("always");
  });

  it("fails where the rules have an error, before anything is tested, and only shows what is advice", () => {
    const project = projectOf("allow", "arguments.amount <=");
    const { status, output } = run(project);
    expect(status).toBeGreaterThan(0);
    expect(output).toContain("invalid-condition");
    expect(existsSync(join(project, job.artifacts.reports.junit))).toBe(false);
    expect(run(projectOf("allow", "arguments.amount <= 50")).output).toContain("missing-has");
  });
});
