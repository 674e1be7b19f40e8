import { type Command, InvalidArgumentError, Option } from "commander";
import type { CliDeps } from "../deps.ts";
import type { DiffOptions } from "./command.ts";
import { DIFF_HELP } from "./help-text.ts";

/** Enough for some tens of changed rules, and over in seconds. */
const BUDGET = 20_000;
const BUDGET_MAX = 10_000_000;

/** Adds `verdict diff`. */
export function addDiff(program: Command, deps: CliDeps, onExitCode: (code: number) => void): void {
  program
    .command("diff")
    .description("compare two sets of rules, with requests that they decide differently")
    .argument("<old>", "a rules directory")
    .argument("<new>", "another")
    .option("--budget <n>", `how many requests to try, 0 to ${BUDGET_MAX}; default ${BUDGET}`, parseBudget, BUDGET)
    .option("--exit-code", "exit 6 when a request is decided differently")
    .addOption(
      new Option("--format <format>", "pretty for people, json for programs, yaml for the fixture alone")
        .choices(["pretty", "json", "yaml"])
        .default("pretty"),
    )
    .addHelpText("after", DIFF_HELP)
    .action(async (before: string, after: string, options: DiffOptions) => {
      const { runDiff } = await import("./command.ts");
      onExitCode(await runDiff(deps, [before, after], options));
    });
}

function parseBudget(text: string): number {
  const budget = /^\d{1,8}$/.test(text) ? Number(text) : BUDGET_MAX + 1;
  if (budget > BUDGET_MAX) throw new InvalidArgumentError(`Give a number from 0 to ${BUDGET_MAX}.`);
  return budget;
}
