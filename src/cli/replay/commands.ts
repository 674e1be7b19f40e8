import { type Command, InvalidArgumentError, Option } from "commander";
import { EFFECTS } from "../../model/decision.ts";
import type { CliDeps } from "../deps.ts";
import { parseTime } from "../parse-time.ts";
import type { ReplayOptions } from "./command.ts";
import { parseFailOn } from "./fail-on.ts";
import { REPLAY_HELP } from "./help-text.ts";

/** Bounds what is kept of a log of any length. */
const EXAMPLES_MAX = 50;

/** Adds `verdict replay`. */
export function addReplay(program: Command, deps: CliDeps, onExitCode: (code: number) => void): void {
  program
    .command("replay")
    .description("tell which recorded decisions other rules would change")
    .argument("[dir]", "the rules directory (default: VERDICT_RULES_DIR, or the shipped rules)")
    .option("--export <file>", "an export of the log; `-` reads stdin; without it the log of a service")
    .option("--from <time>", "decisions at or after it, RFC 3339", parseTime)
    .option("--to <time>", "decisions before it, RFC 3339", parseTime)
    .option("--identity <name>", "decisions of this identity")
    .option("--action-type <type>", "decisions about actions of this type")
    .option("--action-name <name>", "decisions about actions of this name")
    .addOption(new Option("--decision <decision>", "with this decision").choices([...EFFECTS]))
    .option("--rule <id>", "that this rule determined")
    .option("--session <id>", "of this session")
    .option("--fail-on <what>", "exit 6 for these: allow-to-deny and the like, any, rules, undecidable", parseFailOn)
    .option("--examples <n>", `how many examples of each change, 0 to ${EXAMPLES_MAX}`, parseCount, 5)
    .addOption(
      new Option("--format <format>", "pretty for people, json for programs")
        .choices(["pretty", "json"])
        .default("pretty"),
    )
    .option("--url <url>", "address of the service (default: VERDICT_URL)")
    .option("--key <key>", "key to authenticate with; other processes can see it, so prefer VERDICT_API_KEY")
    .addHelpText("after", REPLAY_HELP)
    .action(async (dir: string | undefined, options: ReplayOptions) => {
      const { runReplay } = await import("./command.ts");
      onExitCode(await runReplay(deps, dir, options));
    });
}

function parseCount(text: string): number {
  const count = /^\d{1,2}$/.test(text) ? Number(text) : EXAMPLES_MAX + 1;
  if (count > EXAMPLES_MAX) throw new InvalidArgumentError(`Give a number from 0 to ${EXAMPLES_MAX}.`);
  return count;
}
