import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type ApprovalData, eventIdOf, payloadOf } from "./payload.ts";

const DATA: ApprovalData & Record<string, unknown> = {
  id: "01890b6e-7c00-7000-8000-000000000000",
  status: "pending",
  created_at: "2026-01-31T09:00:00.000Z",
  expires_at: "2026-01-31T09:05:00.000Z",
  action_type: "tool_call",
  action_name: "stripe.refund",
  requester: { name: "support-agent", tenant: "acme" },
  rule: { id: "payments/refund-over-cap", name: "Refunds over the cap", reason: "Refunds above $50 need a person." },
  request: { arguments: { amount: 120 } },
};
const AT = Date.parse("2026-01-31T09:00:00Z");
const standard = (data: ApprovalData) => JSON.parse(payloadOf({ type: "approval.opened", at: AT, data }, "standard"));

interface SlackText {
  readonly type: "mrkdwn" | "plain_text";
  readonly text: string;
}
interface SlackBlock {
  readonly type: string;
  readonly text?: SlackText;
  readonly fields?: readonly SlackText[];
  readonly elements?: readonly SlackText[];
}
function slack(data: ApprovalData, type: "approval.opened" | "approval.resolved" = "approval.opened") {
  const message = JSON.parse(payloadOf({ type, at: AT, data }, "slack")) as { text: string; blocks: SlackBlock[] };
  const texts = message.blocks.flatMap(({ text, fields = [], elements = [] }) => [
    ...(text ? [text] : []),
    ...fields,
    ...elements,
  ]);
  return {
    ...message,
    texts: texts.map(({ text }) => text),
    formatted: texts.filter(({ type }) => type === "mrkdwn").map(({ text }) => text),
    plain: texts.filter(({ type }) => type === "plain_text"),
  };
}

describe("the standard payload", () => {
  test("has type, time and the approval", () => {
    expect(standard(DATA)).toEqual({ type: "approval.opened", timestamp: "2026-01-31T09:00:00.000Z", data: DATA });
  });

  test("leaves out a request that would make it too large for receivers, and says so", () => {
    const { data } = standard({ ...DATA, request: { arguments: { text: "x".repeat(70_000) } } });
    const { request: _, ...rest } = DATA;
    expect(data).toEqual({ ...rest, request_omitted: true });
  });

  test("has the same id for the same event, without the full stop that signatures separate their parts with", () => {
    expect(eventIdOf("approval.opened", DATA.id)).toBe(`approval_opened_${DATA.id}`);
  });
});

