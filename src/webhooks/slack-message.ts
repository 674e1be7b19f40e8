import { parseInstant } from "../model/instant.ts";
import type { ApprovalData, ApprovalEvent } from "./payload.ts";

/**
 * Slack refuses a section of more than 3,000 characters and a field of more than 2,000, counted after escaping. These are
 * what goes into them; of the request as much as is read in a channel: the approval has the rest.
 */
const CHARACTERS_MAX = { name: 200, sentence: 1000, request: 2500 } as const;

/**
 * The event as a message of Slack's incoming webhooks.
 * SECURITY: what agents wrote is shown as code or on one line, escaped, so that it makes no link, no mention, no formatting
 * and no line that looks like ours.
 */
export function slackMessage({ type, data }: ApprovalEvent): object {
  const title = type === "approval.opened" ? "Approval needed" : `Approval ${data.status}`;
  const headline = `${code(data.requester.name)} asks for ${code(data.action_type)} ${code(data.action_name)}`;
  const sentence = `${headline}: ${escapeWithin(oneLine(data.rule.reason), CHARACTERS_MAX.sentence)}`;
  return {
    text: `${title}: ${sentence}`,
    blocks: [
      { type: "header", text: { type: "plain_text", text: title, emoji: false } },
      { type: "section", text: mrkdwn(sentence) },
      { type: "section", fields: fieldsOf(data) },
      ...(type === "approval.opened" ? requestBlocks(data) : []),
      { type: "context", elements: [mrkdwn(`Approval ${code(data.id)}`)] },
    ],
  };
}

function fieldsOf({ requester, rule, expires_at, resolution, status }: ApprovalData): object[] {
  const fields: [string, string | undefined][] = [
    ["Rule", `${code(rule.id)} ${escapeWithin(oneLine(rule.name), CHARACTERS_MAX.name)}`],
    ["Tenant", requester.tenant && code(requester.tenant)],
    ["Expires", status === "pending" ? dateText(expires_at) : undefined],
    ["By", resolution?.by && code(resolution.by)],
    ["Reason", resolution?.reason && escapeWithin(oneLine(resolution.reason), CHARACTERS_MAX.sentence)],
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
const code = (text: string) => `\`${escapeWithin(oneLine(text).replaceAll("`", "'"), CHARACTERS_MAX.name)}\``;

function oneLine(text: string): string {
  return visible(text.replace(/\s+/g, " ").trim());
}

// Controls, and what hides or turns the direction of text: with it a text would say something else than it shows.
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it is about.
const INVISIBLE = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\p{Cf}\p{Surrogate}\u2028\u2029]/gu;

/** With the escape of each character that cannot be seen, but for line feeds. */
function visible(text: string): string {
  return text.replace(INVISIBLE, (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`);
}

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
