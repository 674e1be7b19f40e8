import { type Command, InvalidArgumentError, Option } from "commander";
import { APPROVAL_STATUSES } from "../../model/decision.ts";
import type { CliDeps } from "../deps.ts";
import type { ApprovalsApproveOptions, ApprovalsCancelOptions, ApprovalsDenyOptions } from "./answer-commands.ts";
import * as help from "./help-text.ts";
import type { ApprovalsListOptions } from "./read-commands.ts";
import type { ApprovalsOptions } from "./target.ts";

const LIMIT = 100;
const LIMIT_MAX = 10_000;

/** Adds `verdict approvals` and what belongs to it. */
export function addApprovals(program: Command, deps: CliDeps, onExitCode: (code: number) => void): void {
  const approvals = program
    .command("approvals")
    .description("see and answer what agents ask people for")
    .addHelpText("after", help.APPROVALS_LIST_HELP);
  const commands = [
    ...addReading(approvals, deps, onExitCode),
    ...addAnswering(approvals, deps, onExitCode),
    addWatch(approvals, deps, onExitCode),
  ];
  for (const command of commands) {
    command
      .option("--json", "print the JSON of the HTTP interface")
      .option("--url <url>", "address of the service (default: VERDICT_URL)")
      .option("--key <key>", "key to authenticate with; other processes can see it, so prefer VERDICT_API_KEY");
  }
}

function addReading(approvals: Command, deps: CliDeps, onExitCode: (code: number) => void): Command[] {
  const list = approvals
    .command("list")
    .description("show approvals")
    .addOption(
      new Option("--status <status>", "those with this status, or all")
        .choices([...APPROVAL_STATUSES, "all"])
        .default("pending"),
    )
    .option("--identity <name>", "those that this identity asks for")
    .option("--rule <id>", "those that this rule asks for")
    .option("--limit <n>", "how many at most", parseLimit, LIMIT)
    .addHelpText("after", help.APPROVALS_LIST_HELP)
    .action(async (options: ApprovalsListOptions) => {
      const { runApprovalsList } = await import("./read-commands.ts");
      onExitCode(await runApprovalsList(deps, options));
    });

  const show = approvals
    .command("show")
    .description("show all that is known of one")
    .argument("<id>", ID)
    .addHelpText("after", help.APPROVALS_SHOW_HELP)
    .action(async (id: string, options: ApprovalsOptions) => {
      const { runApprovalsShow } = await import("./read-commands.ts");
      onExitCode(await runApprovalsShow(deps, id, options));
    });
  return [list, show];
}

function addAnswering(approvals: Command, deps: CliDeps, onExitCode: (code: number) => void): Command[] {
  const approve = approvals
    .command("approve")
    .description("give a vote for it")
    .argument("<id>", ID)
    .option("--note <text>", "kept with the vote; the agent may read it")
    .addHelpText("after", help.APPROVALS_APPROVE_HELP)
    .action(async (id: string, options: ApprovalsApproveOptions) => {
      const { runApprovalsApprove } = await import("./answer-commands.ts");
      onExitCode(await runApprovalsApprove(deps, id, options));
    });

  const deny = approvals
    .command("deny")
    .description("refuse it")
    .argument("<id>", ID)
    .requiredOption("--reason <text>", "what the agent is told")
    .addHelpText("after", help.APPROVALS_DENY_HELP)
    .action(async (id: string, options: ApprovalsDenyOptions) => {
      const { runApprovalsDeny } = await import("./answer-commands.ts");
      onExitCode(await runApprovalsDeny(deps, id, options));
    });

  const cancel = approvals
    .command("cancel")
    .description("take back what was asked for")
    .argument("<id>", ID)
    .option("--reason <text>", "why")
    .addHelpText("after", help.APPROVALS_CANCEL_HELP)
    .action(async (id: string, options: ApprovalsCancelOptions) => {
      const { runApprovalsCancel } = await import("./answer-commands.ts");
      onExitCode(await runApprovalsCancel(deps, id, options));
    });
  return [approve, deny, cancel];
}

function addWatch(approvals: Command, deps: CliDeps, onExitCode: (code: number) => void): Command {
  return approvals
    .command("watch")
    .description("follow what is asked for and how it is answered")
    .addHelpText("after", help.APPROVALS_WATCH_HELP)
    .action(async (options: ApprovalsOptions) => {
      const { runApprovalsWatch } = await import("./watch-command.ts");
      onExitCode(await runApprovalsWatch(deps, options));
    });
}

const ID = "its id, from `verdict approvals list`";

function parseLimit(text: string): number {
  const limit = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (limit < 1 || limit > LIMIT_MAX) throw new InvalidArgumentError(`Give a number from 1 to ${LIMIT_MAX}.`);
  return limit;
}
