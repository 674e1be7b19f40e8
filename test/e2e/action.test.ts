import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { load } from "js-yaml";
import { describe, expect, it } from "vitest";
import { packageRoot } from "../../src/package-root.ts";
import { temporaryFolder } from "./temporary-folder.ts";

interface Action {
  readonly inputs: Readonly<Record<string, { readonly default: string }>>;
  readonly runs: {
    readonly steps: readonly { readonly name?: string; readonly run?: string; readonly env?: Record<string, string> }[];
  };
}

const action = load(readFileSync(join(packageRoot, "action.yml"), "utf8")) as Action;

/** Runs a step's command as a runner would: inputs are put into its environment, never into its text. */
function runStep(name: string, inputs: Readonly<Record<string, string>>) {
  const { run, env = {} } = action.runs.steps.find((step) => step.name === name)!;
  const values = Object.entries(env).map(([variable, value]) => {
    const input = /^\$\{\{ inputs\.([a-z-]+) \}\}$/.exec(value)![1]!;
    return [variable, inputs[input] ?? action.inputs[input]!.default];
  });
  const { status, stdout, stderr } = spawnSync("bash", ["-eo", "pipefail", "-c", run!], {
    cwd: packageRoot,
    encoding: "utf8",
    env: { PATH: process.env.PATH, GITHUB_ACTION_PATH: packageRoot, ...Object.fromEntries(values) },
  });
  return { status, output: stdout + stderr };
}

const RULES = `
version: 1
policy: pay
rules:
  - { id: refund, action: { name: stripe.refund }, when: arguments.amount <= 50, decision: allow }
`;
const CASES = (amount: number) => `
cases:
  - name: a refund
    request: { action_type: tool_call, action_name: stripe.refund, arguments: { amount: ${amount} } }
    expect: { decision: allow, rule: pay/refund }
`;

function folderOf(amount: number): string {
  const folder = join(temporaryFolder(), "ru les");
  mkdirSync(folder);
  writeFileSync(join(folder, "pay.yaml"), RULES);
  writeFileSync(join(folder, "pay.test.yaml"), CASES(amount));
  return folder;
}

describe("the GitHub action", () => {
  it("fails with an annotation on the line of a case that does not hold", () => {
    const { status, output } = runStep("Test", { rules: folderOf(51) });
    expect(status).toBe(1);
    expect(output).toMatch(/^::error .*file=.*pay\.test\.yaml.*line=3/m);
  });

  it("passes when all hold, writes the report, and fails when they show too little", () => {
    const rules = folderOf(50);
    const html = join(rules, "report.html");
    expect(runStep("Test", { rules, html })).toMatchObject({ status: 0 });
    expect(existsSync(html)).toBe(true);
    expect(runStep("Test", { rules, "min-coverage": "100" }).status).toBe(7);
  });

  it("takes nothing from its inputs for a command", () => {
    const bait = join(temporaryFolder(), "bait");
    for (const name of ["rules", "min-coverage", "html"]) {
      runStep("Test", { rules: folderOf(50), [name]: `x"; touch ${bait}; "$(touch ${bait})` });
    }
    expect(existsSync(bait)).toBe(false);
  });

  it("takes nothing from its inputs for an option", () => {
    for (const step of ["Lint", "Test"]) {
      const { status, output } = runStep(step, { rules: "--help" });
      expect(output).not.toContain("Usage:");
      expect(status).toBeGreaterThan(0);
    }
  });

  it("lints", () => {
    expect(runStep("Lint", { rules: folderOf(50) }).status).toBeLessThan(2);
  });
});
