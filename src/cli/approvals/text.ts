import type { Paint } from "../paint.ts";
import { printable } from "../printable.ts";
import { formatTable } from "../table.ts";
import type { ApprovalJson } from "./json.ts";
import { relativeTime } from "./relative-time.ts";

/** What is next to run out is marked. */
const SOON_MS = 60_000;

/** Agents choose names; one long name must not push the other columns out of sight. `show` has all of it. */
const CELL_CHARS_MAX = 40;

export interface ApprovalTableOptions {
  /** Epoch milliseconds. */
  readonly now: number;
  readonly paint: Paint;
  /** Whether there are others than pending ones. */
  readonly hasStatus: boolean;
}

/** One line for each approval below a header. */
export function formatApprovals(approvals: readonly ApprovalJson[], options: ApprovalTableOptions): string {
  const { now, paint, hasStatus } = options;
  // What matters most comes first: narrow terminals cut the rest.
  const header = ["ID", ...(hasStatus ? ["STATUS"] : []), "ACTION", "WHO", "EXPIRES", "VOTES", "ASKED", "RULE"];
  const rows = approvals.map((approval) => [
    approval.id,
    ...(hasStatus ? [statusOf(approval)] : []),
    cellText(approval.action_name),
    cellText(whoAsks(approval)),
    approval.status === "pending" ? relativeTime(Date.parse(approval.expires_at), now) : "-",
    votesOf(approval),
    relativeTime(Date.parse(approval.created_at), now),
    cellText(approval.rule.id),
  ]);
  const [head = "", ...lines] = formatTable(header, rows).trimEnd().split("\n");
  const painted = lines.map((line, at) => paintOf(approvals[at]!, now, paint)(line));
  return `${[paint.quiet(head), ...painted].join("\n")}\n`;
}

/** An approval as one line that can be read alone and in a log. */
export function formatApprovalLine(approval: ApprovalJson): string {
  const { resolution } = approval;
  const by = resolution?.by == null ? "" : `by ${resolution.by}`;
  const cells = [
    changedAt(approval),
    statusOf(approval).padEnd(9),
    approval.id,
    whoAsks(approval),
    approval.action_name,
    approval.rule.id,
    `${votesOf(approval)} votes`,
    [by, resolution?.reason ?? ""].filter((text) => text !== "").join(": "),
  ];
  return `${cells
    .filter((text) => text !== "")
    .map(printable)
    .join("  ")}\n`;
}

/** A name, and for whom it works. */
export const whoAsks = ({ requester: { name, tenant } }: ApprovalJson) =>
  tenant == null ? name : `${name} (${tenant})`;

export const votesOf = ({ votes, terms }: ApprovalJson) => `${votes.length}/${terms.quorum}`;

/** RFC 3339. */
const changedAt = ({ grant, resolution, votes, created_at }: ApprovalJson) =>
  grant?.consumed_at ?? resolution?.at ?? votes.at(-1)?.at ?? created_at;

const statusOf = ({ status, grant }: ApprovalJson) => (grant?.consumed_at == null ? status : `${status}, used`);

export function statusPaint(status: string, paint: Paint): (text: string) => string {
  if (status === "approved") return paint.good;
  if (status === "denied") return paint.bad;
  return status === "pending" ? paint.attention : paint.quiet;
}

function paintOf({ status, expires_at }: ApprovalJson, now: number, paint: Paint): (text: string) => string {
  if (status !== "pending") return statusPaint(status, paint);
  return Date.parse(expires_at) - now < SOON_MS ? paint.attention : (line) => line;
}

/** Cut behind what it is shown as, so that a text full of escapes is short too. */
export function cellText(text: string): string {
  const shown = [...printable(text)];
  return shown.length <= CELL_CHARS_MAX ? shown.join("") : `${shown.slice(0, CELL_CHARS_MAX - 3).join("")}...`;
}
