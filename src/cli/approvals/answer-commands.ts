import type { CliDeps } from "../deps.ts";
import { EXIT } from "../exit-codes.ts";
import { printable, printableJson } from "../printable.ts";
import type { ApprovalInbox } from "./deps.ts";
import { assertApprovalId } from "./id.ts";
import type { ApprovalJson } from "./json.ts";
import { relativeTime } from "./relative-time.ts";
import { type ApprovalsOptions, withApprovalInbox } from "./target.ts";
import { votesOf, whoAsks } from "./text.ts";

export interface ApprovalsApproveOptions extends ApprovalsOptions {
  readonly note?: string;
}

export interface ApprovalsDenyOptions extends ApprovalsOptions {
  readonly reason: string;
}

export interface ApprovalsCancelOptions extends ApprovalsOptions {
  readonly reason?: string;
}

/** Gives one person's vote; the last that is needed approves. */
export function runApprovalsApprove(deps: CliDeps, id: string, options: ApprovalsApproveOptions): Promise<number> {
  const { note } = options;
  return answer(deps, id, options, (inbox) => inbox.approve(id, note === undefined ? {} : { note }));
}

export function runApprovalsDeny(deps: CliDeps, id: string, options: ApprovalsDenyOptions): Promise<number> {
  const { reason } = options;
  return answer(deps, id, options, (inbox) => inbox.deny(id, { reason }));
}

/** For who asked: the action is not needed any more. */
export function runApprovalsCancel(deps: CliDeps, id: string, options: ApprovalsCancelOptions): Promise<number> {
  const { reason } = options;
  return answer(deps, id, options, (inbox) => inbox.cancel(id, reason === undefined ? {} : { reason }));
}

async function answer(
  deps: CliDeps,
  id: string,
  options: ApprovalsOptions,
  give: (inbox: ApprovalInbox) => Promise<ApprovalJson>,
): Promise<number> {
  assertApprovalId(id);
  const approval = await withApprovalInbox(deps, options, give);
  deps.stdout(options.json === true ? printableJson(approval, deps.isInteractive) : stateText(approval, deps.now()));
  return EXIT.ok;
}

/** In words, what an approval is now and what comes next. */
function stateText(approval: ApprovalJson, now: number): string {
  const { id, status, action_name, expires_at, grant } = approval;
  const what = printable(`${action_name} of ${whoAsks(approval)}`);
  const until = (time: string) => `${printable(time)} (${relativeTime(Date.parse(time), now)})`;
  const name = printable(id);
  if (status === "pending") {
    return `Voted for ${name}, ${what}: ${votesOf(approval)} votes, still pending until ${until(expires_at)}.\n`;
  }
  const use = status === "approved" && grant != null ? ` It may be done once, until ${until(grant.expires_at)}.` : "";
  return `${printable(status.charAt(0).toUpperCase() + status.slice(1))} ${name}, ${what}.${use}\n`;
}