describe("the Slack message", () => {
  test("says who asks for what, why, by which rule, and until when", () => {
    expect(slack(DATA)).toMatchObject({
      text: "Approval needed: `support-agent` asks for `tool_call` `stripe.refund`: `Refunds above $50 need a person.`",
      texts: [
        "Approval needed",
        "`support-agent` asks for `tool_call` `stripe.refund`",
        "Refunds above $50 need a person.",
        "*Rule*\n`payments/refund-over-cap` `Refunds over the cap`",
        "*Tenant*\n`acme`",
        "*Expires*\n<!date^1769850300^{date_short_pretty} {time}|2026-01-31T09:05:00.000Z>",
        '```{\n  "arguments": {\n    "amount": 120\n  }\n}```',
        "Approval `01890b6e-7c00-7000-8000-000000000000`",
      ],
    });
  });

  test("says how it ended, and by whom", () => {
    const { texts } = slack(
      { ...DATA, status: "denied", resolution: { by: "alice", reason: "Too much & <late>." } },
      "approval.resolved",
    );
    expect(texts[0]).toBe("Approval denied");
    expect(texts).toContain("*By*\n`alice`");
    expect(texts).toContain("*Reason*\n`Too much &amp; &lt;late&gt;.`");
    expect(texts.join()).not.toContain("amount");
  });

  test("of an opening that is told late says how it ended, not that somebody is needed", () => {
    const { texts, text } = slack({ ...DATA, status: "cancelled" });
    expect(texts[0]).toBe("Approval cancelled");
    expect(text).toMatch(/^Approval cancelled: /);
    expect(texts.join()).not.toContain("amount");
  });

  const FORGED = "*Approved by finance* _really_ ~no~ :white_check_mark: ` <!here> &";
  const asked = { name: FORGED, tenant: FORGED };
  test("shows nothing as formatting that is not its own, wherever it comes from", () => {
    const told: ApprovalData = {
      ...DATA,
      id: FORGED,
      action_type: FORGED,
      action_name: FORGED,
      requester: asked,
      rule: { id: FORGED, name: FORGED, reason: FORGED },
      request: { [FORGED]: FORGED },
      resolution: { by: FORGED, reason: FORGED },
    };
    for (const type of ["approval.opened", "approval.resolved"] as const) {
      const { text, formatted, plain } = slack(told, type);
      expect(formatted.length).toBeGreaterThan(4);
      for (const part of [text, ...formatted]) {
        const live = part
          .replace(/```.*```/gs, "")
          .replace(/`[^`\n]+`/g, "")
          .replace(/<!date[^<>]*>/g, "");
        expect(live).toMatch(/^(?:\*(?:Rule|Tenant|Expires|By|Reason)\*\n)?[A-Za-z: ]*$/);
      }
      expect(plain).toContainEqual({ type: "plain_text", text: FORGED, emoji: false });
    }
  });

  test.each([
    ["", "(empty)"],
    [" \n ", "(empty)"],
    ["a\u200bb", "a\\u{200b}b"],
    ["\u202exe.cod", "\\u{202e}xe.cod"],
    ["a\u3164\u115f\u2800\ufe0f\u{e0101}b", "a\\u{3164}\\u{115f}\\u{2800}\\u{fe0f}\\u{e0101}b"],
  ])("shows what cannot be seen: %j", (name, shown) => {
    expect(slack({ ...DATA, requester: { name } }).texts[1]).toBe(
      `\`${shown}\` asks for \`tool_call\` \`stripe.refund\``,
    );
  });

  test("lets an agent make no mention, no link, no line and no formatting of its own", () => {
    const { texts, text } = slack({
      ...DATA,
      action_name: "x`\n*Approved by* <!channel> <https://evil.example|here> \u202egnp.exe",
      request: { note: "```\n*Approved* <!here> & \u2066 ```" },
    });
    const shown = [...texts, text].join("\n");
    expect(shown).not.toMatch(/<!channel|<!here|<https|\u202e|\u2066/);
    expect(texts[1]).toContain(
      "`x' *Approved by* &lt;!channel&gt; &lt;https://evil.example|here&gt; \\u{202e}gnp.exe`",
    );
    expect(texts.find((part) => part.startsWith("```"))!.split("```")).toHaveLength(3);
  });

  test("keeps within Slack's limits, and is well-formed, whatever it is told", () => {
    const text = fc.oneof(
      fc.string({ unit: "binary", maxLength: 3000 }),
      fc.constantFrom("&", "<", "`", "💸", "\u202e", "\n").map((unit) => unit.repeat(3000)),
    );
    fc.assert(
      fc.property(text, text, text, (a, b, c) => {
        const {
          text: fallback,
          texts,
          formatted,
          blocks,
        } = slack({
          ...DATA,
          action_name: a,
          requester: { name: b, tenant: c },
          rule: { id: a, name: b, reason: c },
          request: { [a]: b, list: [c] },
          resolution: { by: a, reason: b },
        });
        expect(fallback.length).toBeLessThanOrEqual(3000);
        for (const part of texts) expect(part.length).toBeLessThanOrEqual(3000);
        for (const { text: field } of blocks.flatMap(({ fields = [] }) => fields))
          expect(field.length).toBeLessThanOrEqual(2000);
        for (const part of texts) expect(part.isWellFormed()).toBe(true);
        for (const part of [fallback, ...formatted]) {
          expect(
            part.replace(/&(amp|lt|gt);/g, "").replace(/<!date\^\d+\^\{date_short_pretty\} \{time\}\|[^<>&]*>/, ""),
          ).not.toMatch(/[&<>]/);
        }
      }),
    );
  });
});
