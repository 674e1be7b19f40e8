import type { Paint } from "../paint.ts";
import { printable } from "../printable.ts";
import type { ApprovalBoard } from "./board.ts";
import { formatApprovals } from "./text.ts";

/** A terminal that shows a board, and nothing else while it does. */
export interface ApprovalScreen {
  /** @param state the connection's, as people are told it */
  draw(state: string): void;
  /** Gives the terminal back as it was. */
  close(): void;
}

export interface ApprovalScreenOptions {
  readonly board: ApprovalBoard;
  /** Of whose approvals they are. */
  readonly title: string;
  readonly write: (text: string) => void;
  readonly rows: () => number;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly paint: Paint;
}

/** The other screen (without scrollback), no cursor, and lines that are cut at the edge rather than wrapped. */
const ENTER = "\u001b[?1049h\u001b[?25l\u001b[?7l";
const LEAVE = "\u001b[?7h\u001b[?25h\u001b[?1049l";
const HOME = "\u001b[H";
const CLEAR_LINE = "\u001b[K";
const CLEAR_BELOW = "\u001b[J";

/** Title, header and the line that says how to go on, with the empty lines between. */
const ROWS_BESIDE = 5;
const RESOLVED_ROWS_MAX = 8;

export function createApprovalScreen(options: ApprovalScreenOptions): ApprovalScreen {
  const { board, title, write, paint } = options;
  let isOpen = true;
  write(ENTER);
  return {
    draw(state) {
      if (!isOpen) return;
      const { length } = board.pending;
      const head = `${printable(title)}  ${length} pending  ${paint.quiet(printable(state))}`;
      const lines = [head, "", ...tableLines(options), "", paint.quiet(FOOT)].slice(0, Math.max(options.rows(), 1));
      write(`${HOME}${lines.map((line) => CLEAR_LINE + line).join("\r\n")}${CLEAR_BELOW}`);
    },
    close() {
      if (isOpen) write(LEAVE);
      isOpen = false;
    },
  };
}

const FOOT = "verdict approvals show|approve|deny <id>    Ctrl-C ends";

function tableLines({ board, rows, now, paint }: ApprovalScreenOptions): string[] {
  const space = Math.max(rows() - ROWS_BESIDE, 1);
  const all = [...board.pending, ...board.resolved.slice(0, RESOLVED_ROWS_MAX)];
  if (all.length === 0) return ["Nobody waits for an approval."];
  const shown = all.slice(0, all.length > space ? space - 1 : space);
  const lines = formatApprovals(shown, { now: now(), paint, hasStatus: true }).trimEnd().split("\n");
  const hidden = all.length - shown.length;
  return hidden === 0 ? lines : [...lines, paint.quiet(`and ${hidden} more: verdict approvals list`)];
}
