import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  type Answer,
  APPROVAL,
  APPROVAL_ID,
  APPROVER_KEY,
  approvalWith,
  createFakeApprovalService,
  json,
  problem,
} from "../../../test/fake-approval-service.ts";
import { createFakeCli, type FakeCliOptions } from "../../../test/fake-cli.ts";
import type { ApprovalJson } from "./json.ts";

let service: Awaited<ReturnType<typeof createFakeApprovalService>>;
beforeEach(async () => {
  service = await createFakeApprovalService(json(200, APPROVAL));
});
afterEach(() => service.close());

const page = (items: readonly unknown[], next_cursor: string | null = null) => json(200, { items, next_cursor });

function run(argv: readonly string[], answer?: Answer, options: FakeCliOptions = {}) {
  if (answer !== undefined) service.answer(answer);
  return createFakeCli({ ...service.deps, ...options }).run("approvals", ...argv);
}

const HOSTILE = "a\u001b[2J\u009b2J\r\n\u202eb\u200b\u{e0041}\u2028c";
const UNSAFE = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;
const hostile: ApprovalJson = approvalWith({
  action_type: HOSTILE,
  action_name: HOSTILE,
  session_id: HOSTILE,
  request: { arguments: { [HOSTILE]: HOSTILE }, destination: HOSTILE, [HOSTILE]: [HOSTILE] },
  requester: { name: HOSTILE, roles: [HOSTILE], tenant: HOSTILE, key_id: HOSTILE, key_holder: HOSTILE },
  rule: { id: HOSTILE, name: HOSTILE, reason: HOSTILE },
  votes: [{ voter: HOSTILE, at: APPROVAL.created_at, note: HOSTILE }],
  session_decisions: [{ time: HOSTILE, decision: HOSTILE, action_name: HOSTILE, rule_id: HOSTILE }],
  history: { [HOSTILE]: HOSTILE },
});

describe("verdict approvals list", () => {
  test("shows who asks for what, and how long there is to answer", async () => {
    const soon = approvalWith({ action_name: "crm.delete", expires_at: "2026-01-02T03:04:35Z", votes: [] });
    expect(await run(["list"], page([APPROVAL, soon]))).toEqual({
      code: 0,
      stdout: `\
ID                                    ACTION         WHO                   EXPIRES    VOTES  ASKED      RULE
${APPROVAL_ID}  stripe.refund  support-agent (acme)  in 12 min  1/2    3 min ago  payments/refund-over-cap
${APPROVAL_ID}  crm.delete     support-agent (acme)  in 30 s    0/2    3 min ago  payments/refund-over-cap
`,
      stderr: "",
    });
    expect(service.asked).toMatchObject([
      {
        method: "GET",
        path: "/v1/approvals?status=pending&limit=100",
        headers: { authorization: `Bearer ${APPROVER_KEY}` },
      },
    ]);
  });

  test("passes the filters on, and tells the status where it is not clear", async () => {
    const denied = approvalWith({ status: "denied" });
    const argv = ["list", "--status", "all", "--identity", "a&b", "--rule", "p/r", "--limit", "7"];
    const { stdout } = await run(argv, page([denied]));
    expect(service.asked[0]?.path).toBe("/v1/approvals?identity=a%26b&rule_id=p%2Fr&limit=7");
    expect(stdout).toMatch(/^ID +STATUS +ACTION/);
    expect(stdout).toMatch(/denied +stripe.refund +support-agent \(acme\) +- +1\/2/);
  });

  test("goes on page by page to its limit, and says that there are more", async () => {
    const item = (_: unknown, at: number) => approvalWith({ action_name: `action.${at}` });
    const answer: Answer = (response, asked) => {
      const limit = Number(new URL(asked.path, service.url).searchParams.get("limit"));
      page(Array.from({ length: limit }, item), `behind ${limit}`)(response, asked);
    };
    const { stdout, stderr } = await run(["list", "--limit", "150"], answer);
    expect(service.asked.map(({ path }) => path)).toEqual([
      "/v1/approvals?status=pending&limit=100",
      "/v1/approvals?status=pending&limit=50&cursor=behind+100",
    ]);
    expect(stdout.trimEnd().split("\n")).toHaveLength(151);
    expect(stderr).toBe("There are more than these 150; --limit shows them.\n");
    const asJson = await run(["list", "--limit", "3", "--json"], answer);
    expect([JSON.parse(asJson.stdout).next_cursor, asJson.stderr]).toEqual(["behind 3", ""]);
  });

  test("--json is the JSON of the HTTP interface, with what a newer service adds", async () => {
    const newer = { ...APPROVAL, added: 1 };
    expect(JSON.parse((await run(["list", "--json"], page([newer]))).stdout)).toEqual({
      items: [newer],
      next_cursor: null,
    });
  });

  test("an empty list is its header", async () => {
    expect((await run(["list"], page([]))).stdout).toMatch(/^ID .*\n$/);
  });

  test.each([
    ["--limit", "0"],
    ["--limit", "1e3"],
    ["--limit", "10001"],
    ["--status", "open"],
  ])("%s %s is a usage error", async (...argv) => {
    expect(await run(["list", ...argv])).toMatchObject({ code: 2, stdout: "" });
    expect(service.asked).toEqual([]);
  });
});

