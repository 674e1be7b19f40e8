import { beforeEach, describe, expect, it, test } from "vitest";
import { type Approval, type ApprovalStore, personOf } from "../../src/approvals/index.ts";
import { UnavailableError } from "../../src/model/errors.ts";
import { approvalView } from "../../src/operations/approvals/approval-view.ts";
import { createRedactor } from "../../src/redaction/index.ts";
import { createTestService, TEST_RULES } from "../test-service.ts";

type TestService = Awaited<ReturnType<typeof createTestService>>;

const REFUND = {
  action_type: "tool_call",
  action_name: "stripe.refund",
  arguments: { charge: "ch_1", amount: 120 },
  destination: { url: "https://api.stripe.com/v1/refunds" },
  session_id: "run-42",
};
const APPROVER = { keyId: "approver-key", identity: { name: "alice", roles: ["oncall"] } };

let verdict: TestService;
beforeEach(async () => {
  verdict = await createTestService();
});

const rules = (parts: string) => [{ path: "test.yaml", content: parts }];
const withRefundRule = (fields: string) =>
  rules(`
version: 1
policy: test
rules:
  - { id: refund-over-cap, action: { name: stripe.refund }, when: arguments.amount > 50, ${fields} }
`);

async function reload(files: { path: string; content: string }[]): Promise<void> {
  verdict.setFiles(files);
  await verdict.service.ruleReloader.reload("system");
}

async function ask(body: object = REFUND, key?: string) {
  const { body: answer, status } = await verdict.evaluate(body, key === undefined ? {} : { key });
  expect(status).toBe(200);
  return answer;
}

const now = () => verdict.service.clock.now();

async function approve(id: string, note?: string): Promise<Approval> {
  const step = await verdict.service.approvalStore.vote(id, APPROVER, note, now());
  expect(step).toMatchObject({ ok: true, hasResolved: true });
  return step!.approval;
}

async function askAndApprove(body: object = REFUND): Promise<string> {
  const { approval } = await ask(body);
  await approve(approval.id);
  return approval.id;
}

const using = (approval_id: string, body: object = REFUND) => ({ ...body, approval_id });

async function records(kind?: string) {
  const { body } = await verdict.request("GET", `/v1/audit${kind === undefined ? "" : `?kind=${kind}`}`, {
    key: verdict.secrets.admin,
  });
  return body.items.reverse();
}

