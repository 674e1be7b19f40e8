import { type Command, InvalidArgumentError, Option } from "commander";
import type { CliDeps } from "../deps.ts";
import type { TestOptions } from "./command.ts";
import { TEST_HELP } from "./help-text.ts";

/** `verdict test`. */
export function addTest(program: Command, deps: CliDeps, onExitCode: (code: number) => void): void {
  program
    .command("test")
    .description("run the fixtures of rules, and say what they do not show")
    .argument("[dir]", "the rules directory, fixtures in it (default: VERDICT_RULES_DIR, or rules)")
    .option("--filter <text>", "only cases with this in their name, or in that of their file")
    .option("--watch", "run again whenever a file changes, until Ctrl-C")
    .addOption(
      new Option("--format <format>", "pretty for people; json, junit, tap or github for programs")
        .choices(["pretty", "json", "junit", "tap", "github"] satisfies TestOptions["format"][])
        .default("pretty"),
    )
    .option("--coverage", "list what no case shows")
    .option(
      "--min-coverage <percent>",
      "exit 7 when the cases show less of the rules or of their branches",
      parsePercent,
    )
    .option("--html <file>", "also write a report as one HTML page")
    .addHelpText("after", TEST_HELP)
    .action(async (dir: string | undefined, options: TestOptions) => {
      const { runTest } = await import("./command.ts");
      onExitCode(await runTest(deps, dir, options));
    });
}

function parsePercent(value: string): number {
  const percent = /^[0-9]{1,3}(?:\.[0-9]+)?$/.test(value) ? Number(value) : Number.NaN;
  if (!(percent <= 100)) throw new InvalidArgumentError("Give a number from 0 to 100.");
  return percent;
}