describe("verdict approvals show", () => {
  test("has all that somebody needs to judge it", async () => {
    const full = approvalWith({
      request: { ...APPROVAL.request, context: { ticket: 7 } },
      session_decisions: [
        { time: "2026-01-02T03:02:05Z", decision: "allow", action_name: "crm.get", rule_id: "reads/all" },
        { time: "2026-01-02T03:00:05Z", decision: "deny", action_name: "stripe.payout" },
      ],
      history: { pending: 0, approved: 3, denied: 1, expired: 0, cancelled: 0 },
    });
    expect((await run(["show", APPROVAL_ID], json(200, full))).stdout).toBe(`\
PENDING  stripe.refund
  id           ${APPROVAL_ID}
  action       tool_call stripe.refund
  who asks     support-agent (acme), roles support
  asked with   key 01890b6e-7c00-7000-8000-00000000000a of gateway, which speaks for others
  session      run-42
  asked        2026-01-02T03:01:05.000Z (3 min ago)
  rule         payments/refund-over-cap (Refunds over the cap)
  reason       Refunds above $50 need a person.
  approvers    role:finance-lead or user:mia
  expires      2026-01-02T03:16:05.000Z (in 12 min); then deny
  before       asked for the same action: approved 3, denied 1
  revision     sha256:0000
  votes        1 of 2
               tom, 2026-01-02T03:03:05.000Z (1 min ago): fine by me

arguments
  {
    "charge": "ch_1",
    "amount": 120
  }

destination
  "https://api.stripe.com/v1/refunds"

rest of the request
  {
    "context": {
      "ticket": 7
    }
  }

last decisions in this session
  TIME       DECISION  ACTION         RULE
  2 min ago  allow     crm.get        reads/all
  4 min ago  deny      stripe.payout  -
`);
    expect(service.asked[0]).toMatchObject({ method: "GET", path: `/v1/approvals/${APPROVAL_ID}` });
  });

  test("tells how it was answered, and what became of the grant", async () => {
    const approved = approvalWith({
      status: "approved",
      resolution: { at: "2026-01-02T03:04:00Z", by: "mia" },
      grant: { expires_at: "2026-01-02T03:09:00Z" },
    });
    const { stdout } = await run(["show", APPROVAL_ID], json(200, approved));
    expect(stdout).toContain("APPROVED  stripe.refund\n");
    expect(stdout).toContain("answered by  mia, 2026-01-02T03:04:00Z (5 s ago)\n");
    expect(stdout).toContain("grant        not used yet; may be used once until 2026-01-02T03:09:00Z (in 4 min)\n");
    expect(stdout).not.toContain("expires ");
    const used = { ...approved.grant!, consumed_at: "2026-01-02T03:04:04Z" };
    expect((await run(["show", APPROVAL_ID], json(200, { ...approved, grant: used }))).stdout).toContain(
      "grant        used 2026-01-02T03:04:04Z (1 s ago)\n",
    );
    const denied = approvalWith({
      status: "denied",
      resolution: { at: "2026-01-02T03:04:00Z", by: "mia", reason: "no" },
    });
    expect((await run(["show", APPROVAL_ID], json(200, denied))).stdout).toContain("(5 s ago): no\n");
    const expired = approvalWith({ status: "expired", resolution: { at: "2026-01-02T03:04:00Z" } });
    expect((await run(["show", APPROVAL_ID], json(200, expired))).stdout).toContain("answered by  nobody, ");
  });

  test("says what is not known rather than nothing", async () => {
    const { stdout } = await run(
      ["show", APPROVAL_ID],
      json(200, { ...APPROVAL, session_decisions: null, history: null }),
    );
    expect(stdout).toContain("before       not known");
    expect(stdout).toContain("last decisions in this session\n  not known");
    const none = approvalWith({ session_decisions: [], history: {}, terms: { ...APPROVAL.terms, approvers: [] } });
    const { stdout: empty } = await run(["show", APPROVAL_ID], json(200, none));
    expect(empty).toContain("before       never asked for the same action\n");
    expect(empty).toContain("last decisions in this session\n  none\n");
    expect(empty).toContain("approvers    anyone who may resolve approvals, but who asked\n");
  });

  test.each([
    ["nothing found", null, /session\n {2}there may be others: .*\n$/],
    ["some found", [{ time: "2026-01-02T03:02:05Z", decision: "allow" }], /allow .*\n {2}there may be others: .*\n$/],
  ])("says that there may be other decisions than it shows: %s", async (_, session_decisions, text) => {
    const truncated = { ...APPROVAL, session_decisions, session_decisions_truncated: true };
    const { stdout } = await run(["show", APPROVAL_ID], json(200, truncated));
    expect(stdout).toMatch(text);
    expect(stdout).not.toMatch(/did not answer|^ {2}none$/m);
  });

  test("names every list that an approver has to be on", async () => {
    const two = approvalWith({ terms: { ...APPROVAL.terms, approvers: [["role:a", "user:b"], ["role:c"]] } });
    expect((await run(["show", APPROVAL_ID], json(200, two))).stdout).toContain("role:a or user:b; and also role:c\n");
  });
});

