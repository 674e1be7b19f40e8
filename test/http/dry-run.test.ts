import { type AddressInfo, connect } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createNodeServer } from "../../src/http/index.ts";
import { UnavailableError } from "../../src/model/errors.ts";
import { CHECK_LIMITS, LIMITS } from "../../src/model/limits.ts";
import type { DryRunResult, PolicyChecker } from "../../src/operations/rule-sets/policy-checker.ts";
import { createInlinePolicyChecker } from "../inline-policy-checker.ts";
import { createTestService, type RequestOptions } from "../test-service.ts";
import { contentsOf } from "./store-contents.ts";

let verdict: Awaited<ReturnType<typeof createTestService>>;
beforeEach(async () => {
  verdict = await createTestService();
});

const RULES = `
version: 1
policy: pay
rules:
  - id: small
    action: { name: refund }
    when: arguments.amount > 0 && arguments.amount <= 50
    decision: allow
  - id: all
    decision: deny
    when: "true"
    priority: -1
    reason: Nothing else is allowed.
`;
const CASES = `
cases:
  - name: small
    request: { action_type: tool_call, action_name: refund, arguments: { amount: 20 } }
    expect: { decision: allow, rule: pay/small }
  - name: large
    request: { action_type: tool_call, action_name: refund, arguments: { amount: 60 } }
    expect: { decision: allow }
`;
const rules = [{ path: "pay.yaml", content: RULES }];
const fixtures = [{ path: "pay.test.yaml", content: CASES }];
/** Of the rules that the test service decides with. */
const ACTIVE_CASES = `
cases:
  - name: reading
    request: { action_type: tool_call, action_name: crm.get }
    expect: { decision: allow, rule: test/read }
  - name: a large refund
    request: { action_type: tool_call, action_name: stripe.refund, arguments: { amount: 51 } }
    expect: { decision: approval_required }
`;
const activeFixtures = [{ path: "test.test.yaml", content: ACTIVE_CASES }];

const dryRun = (body: unknown, rest: RequestOptions = {}) =>
  verdict.request("POST", "/v1/policy/dry-run", { key: verdict.secrets.ci, body, ...rest });

async function refused(body: unknown, rest: RequestOptions = {}) {
  const { status, body: problem, headers } = await dryRun(body, rest);
  expect(headers.get("content-type")).toBe("application/problem+json");
  expect(problem.decision).toBeUndefined();
  return { status, ...problem };
}

