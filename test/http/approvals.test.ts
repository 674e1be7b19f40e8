import { beforeEach, describe, expect, test } from "vitest";
import { UnavailableError } from "../../src/model/errors.ts";
import { actor, TIMEOUT_MS } from "../contract/approval-samples.ts";
import { idOf } from "../contract/samples.ts";
import { type ApprovalScene, createApprovalScene } from "./approvals-scene.ts";

let scene: ApprovalScene;
let alice: string;
let bob: string;
let globex: string;
let agent: string;
beforeEach(async () => {
  scene = await createApprovalScene();
  alice = (await scene.keyOf("alice", ["approver"], { tenant: "acme", roles: ["oncall"] })).secret;
  bob = (await scene.keyOf("bob", ["approver"], { tenant: "acme" })).secret;
  globex = (await scene.keyOf("carol", ["approver", "agent"], { tenant: "globex" })).secret;
  agent = (await scene.keyOf("billing-agent", ["agent"], { tenant: "acme" })).secret;
});

const down = async () => {
  throw new UnavailableError("storage", "it went away");
};
const problem = ({ status, body }: { status: number; body: { code: string; detail: string } }) => [status, body.code];

describe("seeing an approval", () => {
  test("what an agent asked for, it sees at the address it was given", async () => {
    const asked = { action_type: "tool_call", action_name: "stripe.refund", arguments: { amount: 120 } };
    const { body } = await scene.evaluate({ ...asked, session_id: "run-7" });
    const { status, body: seen } = await scene.request("GET", body.approval.status_url);
    expect(status).toBe(200);
    expect(seen).toMatchObject({
      id: body.approval.id,
      status: "pending",
      session_id: "run-7",
      request: asked,
      requester: { name: "agent", key_holder: "agent" },
      rule: { id: body.rule_id, reason: body.reason },
      votes: [],
    });
    expect(seen).not.toHaveProperty("history");
    expect(seen).not.toHaveProperty("session_decisions");
  });

  test("an approver sees exactly what is asked for, where it goes, who asks, and which rule wants a person", async () => {
    const asked = {
      ...{ action_type: "tool_call", action_name: "stripe.refund" },
      arguments: {
        amount: 120,
        charges: ["ch_1", "ch_2"],
        note: "password=hunter2abc",
        order: { id: 9007199254740991 },
      },
      destination: { url: "https://api.stripe.com/v1/refunds" },
    };
    const { body } = await scene.evaluate(asked);
    const dora = await scene.keyOf("dora", ["approver"]);
    const { body: seen } = await scene.get(body.approval.id, dora.secret);
    expect(seen).toMatchObject({
      request: {
        ...asked,
        arguments: { ...asked.arguments, note: expect.not.stringContaining("hunter2abc") },
        destination: expect.objectContaining({ domain: "api.stripe.com" }),
      },
      requester: { name: "agent", key_holder: "agent" },
      rule: { id: body.rule_id, name: body.rule_name, reason: "Refunds above $50 need a person." },
      terms: { quorum: 1, on_timeout: "deny" },
      history: { approved: 0, denied: 0 },
    });
  });

  test("its identity sees it with another key, and the key that asked for another identity does", async () => {
    const gateway = await scene.keyOf("gateway", ["gateway"], { tenant: "globex" });
    const { id } = await scene.open();
    expect((await scene.get(id, agent)).status).toBe(200);
    const { body } = await scene.evaluate(
      {
        ...{ action_type: "tool_call", action_name: "stripe.refund", arguments: { amount: 120 } },
        identity: { name: "billing-agent", tenant: "acme" },
      },
      { key: gateway.secret },
    );
    expect((await scene.get(body.approval.id, gateway.secret)).body.requester.key_holder).toBe("gateway");
    expect((await scene.get(id, gateway.secret)).status).toBe(404);
  });

  test("who holds the key that asked sees it, and takes it back, with another key: in the same tenant alone", async () => {
    const requester = { ...actor("billing-agent"), keyHolder: "gateway", keyHolderTenant: "globex" };
    const { id } = await scene.open({ requester });
    for (const parts of [{ tenant: "acme" }, {}]) {
      const namesake = await scene.keyOf("gateway", ["gateway"], parts);
      expect((await scene.get(id, namesake.secret)).status).toBe(404);
      expect((await scene.post(id, "cancel", namesake.secret)).status).toBe(404);
    }
    const second = await scene.keyOf("gateway", ["gateway"], { tenant: "globex" });
    expect((await scene.get(id, second.secret)).body.status).toBe("pending");
    expect((await scene.post(id, "cancel", second.secret)).body.resolution.by).toBe("gateway");
  });

  test.each([
    ["another agent of the tenant", "other-agent", "acme"],
    ["an agent of the same name in another tenant", "billing-agent", "globex"],
    ["an agent of the same name without a tenant", "billing-agent", undefined],
  ])("%s is told that there is none", async (_, name, tenant) => {
    const { id } = await scene.open();
    const { secret } = await scene.keyOf(name, ["agent"], tenant === undefined ? {} : { tenant });
    const unknown = await scene.get(idOf(5), secret);
    const hidden = await scene.get(id, secret);
    expect(problem(hidden)).toEqual([404, "not_found"]);
    expect(hidden.body.detail).toBe(unknown.body.detail);
  });

  test("an approver of another tenant finds none of it, by id or in the list", async () => {
    const { id } = await scene.open();
    const { id: theirs } = await scene.open({ tenant: "globex" });
    const { id: nobodys } = await scene.open({ tenant: undefined });
    for (const hidden of [id, nobodys]) expect((await scene.get(hidden, globex)).status).toBe(404);
    const { body } = await scene.request("GET", "/v1/approvals", { key: globex });
    expect(body.items.map((item: { id: string }) => item.id)).toEqual([theirs]);
    const all = await scene.request("GET", "/v1/approvals", { key: scene.secrets.approver });
    expect(all.body.items).toHaveLength(3);
  });

  test.each(["nonsense", idOf(5).toUpperCase(), "%00"])("the id %j is none", async (id) => {
    expect(problem(await scene.get(id, alice))).toEqual([404, "not_found"]);
    expect(problem(await scene.post(id, "approve", alice))).toEqual([404, "not_found"]);
  });

  test("needs a scope that has to do with it", async () => {
    const { id } = await scene.open();
    for (const key of [scene.secrets.ci, scene.secrets.auditor]) {
      expect(problem(await scene.get(id, key))).toEqual([403, "insufficient_scope"]);
    }
    expect(problem(await scene.request("GET", "/v1/approvals"))).toEqual([403, "insufficient_scope"]);
  });

  test("whose time ran out is expired, which is recorded once and told to people outside", async () => {
    const { id } = await scene.open();
    scene.advance(TIMEOUT_MS);
    for (const key of [agent, alice, agent]) expect((await scene.get(id, key)).body.status).toBe("expired");
    expect(await scene.steps()).toEqual(["approval.opened", "approval.expired"]);
    expect(scene.notices.map(({ notice }) => notice)).toEqual(["opened", "expired"]);
  });

  test("looked at by who may not see it expires all the same", async () => {
    const { id } = await scene.open();
    scene.advance(TIMEOUT_MS);
    expect((await scene.get(id, globex)).status).toBe(404);
    expect(await scene.steps()).toEqual(["approval.opened", "approval.expired"]);
  });

  test("is possible while the log cannot be written, and what was found is recorded later", async () => {
    const { id } = await scene.open();
    const { spool } = scene.service;
    const { append } = spool;
    scene.advance(TIMEOUT_MS);
    Object.assign(spool, {
      append: async () => {
        throw new UnavailableError("audit", "the disk is full");
      },
    });
    expect((await scene.get(id, agent)).body.status).toBe("expired");
    Object.assign(spool, { append });
    scene.advance(10_000);
    await scene.service.approvalAnnouncer.catchUp();
    expect(await scene.steps()).toEqual(["approval.opened", "approval.expired"]);
  });

  test("fails as long as the store does not answer", async () => {
    const { id } = await scene.open();
    Object.assign(scene.service.approvalStore, { get: down, list: down });
    expect(problem(await scene.get(id, agent))).toEqual([503, "storage_unavailable"]);
    expect(problem(await scene.request("GET", "/v1/approvals", { key: alice }))).toEqual([503, "storage_unavailable"]);
  });
});

