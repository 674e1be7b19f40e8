import { type IncomingMessage, request } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { AuditScan } from "../../src/audit/index.ts";
import { createApp, createHostGuard, createNodeServer } from "../../src/http/index.ts";
import { UnavailableError } from "../../src/model/errors.ts";
import type { Clock } from "../../src/operations/service.ts";
import { createTestService, type RequestOptions, TEST_RULES } from "../test-service.ts";
import { contentsOf } from "./store-contents.ts";

let verdict: Awaited<ReturnType<typeof createTestService>>;
beforeEach(async () => {
  verdict = await createTestService();
});

const READ = { action_type: "tool_call", action_name: "crm.get" };
const refund = (amount: number) => ({ action_type: "tool_call", action_name: "stripe.refund", arguments: { amount } });
const rules = [{ path: "test.yaml", content: TEST_RULES }];
/** The cap is 40 instead of 50. */
const changed = [{ path: "test.yaml", content: TEST_RULES.replaceAll(" 50\n", " 40\n") }];

const post = (body: unknown, rest: RequestOptions = {}) =>
  verdict.request("POST", "/v1/policy/replay", { key: verdict.secrets.admin, body, ...rest });

type Line = Record<string, unknown> & { type: string };
const linesOf = (text: string) =>
  text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Line);

async function replay(body: unknown): Promise<{ lines: Line[]; last: Line }> {
  const { status, headers, body: text } = await post(body);
  expect([status, headers.get("content-type")]).toEqual([200, "application/x-ndjson"]);
  const lines = linesOf(text);
  return { lines, last: lines.at(-1)! };
}

/** A service whose clock goes on by a second at each look, so that each page is followed by a line of progress. */
async function withBusyClock() {
  let now = 0;
  const clock: Clock = { now: () => Date.parse("2026-01-02T03:04:05Z"), microseconds: () => (now += 1_000_000) };
  verdict = await createTestService({ override: { clock } });
}

/** So many reads, and refunds of 0 to 59, some of which ask for a person. */
async function decide(reads: number, refunds = 0) {
  for (let n = 0; n < reads; n += 1) await verdict.evaluate(READ);
  for (let amount = 0; amount < refunds; amount += 1) await verdict.evaluate(refund(amount));
}

describe("a replay", () => {
  test("of the rules that made them finds that no decision differs, over many pages and with answers of people", async () => {
    await decide(230, 60);
    const { body } = await verdict.evaluate(refund(55), { key: verdict.secrets.gateway });
    await verdict.request("POST", `/v1/approvals/${body.approval.id}/approve`, { key: verdict.secrets.approver });
    const used = { ...refund(55), approval_id: body.approval.id };
    expect((await verdict.evaluate(used, { key: verdict.secrets.gateway })).body.decision).toBe("allow");
    const { lines, last } = await replay({ rules });
    expect(lines[0]).toEqual({
      type: "progress",
      revision: verdict.service.activeRules.current()?.revision,
      decisions: 0,
      changed: 0,
      undecidable: 0,
      time: null,
    });
    expect(last).toMatchObject({
      type: "summary",
      revision: verdict.service.activeRules.current()?.revision,
      decisions: 292,
      compared: 292,
      unchanged: 292,
      changed: 0,
      same_decision: { count: 0 },
      undecidable: { count: 0 },
      malformed: { count: 0 },
    });
    expect(last).not.toHaveProperty("is_complete");
  });

  test("of other rules finds exactly the decisions that they change, with as many examples as were asked for", async () => {
    await decide(120, 60);
    const { last } = await replay({ rules: changed, examples: 2 });
    expect(last).toMatchObject({
      decisions: 180,
      changed: 10,
      transitions: [{ transition: "allow->approval_required", count: 10, examples: [{}, {}] }],
      by_rule: { groups: [{ before: "test/refund", after: "test/refund-over-cap", count: 10 }] },
    });
    expect((await replay({ rules: changed, examples: 0 })).last).toMatchObject({ transitions: [{ examples: [] }] });
  });

  test("of a part makes only the decisions of that part again", async () => {
    await decide(3, 60);
    verdict.advance(60_000);
    await decide(0, 45);
    const count = async (filters: object) => (await replay({ rules: changed, ...filters })).last.decisions;
    expect(await count({ from: "2026-01-02T03:05:00Z" })).toBe(45);
    expect(await count({ to: "2026-01-02T03:05:00Z" })).toBe(63);
    expect(await count({ action_name: "crm.get" })).toBe(3);
    expect(await count({ decision: "approval_required" })).toBe(3);
    expect(await count({ rule_id: "test/refund", from: "2026-01-02T03:05:00+00:00" })).toBe(44);
    expect(await count({ identity: "nobody" })).toBe(0);
  });

  test("counts what depends on a secret as undecidable", async () => {
    await verdict.evaluate({ ...READ, arguments: { password: "correct horse battery staple" } });
    const content = `
version: 1
policy: test
rules:
  - { id: read, action: { name: crm.get }, decision: allow, when: 'arguments.password != "a"' }
`;
    const { last } = await replay({ rules: [{ path: "test.yaml", content }] });
    expect(last).toMatchObject({ decisions: 1, undecidable: { count: 1 }, changed: 0 });
  });

  test("tells about once a second how far it is", async () => {
    await withBusyClock();
    await decide(250);
    const { lines, last } = await replay({ rules });
    const progress = lines.filter(({ type }) => type === "progress").map(({ decisions }) => decisions);
    expect(progress).toEqual([0, 100, 200, 250]);
    expect(lines[1]?.time).toBe("2026-01-02T03:04:05.000Z");
    expect(last).toMatchObject({ type: "summary", decisions: 250 });
  });
});