describe("a dry run", () => {
  test("tells of each case of a bundle what the rules of the bundle decide, and what differs", async () => {
    const { status, headers, body } = await dryRun({ rules, fixtures });
    expect([status, headers.get("content-type")]).toEqual([200, "application/json"]);
    expect(headers.get("cache-control")).toBe("no-store");
    expect(body).toEqual({
      revision: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
      passed: 1,
      failed: 1,
      cases: [
        {
          file: "pay.test.yaml",
          line: 3,
          column: 11,
          name: "small",
          ok: true,
          decision: "allow",
          reason_code: "rule_matched",
          rule_id: "pay/small",
        },
        {
          file: "pay.test.yaml",
          line: 6,
          column: 11,
          name: "large",
          ok: false,
          decision: "deny",
          reason_code: "rule_matched",
          rule_id: "pay/all",
          differences: [{ field: "decision", expected: "allow", actual: "deny" }],
        },
      ],
      warnings: [],
    });
    expect(body.revision).not.toBe(verdict.service.activeRules.current()?.revision);
  });

  test("without rules is about the rules that decide, and names their revision", async () => {
    const { status, body } = await dryRun({ fixtures: activeFixtures });
    expect([status, body.passed, body.failed]).toEqual([200, 2, 0]);
    expect(body.revision).toBe(verdict.service.activeRules.current()?.revision);
  });

  test("without rules is about the rules that decide although the files have errors by now", async () => {
    verdict.setFiles([{ path: "test.yaml", content: "rules: nonsense" }]);
    await verdict.request("POST", "/v1/policy/reload", { key: verdict.secrets.admin });
    const { status, body } = await dryRun({ fixtures: activeFixtures });
    expect([status, body.failed]).toEqual([200, 0]);
    expect(body.revision).toBe(verdict.service.activeRules.current()?.revision);
  });

  test("without rules, where none are active, is a 503", async () => {
    verdict = await createTestService({ files: [{ path: "test.yaml", content: "nonsense" }] });
    expect(await refused({ fixtures })).toMatchObject({ status: 503, code: "not_ready" });
    expect((await dryRun({ rules, fixtures })).status).toBe(200);
  });

  test("says what the cases do not show, where that is asked for", async () => {
    const { body } = await dryRun({ rules, fixtures, coverage: true });
    expect(body.coverage).toMatchObject({
      rules: { covered: 2, total: 2, percent: 100 },
      gaps: [{ rule_id: "pay/small", gaps: [], branches: [{ text: "arguments.amount > 0", missing: ["false"] }] }],
    });
    expect((await dryRun({ rules, fixtures, coverage: false })).body.coverage).toBeUndefined();
  });

  test("hands on what loading warns of", async () => {
    const odd = RULES.replace("action: { name: refund }", "action: { name: refund }\n    priority: 0").replace(
      'when: "true"',
      "when: 1 == 1",
    );
    const { body } = await dryRun({ rules: [{ path: "pay.yaml", content: odd }], fixtures });
    expect(body.warnings).toMatchObject([{ severity: "warning", file: "pay.yaml", rule_id: "pay/all" }]);
  });

  test.each([
    ["application/junit+xml", "application/junit+xml; charset=utf-8"],
    ["application/xml", "application/xml; charset=utf-8"],
    ["text/xml", "text/xml; charset=utf-8"],
    ["application/json;q=0.5, text/xml", "text/xml; charset=utf-8"],
    ["text/*", "text/xml; charset=utf-8"],
    ["APPLICATION/XML ; q=1", "application/xml; charset=utf-8"],
    ["application/xml;q=0.5, application/json", "application/json"],
    ["application/xml;q=0, */*;q=0.1", "application/json"],
    ["application/xml;q=x", "application/json"],
    ["text/html", "application/json"],
    ["*/*", "application/json"],
    ["", "application/json"],
  ])("for a client that accepts %s is %s", async (accept, type) => {
    const { status, headers, body } = await dryRun({ rules, fixtures }, { headers: { accept } });
    expect([status, headers.get("content-type")]).toEqual([200, type]);
    if (type === "application/json") expect(body.failed).toBe(1);
    else {
      expect(body).toContain('<testsuites name="verdict" tests="2" failures="1" errors="0">');
      expect(body).toMatch(/<property name="policy_revision" value="sha256:[0-9a-f]{64}"\/>/);
    }
  });

  test("escapes what stands in the report's names", async () => {
    const content = CASES.replace("name: small", `name: '</testcase><a href="x">&'`);
    const { body } = await dryRun(
      { rules, fixtures: [{ path: "a.test.yaml", content }] },
      { headers: { accept: "text/xml" } },
    );
    expect(body).toContain('name="&lt;/testcase&gt;&lt;a href=&quot;x&quot;&gt;&amp;"');
  });
});