describe("what an approver needs to judge", () => {
  const READ = { action_type: "tool_call", action_name: "crm.get", session_id: "run-1" };

  test("are the session's last decisions, of this identity and tenant alone", async () => {
    const secrets = {
      asks: agent,
      namesake: (await scene.keyOf("billing-agent", ["agent"], { tenant: "globex" })).secret,
      stranger: (await scene.keyOf("other-agent", ["agent"], { tenant: "acme" })).secret,
    };
    const ids: string[] = [];
    for (let n = 0; n < 12; n++) ids.push((await scene.evaluate(READ, { key: secrets.asks })).body.request_id);
    await scene.evaluate({ ...READ, session_id: "run-2" }, { key: secrets.asks });
    for (const key of [secrets.namesake, secrets.stranger]) await scene.evaluate(READ, { key });
    const refund = { ...READ, action_name: "stripe.refund", arguments: { amount: 120, note: "password=hunter2abc" } };
    const { body } = await scene.evaluate(refund, { key: secrets.asks });

    const { body: seen } = await scene.get(body.approval.id, alice);
    expect(seen.session_decisions.map((one: { request_id: string }) => one.request_id)).toEqual(
      ids.slice(-10).reverse(),
    );
    expect(seen.session_decisions[0]).toStrictEqual({
      request_id: ids.at(-1),
      time: "2026-01-02T03:04:05.000Z",
      action_type: "tool_call",
      action_name: "crm.get",
      decision: "allow",
      reason: expect.any(String),
      reason_code: "rule_matched",
      rule_id: "test/read",
    });
    expect(JSON.stringify(seen)).not.toContain("hunter2abc");
  });

  test("are not hidden by asking the same again and again", async () => {
    const refund = { ...READ, action_name: "stripe.refund", arguments: { amount: 120 } };
    const before = (await scene.evaluate(READ, { key: agent })).body.request_id;
    const { body } = await scene.evaluate(refund, { key: agent });
    for (let n = 0; n < 120; n++) await scene.evaluate(refund, { key: agent });
    const { body: seen } = await scene.get(body.approval.id, alice);
    expect(seen.session_decisions).toMatchObject([{ request_id: before }]);
    expect(seen).not.toHaveProperty("session_decisions_truncated");
  });

  test("are said to be incomplete where there are too many to look past, and never to be none", async () => {
    const refund = { ...READ, action_name: "stripe.refund", arguments: { amount: 120 } };
    await scene.evaluate(READ, { key: agent });
    const { body } = await scene.evaluate(refund, { key: agent });
    const requests = Array.from({ length: 100 }, () => refund);
    for (let n = 0; n < 10; n++) {
      await scene.request("POST", "/v1/policy/evaluate/batch", { key: agent, body: { requests } });
    }
    const truncated = { session_decisions: null, session_decisions_truncated: true };
    expect((await scene.get(body.approval.id, alice)).body).toMatchObject(truncated);
    const found = (await scene.evaluate(READ, { key: agent })).body.request_id;
    expect((await scene.get(body.approval.id, alice)).body).toMatchObject({
      session_decisions: [{ request_id: found }],
      session_decisions_truncated: true,
    });
  });

  test("are found where the session's name or the identity looks like a secret, and so is not in the log", async () => {
    const secret = "sk_live_4eC39HqLyjWDarjtT1zdp7dc";
    const key = (await scene.keyOf(`agent ${secret}`, ["agent"], { tenant: "acme" })).secret;
    const session_id = `run ${secret}`;
    const before = (await scene.evaluate({ ...READ, session_id }, { key })).body.request_id;
    const refund = { ...READ, session_id, action_name: "stripe.refund", arguments: { amount: 120 } };
    const { body } = await scene.evaluate(refund, { key });
    const { body: seen } = await scene.get(body.approval.id, alice);
    expect(seen.session_decisions).toMatchObject([{ request_id: before }]);
    expect(JSON.stringify(seen)).not.toContain(secret);
  });

  test("is how this identity's other approvals of the action ended", async () => {
    const [first, second, third] = [await scene.open(), await scene.open(), await scene.open()];
    await scene.open({ identity: "other-agent" });
    await scene.post(first.id, "approve", alice);
    await scene.post(second.id, "deny", alice, { reason: "No." });
    const { body } = await scene.get(third.id, alice);
    expect(body.history).toEqual({ pending: 0, approved: 1, denied: 1, expired: 0, cancelled: 0 });
  });

  test("is left out where it cannot be read, and the approval is shown", async () => {
    const { id } = await scene.open();
    Object.assign(scene.service.auditStore, { list: down });
    Object.assign(scene.service.approvalStore, { countOthers: down });
    const { status, body } = await scene.get(id, alice);
    expect([status, body.id, body.session_decisions, body.history]).toEqual([200, id, null, null]);
  });

  test("has no session's decisions where there is no session", async () => {
    const refund = { action_type: "tool_call", action_name: "stripe.refund", arguments: { amount: 120 } };
    const { body } = await scene.evaluate(refund, { key: agent });
    const { body: seen } = await scene.get(body.approval.id, alice);
    expect(seen).toHaveProperty("history");
    expect(seen).not.toHaveProperty("session_decisions");
  });
});

