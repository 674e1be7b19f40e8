import { isObject } from "../key-json.ts";
import type { Paint } from "../paint.ts";
import { printable, printableJson } from "../printable.ts";
import { formatTable } from "../table.ts";
import type { ApprovalJson } from "./json.ts";
import { relativeTime } from "./relative-time.ts";
import { cellText, statusPaint, whoAsks } from "./text.ts";

type Field = readonly [label: string, value: string | undefined];

/** Everything that somebody needs to judge an approval, for a person to read. @param now epoch milliseconds */
export function formatApproval(approval: ApprovalJson, now: number, paint: Paint): string {
  const { status, action_name } = approval;
  const headline = `${statusPaint(status, paint)(printable(status.toUpperCase()))}  ${printable(action_name)}\n`;
  const sections = [
    headline + fieldLines([...askFields(approval, now), ...answerFields(approval, now)], paint),
    requestText(approval, paint),
    sessionText(approval, now, paint),
  ];
  return sections.filter((text) => text !== "").join("\n");
}

function askFields(approval: ApprovalJson, now: number): Field[] {
  const { requester, rule, terms } = approval;
  const roles = requester.roles.length === 0 ? "without roles" : `roles ${requester.roles.join(", ")}`;
  const key =
    requester.key_holder === requester.name
      ? `key ${requester.key_id}`
      : `key ${requester.key_id} of ${requester.key_holder}, which speaks for others`;
  return [
    ["id", approval.id],
    ["action", `${approval.action_type} ${approval.action_name}`],
    ["who asks", `${whoAsks(approval)}, ${roles}`],
    ["asked with", key],
    ["session", approval.session_id ?? undefined],
    ["asked", moment(approval.created_at, now)],
    ["rule", rule.name === rule.id ? rule.id : `${rule.id} (${rule.name})`],
    ["reason", rule.reason],
    ["approvers", approversText(terms.approvers)],
    [
      "expires",
      approval.status === "pending" ? `${moment(approval.expires_at, now)}; then ${terms.on_timeout}` : undefined,
    ],
    ["before", historyText(approval.history)],
    ["revision", approval.policy_revision],
  ];
}

function answerFields({ terms, votes, resolution, grant }: ApprovalJson, now: number): Field[] {
  const given = votes.map(({ voter, at, note }): Field => ["", withNote(`${voter}, ${moment(at, now)}`, note)]);
  const answer = resolution == null ? undefined : `${resolution.by ?? "nobody"}, ${moment(resolution.at, now)}`;
  const use =
    grant?.consumed_at == null
      ? grant && `not used yet; may be used once until ${moment(grant.expires_at, now)}`
      : `used ${moment(grant.consumed_at, now)}`;
  return [
    ["votes", `${votes.length} of ${terms.quorum}`],
    ...given,
    ["answered by", answer === undefined ? undefined : withNote(answer, resolution?.reason)],
    ["grant", use ?? undefined],
  ];
}

const withNote = (text: string, note: string | null | undefined) => (note == null ? text : `${text}: ${note}`);

const moment = (time: string, now: number) => `${time} (${relativeTime(Date.parse(time), now)})`;

/** Who resolves must be on each list. */
function approversText(lists: ApprovalJson["terms"]["approvers"]): string {
  if (lists.length === 0) return "anyone who may resolve approvals, but who asked";
  return lists.map((names) => names.join(" or ")).join("; and also ");
}

function historyText(history: ApprovalJson["history"]): string | undefined {
  if (history === undefined) return undefined;
  if (history === null) return "not known: the service could not look it up";
  const counts = Object.entries(history).filter(([, count]) => count !== 0);
  if (counts.length === 0) return "never asked for the same action";
  return `asked for the same action: ${counts.map(([status, count]) => `${status} ${String(count)}`).join(", ")}`;
}

/** What is told above. */
const TOLD = ["action_type", "action_name", "session_id"];

function requestText({ request }: ApprovalJson, paint: Paint): string {
  if (request.omitted === true) return "arguments\n  not kept: they were long, and nobody answered";
  const { arguments: given = {}, destination, ...rest } = request;
  const other = Object.fromEntries(Object.entries(rest).filter(([name]) => !TOLD.includes(name)));
  return [
    section("arguments", given, paint),
    destination === undefined ? "" : section("destination", destination, paint),
    Object.keys(other).length === 0 ? "" : section("rest of the request", other, paint),
  ]
    .filter((text) => text !== "")
    .join("\n");
}

/** As JSON, because that is exact: what a text seems to say is not what it is. */
function section(title: string, value: unknown, paint: Paint): string {
  const lines = printableJson(value, true).trimEnd().split("\n");
  return `${paint.quiet(title)}\n${lines.map((line) => `  ${line}\n`).join("")}`;
}

function sessionText(approval: ApprovalJson, now: number, paint: Paint): string {
  const { session_decisions: decisions } = approval;
  if (decisions === undefined) return "";
  const rows = (decisions ?? []).filter(isObject).map((decision) => decisionRow(decision, now));
  const table = rows.length === 0 ? "" : formatTable(["TIME", "DECISION", "ACTION", "RULE"], rows);
  const lines = `${table}${sessionRemark(approval, rows.length)}`.trimEnd().split("\n");
  return `${paint.quiet("last decisions in this session")}\n${lines.map((line) => `  ${line}\n`).join("")}`;
}

function sessionRemark({ session_decisions, session_decisions_truncated: isTruncated }: ApprovalJson, shown: number) {
  if (isTruncated) return "there may be others: so many are about this very question that the search ended";
  if (session_decisions === null) return "not known: the audit log did not answer";
  return shown === 0 ? "none" : "";
}

function decisionRow({ time, decision, action_name, rule_id }: Record<string, unknown>, now: number): string[] {
  const at = typeof time === "string" ? Date.parse(time) : Number.NaN;
  return [Number.isNaN(at) ? "-" : relativeTime(at, now), ...[decision, action_name, rule_id].map(textOf)];
}

const textOf = (value: unknown) => (typeof value === "string" ? cellText(value) : "-");

function fieldLines(fields: readonly Field[], paint: Paint): string {
  return fields
    .flatMap(([label, value]) =>
      value === undefined ? [] : [`  ${paint.quiet(label.padEnd(11))}  ${printable(value)}\n`],
    )
    .join("");
}