describe("a dry run leaves no trace", () => {
  test("but one event: no approval, no decision, no key, no other rules", async () => {
    await verdict.evaluate({ action_type: "tool_call", action_name: "stripe.refund", arguments: { amount: 51 } });
    const before = await contentsOf(verdict);
    const { body } = await dryRun({ fixtures: activeFixtures, coverage: true });
    expect(body.cases[1].decision).toBe("approval_required");
    const after = await contentsOf(verdict);
    const [event, ...records] = after.records;
    expect({ ...after, records }).toEqual(before);
    expect(event).toMatchObject({
      kind: "policy.dry_run",
      actor: (await verdict.service.keyStore.list()).find(({ roles }) => roles.includes("ci"))?.id,
      data: { revision: body.revision, cases: 2, failed: 0 },
    });
  });

  test("at all when it was refused", async () => {
    const before = await contentsOf(verdict);
    await dryRun({ rules: [{ path: "pay.yaml", content: "nonsense" }], fixtures });
    await dryRun({ fixtures: [] });
    await dryRun({ fixtures: activeFixtures }, { key: verdict.secrets.agent });
    expect(await contentsOf(verdict)).toEqual(before);
  });

  test("is no answer when the event cannot be recorded", async () => {
    Object.assign(verdict.service.spool, {
      append: async () => {
        throw new UnavailableError("audit", "the disk is full");
      },
    });
    expect(await refused({ fixtures: activeFixtures })).toMatchObject({ status: 503, code: "audit_unavailable" });
  });
});

