import { Command, InvalidArgumentError, Option } from "commander";
import { KEY_ROLES, SCOPES } from "../identity/index.ts";
import { LIMITS } from "../model/limits.ts";
import { VERSION } from "../model/version.ts";
import { addApprovals } from "./approvals/commands.ts";
import { addAudit } from "./audit/commands.ts";
import { addBench } from "./bench/commands.ts";
import type { CliDeps } from "./deps.ts";
import { addDiff } from "./diff/commands.ts";
import * as help from "./help-text.ts";
import { addHook } from "./hook/commands.ts";
import type { KeysCreateOptions, KeysOptions } from "./keys/commands.ts";
import { addLint } from "./lint/commands.ts";
import { parseExpiry, parseTime } from "./parse-time.ts";
import { addReplay } from "./replay/commands.ts";
import type { RulesCheckOptions } from "./rules/check-command.ts";
import type { EvalOptions } from "./rules/eval-command.ts";
import { addTest } from "./testing/commands.ts";

/**
 * The commands and options. What runs a command is imported when it does: agents' hosts start `verdict hook` before every tool
 * call, and most of a short command's time is the loading of modules. Parsing throws CommanderError instead of ending the process.
 * @param onExitCode called with what a command that ran gave
 */
export function createProgram(deps: CliDeps, onExitCode: (code: number) => void): Command {
  const program = new Command("verdict")
    .description("A policy decision point for AI agents: CEL rules in, allow, deny or approval_required out.")
    .version(VERSION, "-V, --version", "print the version")
    .exitOverride()
    .configureOutput({
      writeOut: deps.stdout,
      writeErr: deps.stderr,
      getOutHelpWidth: () => HELP_WIDTH,
      getErrHelpWidth: () => HELP_WIDTH,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .helpOption("-h, --help", "show this help")
    .helpCommand("help [command]", "show the help of a command")
    .showHelpAfterError("(--help shows the usage, with examples)")
    .showSuggestionAfterError()
    .addHelpText("after", help.PROGRAM_HELP);

  program
    .command("serve")
    .description("run the service until it is stopped")
    .addHelpText("after", help.SERVE_HELP)
    .action(async () => onExitCode(await deps.serve()));

  const rules = program
    .command("rules")
    .description("work with rule files")
    .addHelpText("after", help.RULES_CHECK_HELP);
  rules
    .command("check")
    .description("report every problem of the rule files in a directory")
    .argument("[dir]", "the rules directory (default: VERDICT_RULES_DIR, or the shipped rules)")
    .addOption(format("pretty for people, json for programs").default("pretty"))
    .option("--strict", "fail on warnings too")
    .addHelpText("after", help.RULES_CHECK_HELP)
    .action(async (dir: string | undefined, options: RulesCheckOptions) => {
      const { runRulesCheck } = await import("./rules/check-command.ts");
      onExitCode(await runRulesCheck(deps, dir, options));
    });

  addLint(program, deps, onExitCode);
  addTest(program, deps, onExitCode);
  addEval(program, deps, onExitCode);
  addDiff(program, deps, onExitCode);
  addReplay(program, deps, onExitCode);
  addBench(program, deps, onExitCode);
  addKeys(program, deps, onExitCode);
  addApprovals(program, deps, onExitCode);
  addAudit(program, deps, onExitCode);
  addHook(program, deps, onExitCode);
  return program;
}

/** The same on every terminal, so that what is documented is what is shown. */
const HELP_WIDTH = 110;

function addEval(program: Command, deps: CliDeps, onExitCode: (code: number) => void): void {
  program
    .command("eval")
    .description("decide one request against a rules directory, without a service")
    .argument("[file]", "a file with the request as JSON; `-` or none reads stdin")
    .option("--rules <dir>", "the rules directory (default: VERDICT_RULES_DIR, or the shipped rules)")
    .option("--identity <name>", "who asks; replaces identity.name of the request", parseName)
    .addOption(repeated("--role <role>", "a role of who asks, repeatable; replaces identity.roles", parseName))
    .option("--tenant <tenant>", "the tenant of who asks; replaces identity.tenant", parseName)
    .option("--now <time>", "the time that rules see, RFC 3339 (default: the present)", parseTime)
    .option("--explain", "show what each rule gave, and how long each stage took")
    .option("--exit-code", "exit 3 on deny and 4 on approval_required")
    .addOption(format("pretty for people (default on a terminal), json as over HTTP"))
    .addHelpText("after", help.EVAL_HELP)
    .action(async (file: string | undefined, { role, ...options }: EvalOptions & { role?: string[] }) => {
      const { runEval } = await import("./rules/eval-command.ts");
      onExitCode(await runEval(deps, file, role === undefined ? options : { ...options, roles: role }));
    });
}

function addKeys(program: Command, deps: CliDeps, onExitCode: (code: number) => void): void {
  const keys = program.command("keys").description("work with API keys").addHelpText("after", help.KEYS_LIST_HELP);
  const roleNames = Object.keys(KEY_ROLES);

  const create = keys
    .command("create")
    .description("create a key and print it once")
    .requiredOption("--name <identity>", "who will hold it; rules see it as identity.name", parseName)
    .addOption(repeated("--role <role>", `what it may do, repeatable: ${roleNames.join(", ")}`, oneOf(roleNames)))
    .addOption(
      repeated("--scope <scope>", `a scope besides the roles', repeatable: ${SCOPES.join(", ")}`, oneOf(SCOPES)),
    )
    .addOption(repeated("--identity-role <role>", "what rules see in identity.roles, repeatable", parseName))
    .option("--tenant <tenant>", "what rules see as identity.tenant", parseName)
    .option("--expires <when>", "when it stops working: 12h, 90d, 4w or an RFC 3339 time (default: never)", (when) =>
      parseExpiry(when, deps.now()),
    )
    .addHelpText("after", help.KEYS_CREATE_HELP)
    .action(async (options: KeysCreateOptions) => {
      const { runKeysCreate } = await import("./keys/commands.ts");
      onExitCode(await runKeysCreate(deps, options));
    });

  const list = keys
    .command("list")
    .description("show all keys, revoked and expired ones too")
    .addHelpText("after", help.KEYS_LIST_HELP)
    .action(async (options: KeysOptions) => {
      const { runKeysList } = await import("./keys/commands.ts");
      onExitCode(await runKeysList(deps, options));
    });

  const revoke = keys
    .command("revoke")
    .description("end a key")
    .argument("<id>", "its id, from `verdict keys list`")
    .addHelpText("after", help.KEYS_REVOKE_HELP)
    .action(async (id: string, options: KeysOptions) => {
      const { runKeysRevoke } = await import("./keys/commands.ts");
      onExitCode(await runKeysRevoke(deps, id, options));
    });

  for (const command of [create, list, revoke]) addTarget(command);
}

function addTarget(command: Command): void {
  command
    .option("--json", "print the JSON of the HTTP interface")
    .option("--url <url>", "address of the service (default: VERDICT_URL)")
    .option("--key <key>", "key to authenticate with; other processes can see it, so prefer VERDICT_API_KEY");
}

const format = (description: string) => new Option("--format <format>", description).choices(["pretty", "json"]);

type Parser = (value: string) => string;

/** An option that may be given more than once. */
function repeated(flags: string, description: string, parse: Parser): Option {
  return new Option(flags, description).argParser((value, previous: readonly string[] | undefined) => {
    const items = [...(previous ?? []), parse(value)];
    if (items.length > LIMITS.rolesMax) throw new InvalidArgumentError(`At most ${LIMITS.rolesMax} are allowed.`);
    return items;
  });
}

/** The bounds of a name or role in the HTTP interface, and nothing that could confuse a terminal. */
function parseName(value: string): string {
  if (value.length === 0 || value.length > 256) throw new InvalidArgumentError("Give 1 to 256 characters.");
  if (/[\p{Cc}\p{Surrogate}]/u.test(value)) throw new InvalidArgumentError("Control characters are not allowed.");
  return value;
}

function oneOf(allowed: readonly string[]): Parser {
  return (value) => {
    if (!allowed.includes(value)) throw new InvalidArgumentError(`Allowed: ${allowed.join(", ")}.`);
    return value;
  };
}