describe("verdict approvals approve, deny and cancel", () => {
  const approved = approvalWith({
    status: "approved",
    grant: { expires_at: "2026-01-02T03:09:05Z" },
    resolution: { at: "2026-01-02T03:04:05Z", by: "mia" },
  });

  test("approve says that it is, and for how long", async () => {
    expect(await run(["approve", APPROVAL_ID, "--note", "ok"], json(200, approved))).toEqual({
      code: 0,
      stdout: `Approved ${APPROVAL_ID}, stripe.refund of support-agent (acme). It may be done once, until 2026-01-02T03:09:05Z (in 5 min).\n`,
      stderr: "",
    });
    expect(service.asked).toMatchObject([
      { method: "POST", path: `/v1/approvals/${APPROVAL_ID}/approve`, body: { note: "ok" } },
    ]);
  });

  test("a vote that others have to follow is not called an approval", async () => {
    expect((await run(["approve", APPROVAL_ID])).stdout).toBe(
      `Voted for ${APPROVAL_ID}, stripe.refund of support-agent (acme): 1/2 votes, still pending until 2026-01-02T03:16:05.000Z (in 12 min).\n`,
    );
    expect(service.asked[0]?.body).toEqual({});
  });

  test("deny needs a reason and hands it over", async () => {
    expect(await run(["deny", APPROVAL_ID])).toMatchObject({ code: 2, stderr: expect.stringContaining("--reason") });
    const { stdout } = await run(
      ["deny", APPROVAL_ID, "--reason", "paid"],
      json(200, approvalWith({ status: "denied" })),
    );
    expect(stdout).toBe(`Denied ${APPROVAL_ID}, stripe.refund of support-agent (acme).\n`);
    expect(service.asked).toMatchObject([{ path: `/v1/approvals/${APPROVAL_ID}/deny`, body: { reason: "paid" } }]);
  });

  test("cancel takes a reason or none", async () => {
    const cancelled = json(200, approvalWith({ status: "cancelled" }));
    expect((await run(["cancel", APPROVAL_ID], cancelled)).stdout).toMatch(/^Cancelled /);
    await run(["cancel", APPROVAL_ID, "--reason", "done by hand"], cancelled);
    expect(service.asked).toMatchObject([
      { path: `/v1/approvals/${APPROVAL_ID}/cancel`, body: {} },
      { path: `/v1/approvals/${APPROVAL_ID}/cancel`, body: { reason: "done by hand" } },
    ]);
  });

  test("--json is the approval as it is then", async () => {
    expect(JSON.parse((await run(["approve", APPROVAL_ID, "--json"], json(200, approved))).stdout)).toEqual(approved);
  });

  test.each([
    [409, "conflict", "This approval was denied at 2026 by mia.", 5, "verdict approvals show"],
    [403, "approver_required", "You asked for it yourself.", 1, "who may answer"],
    [403, "insufficient_scope", "It needs `approvals:resolve`.", 1, "`approver`"],
    [401, "key_revoked", "It was revoked.", 1, "VERDICT_API_KEY"],
    [404, "not_found", "There is no such approval.", 1, "verdict approvals list"],
    [503, "audit_unavailable", "It is not recorded.", 1, "may count already"],
    [429, "too_many_requests", "Too many.", 1, "Try again"],
  ])("HTTP %i %s is told with what to do, and has its exit code", async (status, code, detail, exitCode, advice) => {
    for (const argv of [["approve"], ["deny", "--reason", "no"], ["cancel"]]) {
      const { code: ended, stdout, stderr } = await run([...argv, APPROVAL_ID], problem(status, code, detail));
      expect({ ended, stdout }).toEqual({ ended: exitCode, stdout: "" });
      expect(stderr).toContain(`error: ${detail} [${code}]\n`);
      expect(stderr).toContain(advice);
    }
  });

  test("a fault of a note is told with its place", async () => {
    const errors = [{ pointer: "/note", detail: "has control characters" }];
    const { stderr } = await run(
      ["approve", APPROVAL_ID],
      json(400, { code: "invalid_request", detail: "No.", errors }),
    );
    expect(stderr).toBe("error: No. [invalid_request]\n  /note: has control characters\n");
  });

  test("a key pasted in place of an id is refused without repeating it", async () => {
    for (const argv of [["show"], ["approve"], ["deny", "--reason", "no"], ["cancel"]]) {
      const { code, stderr } = await run([...argv, "other-secret-text"]);
      expect(stderr).toContain("not the id of an approval");
      expect(stderr).not.toContain("other-secret-text");
      expect(code).toBe(2);
    }
    expect(service.asked).toEqual([]);
  });
});

