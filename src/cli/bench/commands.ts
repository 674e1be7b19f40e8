import { type Command, InvalidArgumentError, Option } from "commander";
import type { CliDeps } from "../deps.ts";
import type { BenchOptions } from "./command.ts";
import { BENCH_HELP } from "./help-text.ts";

const SECONDS = 3;
const SECONDS_MAX = 600;

/** Adds `verdict bench`. */
export function addBench(program: Command, deps: CliDeps, onExitCode: (code: number) => void): void {
  program
    .command("bench")
    .description("measure how long the rules take to decide, and which of them take longest")
    .argument("[file]", "requests, one JSON object a line; `-` reads stdin, none takes the fixtures beside the rules")
    .option("--rules <dir>", "the rules directory (default: VERDICT_RULES_DIR, or the shipped rules)")
    .option("--seconds <n>", `how long to measure, up to ${SECONDS_MAX}; default ${SECONDS}`, parseSeconds, SECONDS)
    .option("--compare <file>", "what an earlier run printed with --format json; shows the ratios")
    .addOption(
      new Option("--format <format>", "pretty for people, json for programs and --compare")
        .choices(["pretty", "json"])
        .default("pretty"),
    )
    .addHelpText("after", BENCH_HELP)
    .action(async (file: string | undefined, options: BenchOptions) => {
      const { runBench } = await import("./command.ts");
      onExitCode(await runBench(deps, file, options));
    });
}

function parseSeconds(text: string): number {
  const seconds = /^\d{1,3}(?:\.\d{1,3})?$/.test(text) ? Number(text) : 0;
  if (seconds <= 0 || seconds > SECONDS_MAX)
    throw new InvalidArgumentError(`Give more than 0, and at most ${SECONDS_MAX}.`);
  return seconds;
}
