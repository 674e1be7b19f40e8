import { CliError } from "../cli-error.ts";
import type { CliDeps } from "../deps.ts";
import { EXIT } from "../exit-codes.ts";
import { type ApprovalBoard, createApprovalBoard } from "./board.ts";
import type { ApprovalInbox } from "./deps.ts";
import { type ApprovalsOptions, withApprovalInbox } from "./target.ts";
import { type ApprovalView, createApprovalLines, createApprovalTable } from "./view.ts";

/** Of what is known of the answered ones; enough to hold against what a new connection tells again. */
const RESOLVED_MAX = 100;
const BACKOFF_MS = 1000;
const BACKOFF_MS_MAX = 30_000;

/** Follows the approvals until the person ends it: a table on a terminal, else a line for each change. */
export async function runApprovalsWatch(deps: CliDeps, options: ApprovalsOptions): Promise<number> {
  return withApprovalInbox(deps, options, async (inbox) => {
    const ending = new AbortController();
    const stopListening = deps.terminal.onEnd(() => ending.abort());
    const board = createApprovalBoard(RESOLVED_MAX);
    const isTable = deps.isInteractive && options.json !== true;
    const view = isTable
      ? createApprovalTable(deps, board, inbox.name, ending.signal)
      : createApprovalLines(deps, options.json === true);
    try {
      await follow(deps, inbox, board, view, ending.signal);
    } finally {
      ending.abort();
      view.close();
      stopListening();
    }
    return EXIT.ok;
  });
}

/**
 * One connection after the other.
 * @throws CliError when the first does not come about, or when a later one never will, such as with a revoked key
 */
async function follow(
  deps: CliDeps,
  inbox: ApprovalInbox,
  board: ApprovalBoard,
  view: ApprovalView,
  signal: AbortSignal,
): Promise<void> {
  let hasConnected = false;
  let failures = 0;
  const onSynced = () => {
    hasConnected = true;
    failures = 0;
    view.connected();
  };
  while (!signal.aborted) {
    const failure = await readConnection(inbox, board, view, onSynced, signal);
    if (signal.aborted) return;
    if (failure !== undefined && !(hasConnected && failure.isPassing)) throw failure;
    const waitMs = Math.min(BACKOFF_MS * 2 ** failures, BACKOFF_MS_MAX);
    failures += 1;
    view.disconnected(failure?.message ?? `${inbox.name} ended the stream`, waitMs);
    await deps.terminal.wait(waitMs, signal);
  }
}

/** @returns why it ended; undefined when the service ended it */
async function readConnection(
  inbox: ApprovalInbox,
  board: ApprovalBoard,
  view: ApprovalView,
  onSynced: () => void,
  signal: AbortSignal,
): Promise<CliError | undefined> {
  board.startSync();
  try {
    for await (const event of inbox.follow(signal)) {
      if (event.kind === "approval") {
        if (board.apply(event.approval)) view.changed(event.approval);
      } else {
        await catchUp(inbox, board, view);
        onSynced();
      }
    }
    return undefined;
  } catch (error) {
    if (error instanceof CliError) return error;
    throw error;
  }
}

/** What was answered while nobody listened was told to nobody. */
async function catchUp(inbox: ApprovalInbox, board: ApprovalBoard, view: ApprovalView): Promise<void> {
  for (const id of board.finishSync()) {
    const approval = await inbox.get(id).catch(() => undefined);
    if (approval === undefined) board.forget(id);
    else if (board.apply(approval)) view.changed(approval);
  }
}
