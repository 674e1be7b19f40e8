import type { ServerResponse } from "node:http";
import { stripVTControlCharacters } from "node:util";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import {
  type Answer,
  APPROVAL,
  APPROVAL_ID,
  approvalWith,
  createFakeApprovalService,
  json,
  problem,
} from "../../../test/fake-approval-service.ts";
import { createFakeCli } from "../../../test/fake-cli.ts";
import { createHttpApprovalInbox } from "./http-inbox.ts";
import type { ApprovalJson } from "./json.ts";

const OTHER_ID = "019b7ca9-8c88-72b5-a21d-000000000000";
const other = approvalWith({ id: OTHER_ID, action_name: "crm.delete", session_id: null, votes: [] });
const voted = approvalWith({ votes: [...APPROVAL.votes, { voter: "mia", at: "2026-01-02T03:04:05Z" }] });
const approved = approvalWith({ status: "approved", resolution: { at: "2026-01-02T03:04:05Z", by: "mia" } });
const denied = { ...other, status: "denied", resolution: { at: "2026-01-02T03:04:05Z", by: "tom", reason: "no" } };

let service: Awaited<ReturnType<typeof createFakeApprovalService>>;
let streams: ServerResponse[];
beforeEach(async () => {
  streams = [];
  service = await createFakeApprovalService(stream);
});
afterEach(() => service.close());

const stream: Answer = (response) => {
  streams.push(response.writeHead(200, { "content-type": "text/event-stream" }));
  response.write("retry: 1000\n\n");
};

/** The n-th connection, once it is there. */
const connection = (n: number) => vi.waitFor(() => streams[n - 1] ?? expect.fail(`no connection ${n} yet`));

function send(response: ServerResponse, ...approvals: ApprovalJson[]): void {
  for (const approval of approvals) response.write(`event: ${approval.status}\ndata: ${JSON.stringify(approval)}\n\n`);
}

const sync = (response: ServerResponse) => void response.write("event: synced\ndata: {}\n\n");

/** `verdict approvals watch` under way, with its time and its end in the test's hands. */
function watch({ argv = [] as string[], isTerminal = false, rows = 24 } = {}) {
  const out: string[] = [];
  const err: string[] = [];
  const waits: { readonly ms: number; readonly pass: () => void }[] = [];
  let end = () => {};
  const ended = createFakeCli({
    ...service.deps,
    isInteractive: isTerminal,
    stdout: (text) => void out.push(text),
    stderr: (text) => void err.push(text),
    terminal: {
      rows: () => rows,
      onEnd(listener) {
        end = listener;
        return () => {
          end = () => {};
        };
      },
      wait: (ms, signal) =>
        new Promise((resolve) => {
          if (signal.aborted) resolve();
          signal.addEventListener("abort", () => resolve());
          waits.push({ ms, pass: resolve });
        }),
    },
  }).run("approvals", "watch", ...argv);
  return {
    out,
    err,
    waits,
    /** What the terminal shows now. */
    screen: () => out.findLast((text) => text.includes(HOME)) ?? "",
    until: (check: () => void) => vi.waitFor(check),
    async end() {
      end();
      return (await ended).code;
    },
    ended: async () => (await ended).code,
  };
}

const HOME = "\u001b[H";
const lineOf = (text: string) => expect.stringContaining(text);

