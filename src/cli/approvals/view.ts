import type { CliDeps } from "../deps.ts";
import { createPaint } from "../paint.ts";
import { printable, printableJson } from "../printable.ts";
import type { ApprovalBoard } from "./board.ts";
import type { ApprovalJson } from "./json.ts";
import { createApprovalScreen } from "./screen.ts";
import { formatApprovalLine } from "./text.ts";

/** How what happens is shown. */
export interface ApprovalView {
  changed(approval: ApprovalJson): void;
  /** What is shown is complete. */
  connected(): void;
  disconnected(reason: string, waitMs: number): void;
  close(): void;
}

/** One line for each change on stdout; what becomes of the connection on stderr. */
export function createApprovalLines(deps: CliDeps, isJson: boolean): ApprovalView {
  let isDisconnected = false;
  return {
    changed: (approval) => deps.stdout(isJson ? printableJson(approval, false) : formatApprovalLine(approval)),
    connected() {
      if (isDisconnected) deps.stderr("Connected again.\n");
      isDisconnected = false;
    },
    disconnected(reason, waitMs) {
      isDisconnected = true;
      deps.stderr(`warning: ${printable(lostText(reason, waitMs))}\n`);
    },
    close() {},
  };
}

const TICK_MS = 1000;

/**
 * The whole terminal: a table that is drawn again whenever something changes, and each second, because times pass.
 * @param signal ends the drawing
 */
export function createApprovalTable(
  deps: CliDeps,
  board: ApprovalBoard,
  inboxName: string,
  signal: AbortSignal,
): ApprovalView {
  const { terminal, now } = deps;
  const paint = createPaint(deps.env, true);
  const title = `Approvals of ${inboxName}`;
  const screen = createApprovalScreen({ board, title, write: deps.stdout, rows: () => terminal.rows(), now, paint });
  let state = "connecting";
  let isConnected = false;
  const show = (text: string) => {
    state = text;
    screen.draw(state);
  };
  const tick = async () => {
    while (!signal.aborted) {
      await terminal.wait(TICK_MS, signal);
      if (!signal.aborted) screen.draw(state);
    }
  };
  show(state);
  void tick();
  return {
    changed() {
      // A connection begins with all that are pending: they are drawn together.
      if (isConnected) screen.draw(state);
    },
    connected() {
      isConnected = true;
      show("connected");
    },
    disconnected(reason, waitMs) {
      isConnected = false;
      show(lostText(reason, waitMs));
    },
    close: () => screen.close(),
  };
}

const lostText = (reason: string, waitMs: number) => `${reason}; connecting again in ${waitMs / 1000} s`;