describe("a replay leaves no trace", () => {
  test("but one event, with what was looked at and what came of it", async () => {
    await decide(20, 60);
    const before = await contentsOf(verdict);
    await replay({ rules: changed, from: "2026-01-01T00:00:00Z", action_name: "stripe.refund" });
    const after = await contentsOf(verdict);
    const [event, ...records] = after.records;
    expect({ ...after, records }).toEqual(before);
    expect(event).toMatchObject({
      kind: "policy.replay",
      actor: (await verdict.service.keyStore.list()).find(({ roles }) => roles.includes("admin"))?.id,
      data: {
        revision: expect.stringMatching(/^sha256:/),
        filters: { from: "2026-01-01T00:00:00.000Z", action_name: "stripe.refund" },
        decisions: 60,
        changed: 10,
        undecidable: 0,
        is_complete: true,
      },
    });
  });

  test("at all when it was refused", async () => {
    const before = await contentsOf(verdict);
    await post({ rules: [{ path: "test.yaml", content: "nonsense" }] });
    await post({ rules }, { key: verdict.secrets.ci });
    expect(await contentsOf(verdict)).toEqual(before);
  });

  test("and gives no summary when the event cannot be recorded", async () => {
    await decide(1);
    await verdict.service.flushAudit();
    Object.assign(verdict.service.spool, {
      append: async () => {
        throw new UnavailableError("audit", "the disk is full");
      },
    });
    expect((await replay({ rules })).last).toMatchObject({ type: "error", problem: { code: "audit_unavailable" } });
  });
});

describe("a replay refuses", () => {
  test("who lacks one of its two scopes", async () => {
    for (const [key, scope] of [
      [verdict.secrets.ci, "audit:read"],
      [verdict.secrets.auditor, "dry-run"],
    ]) {
      const { status, body } = await post({ rules }, { key: key! });
      expect([status, body.code, body.detail]).toEqual([403, "insufficient_scope", expect.stringContaining(scope!)]);
    }
  });

  test("rules with errors, before anything is read, with their places", async () => {
    const content = TEST_RULES.replace("arguments.amount > 50", "arguments.amount >");
    expect((await post({ rules: [{ path: "a.yaml", content }] })).body).toMatchObject({
      status: 422,
      code: "rules_invalid",
      errors: [{ pointer: "/rules/0/content", detail: expect.stringMatching(/^a\.yaml:11:/) }],
      diagnostics: [{ file: "a.yaml", line: 11, code: "invalid-condition" }],
    });
  });

  test.each([
    [{ rules, kind: "decision" }, "/kind"],
    [{ rules, limit: 3 }, "/limit"],
    [{ rules, from: "yesterday" }, "/from"],
    [{ rules, decision: "maybe" }, "/decision"],
    [{ rules, examples: 21 }, "/examples"],
    [{ rules: [] }, "/rules"],
    [{ rules: [{ path: "../test.yaml", content: "" }] }, "/rules/0/path"],
    [{ rules: [{ path: "a.test.yaml", content: "" }] }, "/rules/0/path"],
  ])("the body %j by its pointer", async (body, pointer) => {
    expect((await post(body)).body).toMatchObject({ status: 400, code: "invalid_request", errors: [{ pointer }] });
  });

  test("to say anything about a log that lacks what is recorded, or that cannot be read", async () => {
    Object.assign(verdict.service, { flushAudit: async () => false });
    expect((await post({ rules })).body).toMatchObject({ status: 503, code: "storage_unavailable" });
    Object.assign(verdict.service, { flushAudit: async () => true });
    failAfter(0);
    expect((await post({ rules })).body).toMatchObject({ status: 503, code: "storage_unavailable" });
    // And is ready for the next one all the same.
    expect((await post({ rules })).body).toMatchObject({ code: "storage_unavailable" });
  });
});