describe("verdict approvals watch, without a terminal", () => {
  test("prints a line for each that is pending and each change, and ends with 0", async () => {
    const watching = watch();
    const first = await connection(1);
    send(first, APPROVAL, other);
    sync(first);
    send(first, voted, approved, denied);
    await watching.until(() => expect(watching.out).toHaveLength(5));
    expect(await watching.end()).toBe(0);
    expect(watching.out.join("")).toBe(`\
2026-01-02T03:03:05.000Z  pending    ${APPROVAL_ID}  support-agent (acme)  stripe.refund  payments/refund-over-cap  1/2 votes
2026-01-02T03:01:05.000Z  pending    ${OTHER_ID}  support-agent (acme)  crm.delete  payments/refund-over-cap  0/2 votes
2026-01-02T03:04:05Z  pending    ${APPROVAL_ID}  support-agent (acme)  stripe.refund  payments/refund-over-cap  2/2 votes
2026-01-02T03:04:05Z  approved   ${APPROVAL_ID}  support-agent (acme)  stripe.refund  payments/refund-over-cap  1/2 votes  by mia
2026-01-02T03:04:05Z  denied     ${OTHER_ID}  support-agent (acme)  crm.delete  payments/refund-over-cap  0/2 votes  by tom: no
`);
    expect(watching.err).toEqual([]);
    expect(service.asked).toMatchObject([{ method: "GET", path: "/v1/approvals/stream" }]);
  });

  test("--json prints each as the service gave it, also on a terminal", async () => {
    const watching = watch({ argv: ["--json"], isTerminal: true });
    const newer = { ...APPROVAL, added: "\u001b[2J\u202e" };
    const first = await connection(1);
    send(first, newer);
    await watching.until(() => expect(watching.out).toHaveLength(1));
    await watching.end();
    expect(JSON.parse(watching.out[0]!)).toEqual(newer);
    expect(watching.out[0]).toMatch(/^\P{C}+\n$/u);
  });

  test("an agent's text makes no line of its own and no escape", async () => {
    const watching = watch();
    const hostile = "x\r\nfake  approved\u001b[2J\u202e";
    const requester = { ...APPROVAL.requester, name: hostile, tenant: hostile };
    send(await connection(1), approvalWith({ action_name: hostile, requester }));
    await watching.until(() => expect(watching.out).toHaveLength(1));
    await watching.end();
    expect(watching.out[0]).toMatch(/^\P{C}+\n$/u);
  });
});

describe("what was answered", () => {
  test("is told again when it is used, and never as pending", async () => {
    const watching = watch();
    const grant = { expires_at: "2026-01-02T03:09:05Z" };
    const used = { ...approved, grant: { ...grant, consumed_at: "2026-01-02T03:04:06Z" } };
    const first = await connection(1);
    send(first, APPROVAL, { ...approved, grant }, APPROVAL, { ...approved, grant }, used, other);
    await watching.until(() => expect(watching.out).toHaveLength(4));
    await watching.end();
    expect(watching.out.map((line) => line.split("  ").slice(0, 2).join(" ").trimEnd())).toEqual([
      "2026-01-02T03:03:05.000Z pending",
      "2026-01-02T03:04:05Z approved",
      "2026-01-02T03:04:06Z approved, used",
      "2026-01-02T03:01:05.000Z pending",
    ]);
  });
});