describe("the list", () => {
  test("is newest first, page by page, by status, identity and rule", async () => {
    const opened = [];
    for (let n = 0; n < 5; n++) opened.push((await scene.open()).id);
    await scene.open({ identity: "other-agent", rule: { id: "x/y", name: "", reason: "" } });
    await scene.post(opened[0]!, "deny", alice, { reason: "No." });
    const list = async (query: string) =>
      (await scene.request("GET", `/v1/approvals?${query}`, { key: alice })).body as {
        items: { id: string }[];
        next_cursor: string | null;
      };
    const pages: string[] = [];
    let cursor: string | null = "";
    while (cursor !== null) {
      const page = await list(`status=pending&identity=billing-agent&limit=2${cursor && `&cursor=${cursor}`}`);
      pages.push(...page.items.map(({ id }) => id));
      cursor = page.next_cursor;
    }
    expect(pages).toEqual(opened.slice(1).reverse());
    expect((await list("status=denied")).items.map(({ id }) => id)).toEqual([opened[0]]);
    expect((await list("rule_id=x/y")).items).toHaveLength(1);
    expect((await list("rule_id=x/z")).items).toEqual([]);
  });

  test("tells of what expired on the way", async () => {
    await scene.open();
    scene.advance(TIMEOUT_MS);
    const { body } = await scene.request("GET", "/v1/approvals?status=pending", { key: alice });
    expect(body).toEqual({ items: [], next_cursor: null });
    expect(await scene.steps()).toEqual(["approval.opened", "approval.expired"]);
  });

  test.each(["status=open", "limit=0", "limit=201", "cursor=x", "tenant=globex", "status=pending&status=denied"])(
    "refuses %j",
    async (query) => {
      expect(problem(await scene.request("GET", `/v1/approvals?${query}`, { key: alice }))).toEqual([
        400,
        "invalid_request",
      ]);
    },
  );
});