describe("text that an agent chose", () => {
  const commands: [string[], Answer][] = [
    [["list"], page([hostile])],
    [["list", "--json"], page([hostile])],
    [["show", APPROVAL_ID], json(200, hostile)],
    [["show", APPROVAL_ID, "--json"], json(200, hostile)],
    [["approve", APPROVAL_ID], json(200, hostile)],
    [["approve", APPROVAL_ID], json(200, { ...hostile, status: HOSTILE })],
    [["list", "--status", "all"], page([{ ...hostile, status: HOSTILE, id: HOSTILE }])],
    [
      ["show", APPROVAL_ID],
      json(200, { ...hostile, status: HOSTILE, resolution: { at: APPROVAL.created_at, by: HOSTILE, reason: HOSTILE } }),
    ],
    [["approve", APPROVAL_ID], problem(409, "conflict", HOSTILE)],
  ];

  test.each(commands)("cannot control a terminal: %j", async (argv, answer) => {
    const { stdout, stderr } = await run(argv, answer);
    expect(stdout + stderr).not.toBe("");
    expect(stdout + stderr).not.toMatch(UNSAFE);
  });

  test("cannot make a line of its own, nor push the other columns away", async () => {
    const long = approvalWith({ action_name: `\u001b${"x".repeat(5000)}` });
    const { stdout } = await run(["list"], page([hostile, long]));
    const lines = stdout.trimEnd().split("\n");
    expect(lines).toHaveLength(3);
    expect(lines[2]).toContain(`  \\u{1b}${"x".repeat(31)}...  `);
  });
});