describe("a connection that is lost", () => {
  test("is made again, which is said; nothing is told twice and nothing left out", async () => {
    const watching = watch();
    const first = await connection(1);
    send(first, APPROVAL, other);
    sync(first);
    await watching.until(() => expect(watching.out).toHaveLength(2));
    first.destroy();
    await watching.until(() => expect(watching.waits.map(({ ms }) => ms)).toEqual([1000]));
    expect(watching.err).toEqual([
      `warning: ${service.url} broke off in the middle of its answer (ECONNRESET); connecting again in 1 s\n`,
    ]);
    // Meanwhile the other one was denied, and a third asked for.
    service.answer((response, asked) =>
      asked.path.endsWith(OTHER_ID) ? json(200, denied)(response, asked) : stream(response, asked),
    );
    watching.waits[0]!.pass();
    const second = await connection(2);
    send(second, APPROVAL, approvalWith({ id: OTHER_ID.replaceAll("0", "1") }));
    sync(second);
    await watching.until(() => expect(watching.err.at(-1)).toBe("Connected again.\n"));
    expect(watching.out.slice(2)).toEqual([lineOf("-1111"), lineOf("denied     019b7ca9")]);
    send(second, approved, denied);
    await watching.until(() => expect(watching.out).toHaveLength(5));
    expect(watching.out[4]).toContain("approved");
    expect(await watching.end()).toBe(0);
  });

  test("is tried ever more seldom, until it works", async () => {
    const watching = watch();
    sync(await connection(1));
    service.answer(problem(503, "not_ready", "It is starting."));
    streams[0]!.end();
    for (const [at, ms] of [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000].entries()) {
      await watching.until(() => expect(watching.waits[at]?.ms).toBe(ms));
      if (at === 6) service.answer(stream);
      watching.waits[at]!.pass();
    }
    expect(watching.err[0]).toBe(`warning: ${service.url} ended the stream; connecting again in 1 s\n`);
    expect(watching.err[1]).toBe("warning: It is starting. [not_ready]; connecting again in 2 s\n");
    sync(await connection(2));
    await watching.until(() => expect(watching.err.at(-1)).toBe("Connected again.\n"));
    streams[1]!.end();
    await watching.until(() => expect(watching.waits.at(-1)?.ms).toBe(1000));
    expect(await watching.end()).toBe(0);
  });

  test("and never came about is an error, as is one that will not come about again", async () => {
    service.answer(problem(503, "not_ready", "It is starting."));
    const never = watch();
    expect(await never.ended()).toBe(1);
    expect(never.err.join("")).toContain("It is starting. [not_ready]\nTry again");

    service.answer(stream);
    const watching = watch();
    sync(await connection(1));
    service.answer(problem(401, "key_revoked", "The key was revoked."));
    streams[0]!.end();
    await watching.until(() => expect(watching.waits).toHaveLength(1));
    watching.waits[0]!.pass();
    expect(await watching.ended()).toBe(1);
    expect(watching.err.join("")).toContain("error: The key was revoked. [key_revoked]\n");
  });

  test("forgets what nobody can tell the end of", async () => {
    const watching = watch({ isTerminal: true });
    const first = await connection(1);
    send(first, APPROVAL);
    sync(first);
    await watching.until(() => expect(watching.screen()).toContain("1 pending"));
    service.answer((response, asked) =>
      asked.path.endsWith("stream") ? stream(response, asked) : problem(404, "not_found", "None.")(response, asked),
    );
    first.end();
    await watching.until(() => expect(watching.screen()).toContain("connecting again in 1 s"));
    watching.waits.at(-1)!.pass();
    sync(await connection(2));
    await watching.until(() => expect(watching.screen()).toContain("0 pending"));
    expect(await watching.end()).toBe(0);
  });
});

describe("a stream", () => {
  test("may tell of kinds that are not known here", async () => {
    const watching = watch();
    const first = await connection(1);
    first.write("event: escalated\ndata: what\n\n");
    send(first, APPROVAL);
    await watching.until(() => expect(watching.out).toHaveLength(1));
    expect(await watching.end()).toBe(0);
  });

  test.each(["event: pending\ndata: {}\n\n", "event: denied\ndata: [\n\n", `data: ${"x".repeat(5_000_000)}`])(
    "that is none of Verdict's is an error",
    async (text) => {
      const watching = watch();
      (await connection(1)).write(text);
      expect(await watching.ended()).toBe(1);
      expect(watching.err.join("")).toContain("not as Verdict does");
    },
  );

  test("with another content type is an error", async () => {
    service.answer(json(200, {}));
    expect(await watch().ended()).toBe(1);
  });
});

test("a stream without even a heartbeat is given up, so that it is made again", async () => {
  const inbox = createHttpApprovalInbox({ url: service.url, key: "k", quietMs: 20 });
  const reading = inbox.follow(new AbortController().signal)[Symbol.asyncIterator]().next();
  await expect(reading).rejects.toMatchObject({
    message: expect.stringContaining("broke off"),
    isPassing: true,
  });
});