describe("a dry run refuses", () => {
  test("who lacks the scope, before anything is read", async () => {
    for (const key of [verdict.secrets.agent, verdict.secrets.auditor, verdict.secrets.approver]) {
      expect(await refused("", { key, text: "{" })).toMatchObject({ status: 403, code: "insufficient_scope" });
    }
    expect(await refused("", { key: null, text: "{" })).toMatchObject({ status: 401 });
  });

  test("rules with a syntax error, with the place of each", async () => {
    const content = RULES.replace("arguments.amount <= 50", "arguments.amount <=");
    const bundle = [
      { path: "a/first.yaml", content: "version: 1\npolicy: first\nrulez: []\n" },
      { path: "pay.yaml", content },
    ];
    const problem = await refused({ rules: bundle, fixtures });
    expect(problem).toMatchObject({
      status: 422,
      code: "rules_invalid",
      detail: expect.stringMatching(/^The rules have \d+ errors/),
    });
    expect(problem.diagnostics).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ file: "a/first.yaml", line: 3, column: 1, code: "unknown-field", severity: "error" }),
        expect.objectContaining({ file: "pay.yaml", line: 7, rule_id: "pay/small", code: "invalid-condition" }),
      ]),
    );
    expect(problem.errors).toContainEqual({
      pointer: "/rules/0/content",
      detail: expect.stringMatching(/^a\/first\.yaml:3:1: unknown field `rulez`/),
    });
    expect(problem.errors).toContainEqual({
      pointer: "/rules/1/content",
      detail: expect.stringMatching(/^pay\.yaml:7:\d+: /),
    });
  });

  test("text that is no YAML", async () => {
    const problem = await refused({ rules: [{ path: "pay.yaml", content: "version: [1\n" }], fixtures });
    expect(problem).toMatchObject({ status: 422, code: "rules_invalid" });
    expect(problem.diagnostics[0]).toMatchObject({ file: "pay.yaml", severity: "error" });
  });

  test("a fixture with an unknown field, with the nearest known one", async () => {
    const content = CASES.replace("expect: { decision: allow, rule", "expcet: { decision: allow, rule");
    expect(await refused({ rules, fixtures: [{ path: "pay.test.yaml", content }] })).toMatchObject({
      status: 422,
      code: "fixtures_invalid",
      diagnostics: [
        { file: "pay.test.yaml", line: 3, column: 5, code: "missing-field" },
        { line: 5, column: 5, code: "unknown-field", message: expect.stringContaining("did you mean `expect`") },
      ],
    });
  });

  test("an expectation that names no rule of the set", async () => {
    const content = CASES.replace("pay/small", "pay/smal");
    expect(await refused({ rules, fixtures: [{ path: "pay.test.yaml", content }] })).toMatchObject({
      status: 422,
      code: "fixtures_invalid",
      detail: "The fixtures have an error, so nothing was run.",
      errors: [{ pointer: "/fixtures/0/content", detail: expect.stringContaining("there is no rule `pay/smal`") }],
      diagnostics: [{ file: "pay.test.yaml", line: 5, code: "unknown-rule" }],
    });
  });

  test.each([
    ["../pay.yaml", "`..`"],
    ["a/../../etc/passwd.yaml", "`..`"],
    ["./pay.yaml", "`..`"],
    ["/etc/pay.yaml", "absolute"],
    ["C:/pay.yaml", "absolute"],
    ["..\\pay.yaml", "forward slashes"],
    ["a//pay.yaml", "empty part"],
    ["a/", "empty part"],
    [".hidden/pay.yaml", "dot"],
    ["pay\u0007.yaml", "control characters"],
    ["pay.yaml\n", "control characters"],
    ["pay\u0085.yaml", "control characters"],
    ["lmay.\u202eyap.yaml", "control characters"],
    ["pay\u2028.yaml", "control characters"],
    ["pay\u200b.yaml", "control characters"],
    ["", "1 to 256 characters"],
    [`${"a".repeat(256)}.yaml`, "1 to 256 characters"],
    ["pay.json", "must end like `payments.yaml`"],
    ["pay.test.yaml", "fixture file"],
  ])("rules with the file name %j, by its pointer", async (path, words) => {
    expect(await refused({ rules: [...rules, { path, content: RULES }], fixtures })).toMatchObject({
      status: 400,
      code: "invalid_request",
      errors: [{ pointer: "/rules/1/path", detail: expect.stringContaining(words) }],
    });
  });

  test("a file name with NUL, by its pointer", async () => {
    expect(await refused({ rules: [{ path: "a\0.yaml", content: RULES }], fixtures })).toMatchObject({
      status: 400,
      errors: [{ pointer: "/rules/0/path", detail: expect.stringContaining("NUL") }],
    });
  });

  test("two files with one name, and fixtures that are named as rules are", async () => {
    expect(await refused({ rules: [...rules, ...rules], fixtures })).toMatchObject({
      status: 400,
      errors: [{ pointer: "/rules/1/path", detail: expect.stringContaining("twice") }],
    });
    expect(await refused({ fixtures: [{ path: "pay.yaml", content: CASES }] })).toMatchObject({
      status: 400,
      errors: [{ pointer: "/fixtures/0/path", detail: "must end like `payments.test.yaml`" }],
    });
  });

  test("a body of another shape, all its faults at once", async () => {
    expect(await refused({ fixture: [], fixtures: [{ path: "a.test.yaml" }], coverage: "yes" })).toMatchObject({
      status: 400,
      errors: expect.arrayContaining([
        { pointer: "/fixture", detail: "unknown field; remove it" },
        { pointer: "/fixtures/0/content", detail: expect.any(String) },
        { pointer: "/coverage", detail: expect.any(String) },
      ]),
    });
    expect(await refused({ fixtures: [] })).toMatchObject({ status: 400, errors: [{ pointer: "/fixtures" }] });
    expect(await refused("", { text: "{" })).toMatchObject({ status: 400, code: "malformed_json" });
    expect(await refused("", { text: new Uint8Array([0x22, 0xff, 0x22]) })).toMatchObject({ code: "malformed_json" });
    expect(await refused({}, { headers: { "content-type": "text/yaml" } })).toMatchObject({ status: 415 });
    expect(await refused({}, { headers: { "content-encoding": "gzip" } })).toMatchObject({ status: 415 });
    const { status } = await verdict.request("POST", "/v1/policy/dry-run?x=1", { key: verdict.secrets.ci, body: {} });
    expect(status).toBe(400);
  });

  test("more than 4 MiB, and takes 4 MiB, which is more than other routes do", async () => {
    const ofSize = (bytes: number) => {
      const text = (filler: string) =>
        JSON.stringify({ rules, fixtures: [{ path: "a.test.yaml", content: CASES + filler }] });
      return text(`#${"x".repeat(bytes - text("#").length)}`);
    };
    expect((await dryRun("", { text: ofSize(CHECK_LIMITS.bodyBytesMax) })).status).toBe(200);
    expect(await refused("", { text: ofSize(CHECK_LIMITS.bodyBytesMax + 1) })).toMatchObject({
      status: 413,
      code: "body_too_large",
      detail: "The body may have 4194304 bytes at most.",
    });
  });

  test("more cases than it runs", async () => {
    const { casesMax } = CHECK_LIMITS;
    const name = (at: number) =>
      `  - { name: c${at}, request: { action_type: a, action_name: b }, expect: { decision: deny } }\n`;
    const ofCases = (count: number) => `cases:\n${Array.from({ length: count }, (_, at) => name(at)).join("")}`;
    const files = [
      { path: "a.test.yaml", content: ofCases(casesMax) },
      { path: "b.test.yaml", content: ofCases(1) },
    ];
    expect(await refused({ rules, fixtures: files })).toMatchObject({
      status: 422,
      code: "limit_exceeded",
      detail: "There are 10001 cases, and a dry run may have 10000. Send them in parts.",
    });
  });

  test("another one while it runs, and is ready for the next when it has ended, however it ended", async () => {
    let go = (_: DryRunResult | Error) => {};
    const checker = createInlinePolicyChecker();
    let isHeld = true;
    const held: PolicyChecker = {
      ...checker,
      dryRun: (job, signal) =>
        isHeld
          ? new Promise((resolve, reject) => {
              go = (result) => (result instanceof Error ? reject(result) : resolve(result));
            })
          : checker.dryRun(job, signal),
    };
    verdict = await createTestService({ override: { policyChecker: held } });
    const first = dryRun({ rules, fixtures });
    await expect.poll(async () => (await dryRun({ rules, fixtures })).status).toBe(429);
    const { headers } = await dryRun({ rules, fixtures });
    expect(headers.get("retry-after")).toBe("1");
    go(new Error("the worker is gone"));
    expect(await first).toMatchObject({ status: 500, body: { code: "internal_error" } });
    isHeld = false;
    expect((await dryRun({ rules, fixtures })).status).toBe(200);
    expect((await dryRun({ rules: [], fixtures })).status).toBe(400);
    expect((await dryRun({ rules, fixtures })).status).toBe(200);
  });
});

