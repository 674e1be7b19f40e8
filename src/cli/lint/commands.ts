import { type Command, InvalidArgumentError, Option } from "commander";
import type { CliDeps } from "../deps.ts";
import type { LintOptions } from "./command.ts";
import { LINT_HELP } from "./help-text.ts";

/** `verdict lint`. */
export function addLint(program: Command, deps: CliDeps, onExitCode: (code: number) => void): void {
  program
    .command("lint")
    .description("say what is suspicious about rules, and mend what can be mended")
    .argument("[dir]", "the rules directory, fixtures in it (default: VERDICT_RULES_DIR, or rules)")
    .option("--fix", "mend what can be mended without changing what the rules decide")
    .addOption(
      new Option("--format <format>", "pretty for people; json or github for programs")
        .choices(["pretty", "json", "github"] satisfies LintOptions["format"][])
        .default("pretty"),
    )
    .option("--max-warnings <n>", "exit 1 when there are more warnings than this", parseCount)
    .addHelpText("after", LINT_HELP)
    .action(async (dir: string | undefined, options: LintOptions) => {
      const { runLint } = await import("./command.ts");
      onExitCode(await runLint(deps, dir, options));
    });
}

function parseCount(value: string): number {
  if (!/^[0-9]{1,9}$/.test(value)) throw new InvalidArgumentError("Give a whole number from 0.");
  return Number(value);
}