/** The database goes away after so many pages. */
function failAfter(pages: number) {
  const { auditStore } = verdict.service;
  const { scan } = auditStore;
  let left = pages;
  Object.assign(auditStore, {
    async scan(query: AuditScan) {
      if (left === 0) throw new UnavailableError("storage", "the database went away");
      left -= 1;
      return scan(query);
    },
  });
}

test("a replay whose database dies in the middle says so in its last line, and in the log that it was not finished", async () => {
  await decide(250);
  failAfter(2);
  const { last } = await replay({ rules });
  expect(last).toMatchObject({ type: "error", problem: { status: 503, code: "storage_unavailable" } });
  const [event] = (await verdict.request("GET", "/v1/audit?kind=policy.replay", { key: verdict.secrets.auditor })).body
    .items;
  expect(event.data).toMatchObject({ is_complete: false });
});

describe("a replay over a connection", () => {
  let server: ReturnType<typeof createNodeServer>;
  let stopping: AbortController;
  let pages = 0;
  beforeEach(async () => {
    await withBusyClock();
    await decide(250);
    stopping = new AbortController();
    const deps = { service: verdict.service, assertHost: createHostGuard(["127.0.0.1"]), stopping: stopping.signal };
    server = createNodeServer(createApp(deps).fetch, verdict.direct);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  const open = (body: unknown = { rules }) =>
    new Promise<IncomingMessage>((resolve, reject) => {
      const { port } = server.address() as AddressInfo;
      const headers = { authorization: `Bearer ${verdict.secrets.admin}`, "content-type": "application/json" };
      const options = { port, host: "127.0.0.1", path: "/v1/policy/replay", method: "POST", headers, agent: false };
      request(options, resolve).on("error", reject).end(JSON.stringify(body));
    });
  const textOf = async (response: IncomingMessage) => Buffer.concat(await response.toArray()).toString();

  /** A log without an end, read a page at a time. */
  function endlessLog() {
    const { auditStore } = verdict.service;
    const { scan } = auditStore;
    pages = 0;
    Object.assign(auditStore, {
      scan: (query: AuditScan) => {
        pages += 1;
        const { after: _, ...anew } = query;
        return scan(anew);
      },
    });
  }
  const settled = async () => {
    let before = -1;
    while (before !== pages) {
      before = pages;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  };

  test("arrives whole", async () => {
    const lines = linesOf(await textOf(await open()));
    expect(lines.map(({ type }) => type)).toEqual(["progress", "progress", "progress", "progress", "summary"]);
  });

  test("ends when its client has gone: nothing more is read, and there is room for the next", async () => {
    endlessLog();
    const response = await open();
    expect((await open()).statusCode).toBe(429);
    response.destroy();
    await expect.poll(async () => (await open({ rules: changed })).statusCode).toBe(200);
  });

  test("ends when the service stops, with a last line that says so", async () => {
    endlessLog();
    const response = await open();
    await new Promise((resolve) => response.once("readable", resolve));
    stopping.abort();
    const lines = linesOf(await textOf(response));
    expect(lines.at(-1)).toMatchObject({ type: "error", problem: { status: 503, code: "not_ready" } });
    await settled();
  });

  test("while the service stops does not begin", async () => {
    stopping.abort();
    const response = await open();
    expect([response.statusCode, JSON.parse(await textOf(response)).code]).toEqual([503, "not_ready"]);
  });
});

test("a replay reads no page before its client has taken what was told of the one before", async () => {
  await withBusyClock();
  await decide(900);
  const { auditStore } = verdict.service;
  const { scan } = auditStore;
  let read = 0;
  Object.assign(auditStore, {
    scan: (query: AuditScan) => {
      read += 1;
      return scan(query);
    },
  });
  const headers = {
    host: "localhost",
    authorization: `Bearer ${verdict.secrets.admin}`,
    "content-type": "application/json",
  };
  const body = JSON.stringify({ rules });
  const response = await verdict.app.request("http://localhost/v1/policy/replay", { method: "POST", headers, body });
  const reader = response.body!.getReader();
  for (let taken = 0; taken < 5; taken += 1) {
    expect(read).toBeLessThanOrEqual(taken + 2);
    await reader.read();
  }
  await reader.cancel();
  expect(read).toBeLessThanOrEqual(7);
});