describe("saying yes", () => {
  test("approves, tells who and what they said, and never with which key", async () => {
    const { id } = await scene.open();
    const { status, body } = await scene.post(id, "approve", alice, { note: "Checked\nwith\tthe customer. ✓" });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      id,
      status: "approved",
      votes: [{ voter: "alice", note: "Checked\nwith\tthe customer. ✓" }],
      resolution: { by: "alice" },
      grant: { expires_at: "2026-01-02T03:05:05.000Z" },
    });
    expect((await scene.get(id, agent)).body.votes).toEqual(body.votes);
    expect(await scene.steps()).toEqual(["approval.opened", "approval.voted", "approval.approved"]);
    expect(scene.notices.map(({ notice }) => notice)).toEqual(["opened", "resolved"]);
  });

  test("is a vote where two have to, and the second person's approves", async () => {
    const { id } = await scene.open({ terms: { quorum: 2 } });
    expect((await scene.post(id, "approve", alice)).body).toMatchObject({ status: "pending" });
    expect(await scene.steps()).toEqual(["approval.opened", "approval.voted"]);
    const again = await scene.post(id, "approve", alice);
    expect([...problem(again), again.body.current_status]).toEqual([409, "conflict", "pending"]);
    expect(again.body.detail).toContain("1 of 2");
    const { body } = await scene.post(id, "approve", bob);
    expect(body.votes.map(({ voter }: { voter: string }) => voter)).toEqual(["alice", "bob"]);
    expect(body.status).toBe("approved");
    expect((await scene.steps()).slice(2)).toEqual(["approval.voted", "approval.approved"]);
  });

  test("needs the scope, before anything else is told", async () => {
    expect(problem(await scene.post(idOf(5), "approve", agent))).toEqual([403, "insufficient_scope"]);
    expect(problem(await scene.post(idOf(5), "deny", agent, { reason: "No." }))).toEqual([403, "insufficient_scope"]);
  });

  test("is only for who may look at it: the scope to read is needed too", async () => {
    const body = { identity: { name: "dora", roles: [] }, scopes: ["approvals:resolve"], roles: [] };
    const { body: key } = await scene.request("POST", "/v1/keys", { key: scene.secrets.admin, body });
    const { id } = await scene.open();
    for (const answer of [
      await scene.get(id, key.key),
      await scene.post(id, "approve", key.key),
      await scene.post(id, "deny", key.key, { reason: "No." }),
    ]) {
      expect(problem(answer)).toEqual([403, "insufficient_scope"]);
      expect(answer.body.detail).toContain("`approvals:read`");
    }
    expect((await scene.get(id, alice)).body.status).toBe("pending");
  });

  test("says who may, to who may not", async () => {
    const approvers = [["role:finance", "user:dora"], ["role:oncall"]];
    const { id } = await scene.open({ terms: { approvers } });
    const { status, body } = await scene.post(id, "approve", alice);
    expect([status, body.code]).toEqual([403, "approver_required"]);
    expect(body.detail).toContain("`role:finance` or `user:dora`, and `role:oncall`");
    const dora = await scene.keyOf("dora", ["approver"], { roles: ["oncall"] });
    expect((await scene.post(id, "approve", dora.secret)).body.status).toBe("approved");
  });

  test("is nothing for who asked, whatever key or tenant they come with", async () => {
    const approvers = ["approver", "agent"];
    const self = await scene.keyOf("billing-agent", approvers, { tenant: "acme" });
    const anywhere = await scene.keyOf("billing-agent", approvers);
    const holder = await scene.keyOf("gateway", approvers);
    const { id } = await scene.open();
    for (const { secret } of [self, anywhere, holder]) {
      for (const [verb, body] of [
        ["approve", undefined],
        ["deny", { reason: "No." }],
      ] as const) {
        const answer = await scene.post(id, verb, secret, body);
        expect([...problem(answer), answer.body.detail.includes("other than the one who asked")]).toEqual([
          403,
          "approver_required",
          true,
        ]);
      }
    }
  });

  test("is nothing for the key that asked, whoever it was asked for", async () => {
    const key = await scene.keyOf("front", ["admin"]);
    const requester = { ...actor("billing-agent", { keyId: key.id }), keyHolder: "gateway" };
    const { id } = await scene.open({ requester });
    const answer = await scene.post(id, "approve", key.secret);
    expect(problem(answer)).toEqual([403, "approver_required"]);
    expect(answer.body.detail).toContain("this very API key");
  });

  test("in another tenant is a 404, and changes nothing", async () => {
    const { id } = await scene.open();
    expect(problem(await scene.post(id, "approve", globex))).toEqual([404, "not_found"]);
    expect(problem(await scene.post(id, "deny", globex, { reason: "No." }))).toEqual([404, "not_found"]);
    expect((await scene.get(id, alice)).body.status).toBe("pending");
  });

  test("too late is a 409 that says how it ended, when and by whom", async () => {
    const { id } = await scene.open();
    await scene.post(id, "deny", bob, { reason: "No." });
    const late = await scene.post(id, "approve", alice);
    expect([...problem(late), late.body.current_status]).toEqual([409, "conflict", "denied"]);
    expect(late.body.detail).toBe("This approval was denied at 2026-01-02T03:04:05.000Z by `bob`.");
  });

  test("of what just expired is a 409, and the expiry is recorded", async () => {
    const { id } = await scene.open();
    scene.advance(TIMEOUT_MS);
    const late = await scene.post(id, "approve", alice);
    expect([late.status, late.body.current_status]).toEqual([409, "expired"]);
    expect(late.body.detail).toBe("This approval expired at 2026-01-02T03:09:05.000Z.");
    expect(await scene.steps()).toEqual(["approval.opened", "approval.expired"]);
  });

  test("that cannot be recorded says that it counts all the same, and is recorded later", async () => {
    const { id } = await scene.open();
    const { spool } = scene.service;
    const { append } = spool;
    Object.assign(spool, {
      append: async () => {
        throw new UnavailableError("audit", "the disk is full");
      },
    });
    const { status, body } = await scene.post(id, "approve", alice);
    expect([status, body.code]).toEqual([503, "audit_unavailable"]);
    expect(body.detail).toContain("It was done");
    Object.assign(spool, { append });
    scene.advance(10_000);
    await scene.service.approvalAnnouncer.catchUp();
    expect(await scene.steps()).toEqual(["approval.opened", "approval.voted", "approval.approved"]);
  });

  test("while the store does not answer is a 503", async () => {
    const { id } = await scene.open();
    Object.assign(scene.service.approvalStore, { vote: down });
    expect(problem(await scene.post(id, "approve", alice))).toEqual([503, "storage_unavailable"]);
  });

  test("by two at once where one is enough: one of them did it", async () => {
    const { id } = await scene.open();
    const answers = await Promise.all([alice, bob].map((key) => scene.post(id, "approve", key)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
    expect(await scene.steps()).toEqual(["approval.opened", "approval.voted", "approval.approved"]);
  });
});