describe("colours", () => {
  const soon = approvalWith({ expires_at: "2026-01-02T03:04:35Z" });

  test("are there on a terminal alone", async () => {
    for (const argv of [["list"], ["show", APPROVAL_ID]]) {
      const answer = argv[0] === "list" ? page([soon]) : json(200, soon);
      expect((await run(argv, answer, { isInteractive: true })).stdout).toContain("\u001b[33m");
      expect((await run(argv, answer)).stdout).not.toContain("\u001b");
      const env = { ...service.deps.env, NO_COLOR: "1" };
      expect((await run(argv, answer, { isInteractive: true, env })).stdout).not.toContain("\u001b");
    }
  });
});

describe("a service", () => {
  test("that cannot be reached, or is something else, is said to be", async () => {
    const env = { VERDICT_API_KEY: APPROVER_KEY, VERDICT_URL: "http://127.0.0.1:1" };
    expect((await run(["list"], undefined, { env })).stderr).toContain("cannot be reached (ECONNREFUSED)");
    for (const body of [{}, { items: {} }, { items: [{ id: 1 }] }, [], "x"]) {
      expect(await run(["list"], json(200, body))).toMatchObject({ code: 1, stdout: "" });
    }
    expect((await run(["show", APPROVAL_ID], json(200, {}))).stderr).toContain("not as Verdict does");
    expect((await run(["list"], json(502, {}))).stderr).toContain("HTTP 502 without saying why");
    const redirect: Answer = (response) => void response.writeHead(302, { location: "http://evil.example" }).end();
    expect((await run(["list"], redirect)).stderr).toContain("redirect");
  });

  test("needs a key for an address, and is the environment's own without both", async () => {
    expect((await run(["list"], undefined, { env: { VERDICT_URL: service.url } })).code).toBe(2);
    const opened: unknown[] = [];
    const openApprovalInbox: FakeCliOptions["openApprovalInbox"] = async (target) => {
      opened.push(target);
      throw new Error("no");
    };
    await run(["list"], undefined, { env: {}, openApprovalInbox });
    expect(opened).toEqual([{}]);
  });

  test("that repeats the key in its answer does not get it printed", async () => {
    const { stderr } = await run(["list"], problem(401, "unauthenticated", `no entry for ${APPROVER_KEY}`));
    expect(stderr).toContain("[unauthenticated]");
    expect(stderr).not.toContain(APPROVER_KEY);
  });

  test.each([
    { status: 1 },
    { created_at: "soon" },
    { expires_at: undefined },
    { action_name: null },
    { request: "text" },
    { requester: { name: "a" } },
    { requester: { ...APPROVAL.requester, roles: "all" } },
    { requester: { ...APPROVAL.requester, tenant: 1 } },
    { rule: undefined },
    { terms: { quorum: 1 } },
    { terms: { ...APPROVAL.terms, approvers: ["role:a"] } },
    { votes: [{ voter: "a" }] },
    { votes: {} },
    { resolution: {} },
    { grant: { expires_at: "x" } },
    { history: [] },
    { session_decisions: {} },
    { session_decisions_truncated: "no" },
  ])("whose approval has the wrong shape (%j) is not believed", async (changes) => {
    const { code, stdout, stderr } = await run(["show", APPROVAL_ID], json(200, { ...APPROVAL, ...changes }));
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain("not as Verdict does");
  });

  test("may write null for what is not there", async () => {
    const nulls = { session_id: null, resolution: null, grant: null, history: null, session_decisions: null };
    expect((await run(["show", APPROVAL_ID], json(200, { ...APPROVAL, ...nulls }))).code).toBe(0);
  });
});