describe("asking for approval", () => {
  it("answers with the approval and with what to do, and tells people", async () => {
    const answer = await ask();
    expect(answer).toMatchObject({
      decision: "approval_required",
      reason_code: "rule_matched",
      rule_id: "test/refund-over-cap",
      cache_ttl_seconds: 0,
      approval: { status: "pending", expires_at: "2026-01-02T03:09:05.000Z" },
    });
    const { id, status_url } = answer.approval;
    expect(status_url).toBe(`/v1/approvals/${id}`);
    expect(answer.help_text).toContain(`GET /v1/approvals/${id}?wait_seconds=30`);
    expect(answer.help_text).toContain(`"approval_id":"${id}"`);
    expect(verdict.notices).toEqual([{ notice: "opened", id }]);
  });

  it("keeps the rule's own help in front", async () => {
    await reload(withRefundRule("decision: approval_required, reason: No., help_text: Say why in the note."));
    expect((await ask()).help_text).toMatch(/^Say why in the note\. A person was asked/);
  });

  it("gives a retrying agent the same approval, also of many calls at once", async () => {
    const answers = await Promise.all(Array.from({ length: 50 }, () => ask()));
    expect(new Set(answers.map(({ approval }) => approval.id)).size).toBe(1);
    expect(await records("approval.opened")).toHaveLength(1);
    expect(verdict.notices).toHaveLength(1);
  });

  it("asks anew after an edit of the rule, since it is another question", async () => {
    const before = await ask();
    await reload(
      withRefundRule("decision: approval_required, reason: Refunds above $50 need two., approval: { quorum: 2 }"),
    );
    expect((await ask()).approval.id).not.toBe(before.approval.id);
  });

  it("satisfies every rule that asks, not only the first", async () => {
    const asks = "decision: approval_required, reason: r";
    await reload(
      rules(`
version: 1
policy: test
rules:
  - { id: a, action: { name: stripe.refund }, when: "true", ${asks}, approval: { on_timeout: allow, approvers: ["role:oncall"] } }
  - { id: b, action: { name: stripe.refund }, when: "true", ${asks}, approval: { quorum: 2, timeout: 1m, approvers: ["role:lead"] } }
`),
    );
    const { approval } = await ask();
    const found = await verdict.service.approvalStore.get(approval.id, now());
    expect(found!.approval.terms).toMatchObject({
      quorum: 2,
      onTimeout: "deny",
      timeoutMs: 60_000,
      approvers: [["role:oncall"], ["role:lead"]],
    });
  });

  it("denies once too many of the identity wait, and takes no other identity down with it", async () => {
    const refund = (amount: number) => ({ ...REFUND, arguments: { amount } });
    for (const amount of [100, 200, 300]) await ask(refund(amount));
    const full = await ask(refund(400));
    expect(full).toMatchObject({
      decision: "deny",
      reason_code: "approval_queue_full",
      rule_id: "test/refund-over-cap",
    });
    expect(full.reason).toContain("3 actions of this identity wait");
    expect((await ask(refund(300))).decision).toBe("approval_required");
    expect((await ask(refund(400), verdict.secrets.gateway)).decision).toBe("approval_required");
  });

  it("is never granted by silence to odd input: a rule that could not be evaluated asks a person", async () => {
    const fields = "decision: approval_required, reason: r, approval: { timeout: 1s, on_timeout: allow }";
    await reload(withRefundRule(fields));
    const odd = { ...REFUND, arguments: { charge: "ch_1", amount: "1000000" } };
    const asked = await ask(odd);
    expect(asked).toMatchObject({ decision: "approval_required", reason_code: "rule_error" });
    verdict.advance(1000);
    expect(await ask(using(asked.approval.id, odd))).toMatchObject({
      decision: "deny",
      reason_code: "approval_expired",
    });
  });

  it("shows and logs nothing of what is configured to be redacted, wherever it stands", async () => {
    const paths = ["/identity/name", "/identity/roles", "/session_id", "/action_name"];
    const redactor = createRedactor({ key: new Uint8Array(32), paths });
    const other = await createTestService({ override: { redactor } });
    const { body } = await other.evaluate(
      { ...REFUND, identity: { name: "hidden-name", roles: ["hidden-role"] }, session_id: "hidden-session" },
      { key: other.secrets.gateway },
    );
    const found = await other.service.approvalStore.get(body.approval.id, now());
    const view = JSON.stringify(approvalView(found!.approval));
    await other.evaluate(
      {
        ...REFUND,
        identity: { name: "hidden-name", roles: ["hidden-role"] },
        session_id: "hidden-session",
        approval_id: body.approval.id,
      },
      { key: other.secrets.gateway },
    );
    const log = await other.request("GET", "/v1/audit?kind=approval.opened", { key: other.secrets.admin });
    for (const text of [view, JSON.stringify(log.body)]) {
      expect(text).not.toMatch(/hidden-|stripe\.refund"/);
      expect(text).toContain("[redacted:");
    }
  });

  it("shows approvers no secrets, and keeps none in the log", async () => {
    const secret = "sk_live_4eC39HqLyjWDarjtT1zdp7dc";
    const { approval } = await ask({
      ...REFUND,
      arguments: { amount: 120, note: `key ${secret}` },
      session_id: `run ${secret}`,
    });
    const found = await verdict.service.approvalStore.get(approval.id, now());
    const view = JSON.stringify(approvalView(found!.approval));
    expect(view).toContain("[redacted:");
    expect(view).not.toContain(secret);
    expect(JSON.stringify(await records())).not.toContain(secret);
  });
});

describe("a grant", () => {
  it("allows the very same action once, with the rule's obligations", async () => {
    await reload(
      withRefundRule("decision: approval_required, reason: Refunds need a person., obligations: [{ type: log }]"),
    );
    const id = await askAndApprove();
    const granted = await ask(using(id));
    expect(granted).toMatchObject({
      decision: "allow",
      reason: "Approved by alice.",
      reason_code: "approval_granted",
      rule_id: "test/refund-over-cap",
      obligations: [{ type: "log", params: {} }],
      cache_ttl_seconds: 0,
      approval: { id, status: "approved" },
    });
    expect(granted).not.toHaveProperty("help_text");
    expect(await ask(using(id))).toMatchObject({ decision: "deny", reason_code: "approval_consumed" });
  });

  it("is consumed by exactly one of many calls at once", async () => {
    const id = await askAndApprove();
    const answers = await Promise.all(Array.from({ length: 50 }, () => ask(using(id))));
    const allowed = answers.filter(({ decision }) => decision === "allow");
    expect(allowed).toHaveLength(1);
    expect(new Set(answers.map(({ reason_code }) => reason_code))).toEqual(
      new Set(["approval_granted", "approval_consumed"]),
    );
    expect(await records("approval.consumed")).toHaveLength(1);
  });

  it("may be used in any spelling of the same arguments, and with another time and context", async () => {
    const id = await askAndApprove();
    verdict.advance(1000);
    const same = { ...REFUND, arguments: { amount: 120.0, charge: "ch_1" }, context: { attempt: 2 } };
    expect((await ask(using(id, same))).decision).toBe("allow");
  });

  it("is there when nobody answered and the rule allows it then", async () => {
    await reload(
      withRefundRule("decision: approval_required, reason: r, approval: { timeout: 1m, on_timeout: allow }"),
    );
    const { approval } = await ask();
    verdict.advance(60_000);
    expect(await ask(using(approval.id))).toMatchObject({ decision: "allow", approval: { status: "expired" } });
    expect((await records()).map(({ kind }: { kind: string }) => kind).slice(-4)).toEqual([
      "decision",
      "approval.expired",
      "approval.consumed",
      "decision",
    ]);
  });
});

describe("a deny that says why", () => {
  const RULED_OUT =
    "  - { id: stop, priority: 9, action: { name: stripe.refund }, decision: deny, reason: Refunds are off. }\n";

  it.each<[string, string, () => Promise<object>]>([
    ["a changed argument", "approval_other_action", async () => ({ arguments: { charge: "ch_2", amount: 120 } })],
    [
      "a further argument",
      "approval_other_action",
      async () => ({ arguments: { charge: "ch_1", amount: 120, to: "x" } }),
    ],
    ["another destination", "approval_other_action", async () => ({ destination: { url: "https://evil.example/" } })],
    ["another session", "approval_other_session", async () => ({ session_id: "run-43" })],
    ["no session", "approval_other_session", async () => ({ session_id: undefined })],
  ])("%s", async (_, code, change) => {
    const id = await askAndApprove();
    const answer = await ask(using(id, { ...REFUND, ...(await change()) }));
    expect(answer).toMatchObject({ decision: "deny", reason_code: code });
    // What it is not for, it says nothing of; and it stays good for what it is for.
    expect(answer).not.toHaveProperty("approval");
    expect((await ask(using(id))).decision).toBe("allow");
  });

  it("another identity", async () => {
    const id = await askAndApprove();
    for (const identity of [{ name: "other" }, { name: "agent", roles: ["admin"] }, { name: "agent", tenant: "t" }]) {
      const answer = await ask(using(id, { ...REFUND, identity }), verdict.secrets.gateway);
      expect(answer).toMatchObject({ decision: "deny", reason_code: "approval_other_identity" });
      expect(answer).not.toHaveProperty("approval");
    }
  });

  it("another key of the same identity may use it, unless it voted", async () => {
    const id = await askAndApprove();
    const { secret } = await verdict.addKey(["agent"]);
    expect((await ask(using(id), secret)).decision).toBe("allow");
  });

  it("a grant that has expired", async () => {
    const id = await askAndApprove();
    verdict.advance(5 * 60_000);
    expect(await ask(using(id))).toMatchObject({ decision: "deny", reason_code: "approval_grant_expired" });
  });

  it("a new deny rule wins, and leaves the grant", async () => {
    const id = await askAndApprove();
    await reload(rules(TEST_RULES + RULED_OUT));
    expect(await ask(using(id))).toMatchObject({
      decision: "deny",
      reason_code: "rule_matched",
      rule_id: "test/stop",
      reason: "Refunds are off.",
    });
    await reload(rules(TEST_RULES));
    expect((await ask(using(id))).decision).toBe("allow");
  });

  it.each([
    ["more votes", "decision: approval_required, reason: Refunds above $50 need a person., approval: { quorum: 2 }"],
    ["another reason", "decision: approval_required, reason: Refunds above $50 need the boss."],
    ["another priority", "priority: 1, decision: approval_required, reason: Refunds above $50 need a person."],
  ])("a rule that was edited: %s", async (_, fields) => {
    const id = await askAndApprove();
    await reload(withRefundRule(fields));
    expect(await ask(using(id))).toMatchObject({ decision: "deny", reason_code: "approval_rule_changed" });
  });

  it("a rule that asks no more, told to ask again without it", async () => {
    const id = await askAndApprove();
    await reload(withRefundRule("decision: allow"));
    const answer = await ask(using(id));
    expect(answer).toMatchObject({ decision: "deny", reason_code: "approval_rule_changed" });
    expect(answer.reason).toContain("without `approval_id`");
    expect((await ask()).decision).toBe("allow");
  });

  it("a requester's key that was revoked is not let in at all", async () => {
    const { key, secret } = await verdict.addKey(["agent"]);
    const { approval } = await ask(REFUND, secret);
    await approve(approval.id);
    verdict.service.keyRing.apply({ ...key, revokedAt: now() });
    const { status, body } = await verdict.evaluate(using(approval.id), { key: secret });
    expect([status, body.code, body.decision]).toEqual([401, "key_revoked", "deny"]);
  });

  it("a vote whose key was revoked since counts no more", async () => {
    const { key } = await verdict.addKey(["approver"]);
    const { approval } = await ask();
    const voter = { keyId: key.id, identity: { name: "mallory", roles: [] } };
    await verdict.service.approvalStore.vote(approval.id, voter, undefined, now());
    verdict.service.keyRing.apply({ ...key, revokedAt: now() });
    expect(await ask(using(approval.id))).toMatchObject({ decision: "deny", reason_code: "approval_vote_revoked" });
  });

  it("who voted for it cannot use it", async () => {
    const gateway = await verdict.addKey(["gateway", "approver"]);
    const { approval } = await ask({ ...REFUND, identity: { name: "bob" } }, verdict.secrets.gateway);
    const voter = { keyId: gateway.key.id, identity: gateway.key.identity };
    await verdict.service.approvalStore.vote(approval.id, voter, undefined, now());
    const answer = await ask(using(approval.id, { ...REFUND, identity: { name: "bob" } }), gateway.secret);
    expect(answer).toMatchObject({ decision: "deny", reason_code: "approval_own_vote" });
  });

  it("nobody has answered yet", async () => {
    const { approval } = await ask();
    const answer = await ask(using(approval.id));
    expect(answer).toMatchObject({ decision: "deny", reason_code: "approval_pending", approval });
    expect(answer.help_text).toContain("wait_seconds");
  });

  it("it was denied, with the reason that the person gave", async () => {
    const { approval } = await ask();
    await verdict.service.approvalStore.deny(approval.id, APPROVER, "The charge is disputed.", now());
    const answer = await ask(using(approval.id));
    expect(answer).toMatchObject({ decision: "deny", reason_code: "approval_denied", approval: { status: "denied" } });
    expect(answer.reason).toContain("The charge is disputed.");
  });

  it("it was cancelled", async () => {
    const { approval } = await ask();
    const agent = { keyId: "any", identity: { name: "agent", roles: [] } };
    await verdict.service.approvalStore.cancel(approval.id, agent, undefined, now());
    expect(await ask(using(approval.id))).toMatchObject({ decision: "deny", reason_code: "approval_cancelled" });
  });

  it("nobody answered in time", async () => {
    const { approval } = await ask();
    verdict.advance(5 * 60_000);
    expect(await ask(using(approval.id))).toMatchObject({ decision: "deny", reason_code: "approval_expired" });
    expect(verdict.notices.map(({ notice }) => notice)).toEqual(["opened", "expired"]);
  });

  it.each(["01890b6e-7c00-7000-8000-000000000000", "nonsense", "__proto__"])("there is none: %s", async (id) => {
    expect(await ask(using(id))).toMatchObject({ decision: "deny", reason_code: "approval_unknown" });
  });

  it("there is no use for it: an action that rules deny, and one that no rule knows", async () => {
    const id = await askAndApprove();
    const drop = { action_type: "sql_query", action_name: "q", arguments: { query: "DROP TABLE t" }, approval_id: id };
    expect(await ask(drop)).toMatchObject({ decision: "deny", rule_id: "test/no-drop" });
    expect(await ask({ action_type: "x", action_name: "y", approval_id: id })).toMatchObject({
      reason_code: "no_matching_rule",
    });
  });
});

describe("the log", () => {
  it("has every step in one chain, and the allow says by whom it was given", async () => {
    const { approval } = await ask();
    await verdict.service.approvalAnnouncer.announce([
      { kind: "approved", approval: await approve(approval.id, "Checked."), by: personOf(APPROVER) },
    ]);
    const { request_id } = await ask(using(approval.id));
    const all = await records();
    expect(all.map(({ kind }: { kind: string }) => kind).filter((kind: string) => kind !== "rules.activated")).toEqual([
      "approval.opened",
      "decision",
      "approval.approved",
      "approval.consumed",
      "decision",
    ]);
    expect(all.at(-1)).toMatchObject({
      id: request_id,
      decision: { decision: "allow", reason_code: "approval_granted", approval: { id: approval.id } },
      ruled: { decision: "approval_required", rule_id: "test/refund-over-cap" },
      approval: {
        status: "approved",
        requester: { name: "agent" },
        votes: [{ voter: "alice", key_id: "approver-key", note: "Checked." }],
        grant: { consumed_at: "2026-01-02T03:04:05.000Z" },
      },
    });
    const { body } = await verdict.request("POST", "/v1/audit/verify", { key: verdict.secrets.admin, body: {} });
    expect(body).toMatchObject({ valid: true });
  });

  it("keeps no secret that a person wrote into an answer", async () => {
    const secret = "ghp_16C7e42F292c6912E7710c838347Ae178B4a";
    const { approval } = await ask();
    await verdict.service.approvalStore.deny(approval.id, APPROVER, `use ${secret}`, now());
    await ask(using(approval.id));
    expect(JSON.stringify(await records())).not.toContain(secret);
  });

  it("that cannot be written makes a deny of a grant, and of a question", async () => {
    const id = await askAndApprove();
    const down = new UnavailableError("audit", "disk full");
    const override = { approvalStore: verdict.service.approvalStore };
    const other = await createTestService({ override });
    other.spool.append = () => Promise.reject(down);
    for (const body of [REFUND, using(id)]) {
      const { body: answer } = await other.evaluate(body);
      expect(answer).toMatchObject({ decision: "deny", reason_code: "audit_unavailable" });
    }
  });
});

test("a deny that says it could not be recorded is in no log, also when the log has room again", async () => {
  const append = verdict.spool.append.bind(verdict.spool);
  let failures = 1;
  verdict.spool.append = (record) =>
    failures-- > 0 ? Promise.reject(new UnavailableError("audit", "disk full")) : append(record);
  const { request_id, reason_code } = await ask();
  expect(reason_code).toBe("audit_unavailable");
  expect((await records("decision")).map(({ id }: { id: string }) => id)).not.toContain(request_id);
});

describe("a store that takes its time", () => {
  const slow = (store: ApprovalStore, whenOpening: () => Promise<unknown>): ApprovalStore => ({
    ...store,
    async open(...args) {
      await whenOpening();
      return store.open(...args);
    },
  });

  test("holds nobody else up, and the chain still verifies", async () => {
    const store = verdict.service.approvalStore;
    const other = await createTestService({
      override: {
        approvalStore: slow(store, () => other.evaluate({ action_type: "tool_call", action_name: "x.get" })),
      },
    });
    expect((await other.evaluate(REFUND)).body).toMatchObject({ decision: "approval_required" });
    const { body } = await other.request("POST", "/v1/audit/verify", { key: other.secrets.admin, body: {} });
    expect(body).toMatchObject({ valid: true });
  });

  test("while other rules change: the answer stands, and the grant is not lost", async () => {
    const store = verdict.service.approvalStore;
    const other = await createTestService({ override: { approvalStore: slow(store, async () => {}) } });
    const { approval } = (await other.evaluate(REFUND)).body;
    await store.vote(approval.id, APPROVER, undefined, now());
    const more = `${TEST_RULES}  - { id: more, action: { name: other }, decision: allow }\n`;
    const reloading: ApprovalStore = {
      ...store,
      async consume(...args) {
        other.setFiles(rules(more));
        await other.service.ruleReloader.reload("system");
        return store.consume(...args);
      },
    };
    Object.assign(other.service.approvalStore, reloading);
    const granted = (await other.evaluate(using(approval.id))).body;
    expect(granted).toMatchObject({ decision: "allow", reason_code: "approval_granted" });
    expect(granted.policy_revision).toBe(other.service.activeRules.current()!.revision);
  });

  test.each([
    ["a deny of the new rules stands", "decision: deny, reason: Off.", { decision: "deny", reason: "Off." }],
    ["anything else is a deny too", "decision: allow", { decision: "deny", reason_code: "approval_rule_changed" }],
  ])("while the rules change: %s", async (_, fields, expected) => {
    const store = verdict.service.approvalStore;
    const other = await createTestService({
      override: {
        approvalStore: slow(store, async () => {
          other.setFiles(withRefundRule(fields));
          await other.service.ruleReloader.reload("system");
        }),
      },
    });
    const { body } = await other.evaluate(REFUND);
    expect(body).toMatchObject(expected);
    expect(body).not.toHaveProperty("approval");
  });
});

test("without any rules the chain stays whole, whatever is asked in one batch", async () => {
  const other = await createTestService({ files: rules("not: rules") });
  const requests = [{ ...REFUND, approval_id: "x" }, REFUND, { ...REFUND, approval_id: "y" }, REFUND];
  const { body: batch } = await other.request("POST", "/v1/policy/evaluate/batch", { body: { requests } });
  expect(batch.results.map(({ reason_code }: { reason_code: string }) => reason_code)).toEqual(
    Array(4).fill("policy_not_ready"),
  );
  const { body } = await other.request("POST", "/v1/audit/verify", { key: other.secrets.admin, body: {} });
  expect(body).toMatchObject({ valid: true });
});

describe("a store that does not answer", () => {
  const away: Partial<ApprovalStore> = Object.fromEntries(
    ["open", "get", "consume"].map((name) => [name, () => Promise.reject(new UnavailableError("storage", "away"))]),
  );

  test("denies what needs a person, and nothing else", async () => {
    const { evaluate } = await createTestService({ override: { approvalStore: away as ApprovalStore } });
    const answer = async (body: object) => (await evaluate(body)).body;
    for (const body of [REFUND, using("01890b6e-7c00-7000-8000-000000000000")]) {
      expect(await answer(body)).toMatchObject({ decision: "deny", reason_code: "approvals_unavailable" });
    }
    expect(await answer({ ...REFUND, arguments: { amount: 20 } })).toMatchObject({ decision: "allow" });
  });

  test("that fails in another way is a deny too", async () => {
    const broken = { open: () => Promise.reject(new TypeError("a bug")) } as unknown as ApprovalStore;
    const { evaluate } = await createTestService({ override: { approvalStore: broken } });
    expect((await evaluate(REFUND)).body).toMatchObject({ decision: "deny", reason_code: "internal_error" });
  });
});