describe("verdict approvals watch, on a terminal", () => {
  const ENTER = "\u001b[?1049h\u001b[?25l\u001b[?7l";
  const LEAVE = "\u001b[?7h\u001b[?25h\u001b[?1049l";
  const plain = (text: string) => stripVTControlCharacters(text).split("\r\n");

  test("draws a table, and gives the terminal back as it was", async () => {
    const watching = watch({ isTerminal: true });
    await watching.until(() => expect(watching.screen()).toContain("connecting"));
    const first = await connection(1);
    send(first, approvalWith({ expires_at: "2026-01-02T03:20:05Z" }), other);
    sync(first);
    await watching.until(() => expect(watching.screen()).toContain("2 pending"));
    send(first, denied);
    await watching.until(() => expect(watching.screen()).toContain("1 pending"));
    expect(plain(watching.screen())).toEqual([
      `Approvals of ${service.url}  1 pending  connected`,
      "",
      "ID                                    STATUS   ACTION         WHO                   EXPIRES    VOTES  ASKED      RULE",
      `${APPROVAL_ID}  pending  stripe.refund  support-agent (acme)  in 16 min  1/2    3 min ago  payments/refund-over-cap`,
      `${OTHER_ID}  denied   crm.delete     support-agent (acme)  -          0/2    3 min ago  payments/refund-over-cap`,
      "",
      "verdict approvals show|approve|deny <id>    Ctrl-C ends",
    ]);
    expect(watching.screen()).toContain(`\u001b[31m${OTHER_ID}`);
    expect(await watching.end()).toBe(0);
    const all = watching.out.join("");
    expect([all.startsWith(ENTER), all.endsWith(LEAVE), all.split(LEAVE).length]).toEqual([true, true, 2]);
    expect(watching.err).toEqual([]);
  });

  test("draws what is about to run out first, and again as time passes", async () => {
    const watching = watch({ isTerminal: true });
    const first = await connection(1);
    send(first, APPROVAL, { ...other, expires_at: "2026-01-02T03:04:35Z" });
    sync(first);
    await watching.until(() => expect(watching.screen()).toContain("2 pending"));
    expect(plain(watching.screen())[3]).toContain(
      `${OTHER_ID}  pending  crm.delete     support-agent (acme)  in 30 s `,
    );
    const drawn = watching.out.length;
    watching.waits.at(-1)!.pass();
    await watching.until(() => expect(watching.out.length).toBe(drawn + 1));
    expect(watching.waits.at(-1)?.ms).toBe(1000);
    await watching.end();
  });

  test.each([1, 4, 8, 12])("never draws more than %i rows", async (rows) => {
    const watching = watch({ isTerminal: true, rows });
    const first = await connection(1);
    const many = Array.from({ length: 30 }, (_, at) => approvalWith({ id: `${APPROVAL_ID.slice(0, -2)}${10 + at}` }));
    send(first, ...many);
    sync(first);
    await watching.until(() => expect(watching.screen()).toContain("30 pending"));
    const lines = plain(watching.screen());
    expect(lines.length).toBeLessThanOrEqual(rows);
    if (rows === 12) expect(lines).toContain("and 24 more: verdict approvals list");
    await watching.end();
  });

  test("is given back before an error is told", async () => {
    const watching = watch({ isTerminal: true });
    sync(await connection(1));
    service.answer(problem(401, "key_revoked", "The key was revoked."));
    streams[0]!.end();
    await watching.until(() => expect(watching.screen()).toContain("ended the stream; connecting again in 1 s"));
    watching.waits.at(-1)!.pass();
    expect(await watching.ended()).toBe(1);
    expect(watching.out.at(-1)).toBe(LEAVE);
    expect(watching.err.join("")).toContain("[key_revoked]");
  });

  test("an agent's text is no part of the drawing", async () => {
    const watching = watch({ isTerminal: true });
    const first = await connection(1);
    send(first, approvalWith({ action_name: "x\u001b[?1049l\u001b[999B\r\n\u202e" }));
    sync(first);
    await watching.until(() => expect(watching.screen()).toContain("1 pending"));
    expect(watching.screen()).toContain("x\\u{1b}[?1049l\\u{1b}[999B \\u{202e}");
    expect(plain(watching.screen())).toHaveLength(6);
    await watching.end();
  });

  test("is shown without colours where nobody wants them", async () => {
    service.deps.env = { ...service.deps.env, NO_COLOR: "1" } as typeof service.deps.env;
    const watching = watch({ isTerminal: true });
    const first = await connection(1);
    send(first, other, denied);
    sync(first);
    await watching.until(() => expect(watching.screen()).toContain("connected"));
    expect(watching.screen()).not.toMatch(/\[\d+m/);
    await watching.end();
  });
});