test("conditions that use up their budget in every case end as errors of the rule, not as a hang", async () => {
  const digits = "[0,1,2,3,4,5,6,7,8,9]";
  const depth = "abcdefgh".split("");
  const endless = depth.reduceRight((inner, name) => `${digits}.all(${name}, ${inner})`, "a + h >= 0");
  const content = `version: 1\npolicy: pay\nrules:\n  - { id: slow, decision: deny, reason: Slow., when: "${endless}" }\n`;
  const cases = Array.from({ length: 5 }, (_, at) => {
    return `  - { name: c${at}, request: { action_type: a, action_name: b }, expect: { decision: allow } }\n`;
  });
  const { status, body } = await dryRun({
    rules: [{ path: "pay.yaml", content }],
    fixtures: [{ path: "pay.test.yaml", content: `cases:\n${cases.join("")}` }],
  });
  expect([status, body.failed]).toEqual([200, 5]);
  expect(body.cases[0]).toMatchObject({ decision: "deny", reason_code: "rule_error", ok: false });
});

describe("a dry run over a connection", () => {
  let server: ReturnType<typeof createNodeServer>;
  beforeEach(async () => {
    server = createNodeServer(verdict.app.fetch, verdict.direct);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  const body = Buffer.from(JSON.stringify({ rules, fixtures }));

  /** Sends bytes as they are; `whole` is what comes back until the connection ends. */
  function send(...pieces: (string | Buffer)[]) {
    const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
    let answer = "";
    const whole = new Promise<string>((resolve) => {
      socket.on("data", (chunk) => {
        answer += chunk;
      });
      socket.on("error", () => undefined);
      socket.on("close", () => resolve(answer));
    });
    for (const piece of pieces) socket.write(piece);
    return { socket, whole };
  }
  const head = (length: number | string, key: string | null = verdict.secrets.ci, path = "/v1/policy/dry-run") =>
    [
      `POST ${path} HTTP/1.1`,
      "Host: localhost",
      ...(key === null ? [] : [`Authorization: Bearer ${key}`]),
      "Content-Type: application/json",
      typeof length === "number" ? `Content-Length: ${length}` : "Transfer-Encoding: chunked",
      "Connection: close",
      "\r\n",
    ].join("\r\n");
  const statusOf = (answer: string) => Number(answer.slice(9, 12));

  test("reads a body however it is cut", async () => {
    const pieces = [...body].map((byte) => Buffer.concat([Buffer.from("1\r\n"), Buffer.of(byte), Buffer.from("\r\n")]));
    const { whole } = send(head("chunked"), ...pieces, "0\r\n\r\n");
    expect(await whole).toContain('"failed":1');
  });

  test("answers who may not do it before the body is there, and reads none of it", async () => {
    const unsent = CHECK_LIMITS.bodyBytesMax;
    for (const [key, status] of [
      [null, 401],
      [verdict.secrets.agent, 403],
    ] as const) {
      expect(statusOf(await send(head(unsent, key)).whole)).toBe(status);
    }
    expect(statusOf(await send(head(CHECK_LIMITS.bodyBytesMax + 1)).whole)).toBe(413);
  });

  /** A body that does not come to its end, once it is being read. */
  async function sendSlowly(path?: string, key?: string) {
    const slow = send(`${head(body.length, key, path)}`.replace("Connection: close", "Expect: 100-continue"));
    await new Promise((resolve) => slow.socket.once("data", resolve));
    slow.socket.write(body.subarray(0, 10));
    return slow;
  }

  test("is not held up by a body that does not come to its end", async () => {
    await sendSlowly();
    await sendSlowly("/v1/policy/replay", verdict.secrets.admin);
    for (let n = 0; n < 3; n += 1) expect(statusOf(await send(head(body.length), body).whole)).toBe(200);
    const { status } = await verdict.request("POST", "/v1/policy/replay", {
      key: verdict.secrets.admin,
      body: { rules },
    });
    expect(status).toBe(200);
  });

  test("takes in a few bodies at once, and the next when a client has gone in the middle of its own", async () => {
    const slow = [await sendSlowly(), await sendSlowly("/v1/policy/replay", verdict.secrets.admin)];
    while (slow.length < 4) slow.push(await sendSlowly());
    let refusal = "";
    await expect.poll(async () => (refusal = await send(head(body.length), body).whole)).toContain(" 429 ");
    expect(refusal).toContain("4 bodies are on their way");
    expect(refusal).toMatch(/^retry-after: 1\r$/im);
    slow[0]!.socket.resetAndDestroy();
    await expect.poll(async () => statusOf(await send(head(body.length), body).whole)).toBe(200);
    slow[1]!.socket.write(body.subarray(10));
    expect(await new Promise((resolve) => slow[1]!.socket.once("data", (data) => resolve(String(data))))).toContain(
      " 400 ",
    );
    expect(verdict.logLines.join("")).not.toContain("a request failed");
  });

  test("with a query has the bound of every other route, and is refused for the query", async () => {
    expect(await send(head(body.length, verdict.secrets.ci, "/v1/policy/dry-run?a=b"), body).whole).toContain(
      '"pointer":"/a"',
    );
    expect(await send(head(body.length, verdict.secrets.ci, "/v1/policy/dry-run?"), body).whole).toContain(
      '"failed":1',
    );
    const large = Buffer.alloc(LIMITS.bodyBytesMax + 1, 0x20);
    expect(statusOf(await send(head(large.length, verdict.secrets.ci, "/v1/policy/dry-run?"), large).whole)).toBe(413);
  });
});
