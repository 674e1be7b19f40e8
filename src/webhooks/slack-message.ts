import { parseInstant } from "../model/instant.ts";
import type { ApprovalData, ApprovalEvent } from "./payload.ts";

/**
 * Slack refuses a section of more than 3,000 characters and a field of more than 2,000, counted after escaping. These are
 * what goes into them; of the request as much as is read in a channel: the approval has the rest.
 */
const CHARACTERS_MAX = { name: 200, sentence: 1000, request: 2500 } as const;

/**
 * The event as a message of Slack's incoming webhooks.
 * SECURITY: whatever is not ours is code or plain text on one line, escaped, with a sign for what cannot be seen, so that it
 * makes no link, no mention, no formatting and no line that looks like ours. Agents, approvers and rules write it.
 */
export function slackMessage({ type, data }: ApprovalEvent): object {
  // An opening may be told late.
  const isNeeded = type === "approval.opened" && data.status === "pending";
  const title = isNeeded ? "Approval needed" : `Approval ${data.status}`;
  const headline = `${code(data.requester.name)} asks for ${code(data.action_type)} ${code(data.action_name)}`;
  const { reason } = data.rule;
  return {
    text: `${title}: ${headline}: ${code(reason, CHARACTERS_MAX.sentence)}`,
    blocks: [
      { type: "header", text: plain(title) },
      { type: "section", text: mrkdwn(headline) },
      { type: "section", text: plain(cut(oneLine(reason), CHARACTERS_MAX.sentence)) },
      { type: "section", fields: fieldsOf(data) },
      ...(isNeeded ? requestBlocks(data) : []),
      { type: "context", elements: [mrkdwn(`Approval ${code(data.id)}`)] },
    ],
  };
}

function fieldsOf({ requester, rule, expires_at, resolution, status }: ApprovalData): object[] {
  const fields: [string, string | undefined][] = [
    ["Rule", `${code(rule.id)} ${code(rule.name)}`],
    ["Tenant", requester.tenant && code(requester.tenant)],
    ["Expires", status === "pending" ? dateText(expires_at) : undefined],
    ["By", resolution?.by && code(resolution.by)],
    ["Reason", resolution?.reason && code(resolution.reason, CHARACTERS_MAX.sentence)],
  ];
  return fields.filter(([, text]) => text !== undefined).map(([name, text]) => mrkdwn(`*${name}*\n${text}`));
}

function requestBlocks({ request }: ApprovalData): object[] {
  if (request === undefined) return [];
  const text = visible(JSON.stringify(request, null, 2)).replaceAll("```", "'''");
  return [{ type: "section", text: mrkdwn(`\`\`\`${escapeWithin(text, CHARACTERS_MAX.request)}\`\`\``) }];
}

/** Shown in the reader's own time zone; the text behind the bar is for clients that cannot. */
function dateText(instant: string): string {
  return `<!date^${Math.floor(parseInstant(instant) / 1000)}^{date_short_pretty} {time}|${escapeWithin(instant, 40)}>`;
}

const mrkdwn = (text: string) => ({ type: "mrkdwn", text, verbatim: true });
const plain = (text: string) => ({ type: "plain_text", text, emoji: false });

function code(text: string, max: number = CHARACTERS_MAX.name): string {
  return `\`${escapeWithin(oneLine(text).replaceAll("`", "'"), max)}\``;
}

/** Never empty: Slack refuses that, and reads two backticks as no code. */
function oneLine(text: string): string {
  return visible(text.replace(/\s+/g, " ").trim()) || "(empty)";
}

// Controls, and what hides or turns the direction of text: with it a text would say something else than it shows. The blank
// of Braille is neither, and shows nothing either.
const INVISIBLE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it is about.
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029\u2800\p{Cf}\p{Surrogate}\p{Default_Ignorable_Code_Point}]/gu;

/** With the escape of each character that cannot be seen, but for line feeds. */
function visible(text: string): string {
  return text.replace(INVISIBLE, (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`);
}

/** At most `max` units, no half characters; what is cut off shows as an ellipsis. */
const cut = (text: string, max: number) =>
  text.length < max ? text : `${text.slice(0, max - 1).replace(/[\ud800-\udbff]$/, "")}…`;

const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;" };

/** Escaped for mrkdwn, at most `max` units with what escaping adds; what is cut off shows as an ellipsis. */
function escapeWithin(text: string, max: number): string {
  let escaped = "";
  for (const character of text) {
    const next = ENTITIES[character] ?? character;
    if (escaped.length + next.length > max - 1) return `${escaped}…`;
    escaped += next;
  }
  return escaped;
}
