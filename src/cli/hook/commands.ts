import { type Command, InvalidArgumentError, Option } from "commander";
import type { CliDeps } from "../deps.ts";
import { type HookOptions, runHookClaudeCode } from "./command.ts";
import { HOOK_CLAUDE_CODE_HELP } from "./help-text.ts";

const TIMEOUT_SECONDS = 10;
/** A day: what a timer can hold, and more than anybody waits. */
const SECONDS_MAX = 86_400;

/** Adds `verdict hook` and what belongs to it. */
export function addHook(program: Command, deps: CliDeps, onExitCode: (code: number) => void): void {
  program
    .command("hook")
    .description("decide for an agent's host before a tool runs")
    .addHelpText("after", HOOK_CLAUDE_CODE_HELP)
    .command("claude-code")
    .description("answer a PreToolUse hook of Claude Code")
    .option(
      "--timeout <seconds>",
      "how long a decision may take; then the tool is blocked",
      parseSeconds,
      TIMEOUT_SECONDS,
    )
    .option("--wait <seconds>", "wait so long for a person in Verdict (default: the host asks its user)", parseSeconds)
    .addOption(
      new Option("--on-allow <answer>", "what an allow is to the host: settled, or for its own permissions")
        .choices(["allow", "defer"])
        .default("allow"),
    )
    .option("--url <url>", "address of the service (default: VERDICT_URL)")
    .option("--key <key>", "key to authenticate with; other processes can see it, so prefer VERDICT_API_KEY")
    .addHelpText("after", HOOK_CLAUDE_CODE_HELP)
    .action(async (options: HookOptions) => onExitCode(await runHookClaudeCode(deps, options)));
}

function parseSeconds(text: string): number {
  const seconds = /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : 0;
  if (seconds <= 0 || seconds > SECONDS_MAX) {
    throw new InvalidArgumentError(`Give a number of seconds up to ${SECONDS_MAX}.`);
  }
  return seconds;
}