describe("saying no", () => {
  test("hands the reason to the agent, and one no is enough", async () => {
    const { id } = await scene.open({ terms: { quorum: 2 } });
    await scene.post(id, "approve", alice);
    await scene.post(id, "deny", bob, { reason: "Paid already; tell the customer." });
    const { body } = await scene.get(id, agent);
    expect(body).toMatchObject({
      status: "denied",
      resolution: { by: "bob", reason: "Paid already; tell the customer." },
    });
    expect(body).not.toHaveProperty("grant");
    expect((await scene.steps()).at(-1)).toBe("approval.denied");
    expect(scene.notices.at(-1)).toEqual({ notice: "resolved", id });
  });

  test.each([
    ["deny", {}, "/reason"],
    ["deny", { reason: "" }, "/reason"],
    ["deny", { reason: " \n\t" }, "/reason"],
    ["deny", { reason: "x".repeat(2001) }, "/reason"],
    ["deny", { reason: "\u001b[2J" }, "/reason"],
    ["deny", { reason: "a\rb" }, "/reason"],
    ["deny", { reason: "\u009b31m" }, "/reason"],
    ["deny", { reason: "a\u0000" }, "/reason"],
    ["deny", { reason: 1 }, "/reason"],
    ["deny", { reason: "paid \u202eton" }, "/reason"],
    ["deny", { reason: "a \u2066b" }, "/reason"],
    ["deny", { reason: "a\u200bb" }, "/reason"],
    ["deny", { reason: "a\u2028b" }, "/reason"],
    ["deny", { reason: "ok\u{e0069}\u{e0067}" }, "/reason"],
    ["deny", { reason: "ok\ufe0f\u{e0121}" }, "/reason"],
    ["deny", { reason: "a\u200d\u200c\u200db" }, "/reason"],
    ["deny", { reason: "\u3164" }, "/reason"],
    ["deny", { reason: "\ufeffok" }, "/reason"],
    ["deny", { reason: "No.", because: "x" }, "/because"],
    ["approve", { note: "\u007f" }, "/note"],
    ["approve", { reason: "x" }, "/reason"],
    ["cancel", { reason: "\u0007" }, "/reason"],
  ])("%s with %j is refused by its field, and changes nothing", async (verb, body, pointer) => {
    const { id } = await scene.open();
    const answer = await scene.post(id, verb, verb === "cancel" ? agent : alice, body);
    expect([answer.status, answer.body.errors?.map((fault: { pointer: string }) => fault.pointer)]).toEqual([
      400,
      expect.arrayContaining([pointer]),
    ]);
    expect((await scene.get(id, alice)).body.status).toBe("pending");
  });

  test("without a body is refused, since the agent has to be told why", async () => {
    const { id } = await scene.open();
    expect(problem(await scene.post(id, "deny", alice))).toEqual([415, "unsupported_media_type"]);
  });

  test.each(["approve", "cancel"])("%s takes an empty body that is called JSON for none", async (verb) => {
    const { id } = await scene.open();
    const answer = await scene.request("POST", `/v1/approvals/${id}/${verb}`, {
      key: verb === "cancel" ? agent : alice,
      text: "",
      headers: { "content-type": "application/json; charset=utf-8" },
    });
    expect([answer.status, answer.body.status]).toEqual([200, verb === "cancel" ? "cancelled" : "approved"]);
  });

  test("an empty body gives the agent no reason, and is refused", async () => {
    const { id } = await scene.open();
    expect((await scene.request("POST", `/v1/approvals/${id}/deny`, { key: alice, text: "" })).status).toBe(400);
  });

  test.each([
    "ok \u2714\ufe0f, \u26a0\ufe0f 1\ufe0f\u20e3",
    "👩🏽‍💻 👩‍❤️‍👨 🏳️‍🌈 🇩🇪",
    "می‌خواهم",
    "ක්‍ර हिन्दी",
    "שלום, مرحبا",
    "日本語",
  ])("what people write stays possible: %s", async (reason) => {
    const { id } = await scene.open();
    expect((await scene.post(id, "deny", alice, { reason })).body.resolution.reason).toBe(reason);
  });

  test("a body that does not say what it is is not taken for none", async () => {
    const { id } = await scene.open();
    const headers = { "content-type": "text/plain" };
    const answer = await scene.request("POST", `/v1/approvals/${id}/approve`, { key: alice, text: "{}", headers });
    expect(problem(answer)).toEqual([415, "unsupported_media_type"]);
  });
});

describe("taking it back", () => {
  test("is for who asked, who may say why", async () => {
    const { id } = await scene.open();
    const { body } = await scene.post(id, "cancel", agent, { reason: "Not needed any more." });
    expect(body).toMatchObject({
      status: "cancelled",
      resolution: { by: "billing-agent", reason: "Not needed any more." },
    });
    expect(await scene.steps()).toEqual(["approval.opened", "approval.cancelled"]);
    const again = await scene.post(id, "cancel", agent);
    expect([again.status, again.body.current_status]).toEqual([409, "cancelled"]);
  });

  test("is a 404 for who does not see it, and a 403 for who does", async () => {
    const { id } = await scene.open();
    const other = await scene.keyOf("other-agent", ["agent"], { tenant: "acme" });
    const sees = await scene.keyOf("erin", ["approver", "agent"], { tenant: "acme" });
    expect(problem(await scene.post(id, "cancel", other.secret))).toEqual([404, "not_found"]);
    expect(problem(await scene.post(id, "cancel", globex))).toEqual([404, "not_found"]);
    expect(problem(await scene.post(id, "cancel", sees.secret))).toEqual([403, "approver_required"]);
    expect(problem(await scene.post(id, "cancel", alice))).toEqual([403, "insufficient_scope"]);
    expect((await scene.get(id, alice)).body.status).toBe("pending");
  });
});

test("what people write is kept without what looks like a secret", async () => {
  const secret = "ghp_16C7e42F292c6912E7710c838347Ae178B4a";
  const [first, second] = [await scene.open(), await scene.open()];
  const approved = await scene.post(first.id, "approve", alice, { note: `use ${secret}` });
  const denied = await scene.post(second.id, "deny", alice, { reason: `not with ${secret}` });
  for (const { status, body } of [approved, denied]) {
    expect(status).toBe(200);
    expect(JSON.stringify(body)).toContain("[redacted:");
    expect(JSON.stringify(body)).not.toContain(secret);
  }
});
