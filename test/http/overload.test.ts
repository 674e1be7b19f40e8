import { type AddressInfo, connect } from "node:net";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { QueuedDecision } from "../../src/http/decision-queue.ts";
import { createDecisionGate, createNodeServer } from "../../src/http/index.ts";
import { createTestService } from "../test-service.ts";

const verdict = await createTestService();
const gate = createDecisionGate(verdict.service, 100);
/** What the queue says, in the test's hands. */
let state: "calm" | "turns away" | "waits in vain" | "waits" = "calm";
const waiting: QueuedDecision[] = [];
const server = createNodeServer(verdict.app.fetch, verdict.direct, {
  ...gate,
  queue: {
    ...gate.queue,
    isOverloaded: () => state === "turns away",
    hasRoom: () => state === "calm",
    add: (decision) => void (state === "waits" ? waiting.push(decision) : decision.refuse()),
  },
});
let url: string;
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => server.close());
beforeEach(() => {
  state = "calm";
});

const EVALUATE = "/v1/policy/evaluate";
const READ = { action_type: "tool_call", action_name: "crm.get" };
const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
  fetch(url + path, {
    method: "POST",
    headers: {
      host: "localhost",
      authorization: `Bearer ${verdict.secrets.agent}`,
      "content-type": "application/json",
      ...headers,
    },
    body: JSON.stringify(body),
  });
const isRefused = async (response: Response) => {
  expect(response.status).toBe(503);
  expect(response.headers.get("retry-after")).toBe("1");
  expect(response.headers.get("content-type")).toBe("application/problem+json");
  expect(await response.json()).toMatchObject({ code: "overloaded", status: 503, decision: "deny" });
};

test.each(["turns away", "waits in vain"] as const)(
  "under overload every way to a decision is a 503 with Retry-After and a deny, and nothing is recorded: %s",
  async (overload) => {
    const before = verdict.spool.head.seq;
    state = overload;
    await isRefused(await post(EVALUATE, READ));
    await isRefused(await post(`${EVALUATE}?a=1`, READ));
    await isRefused(await post(`${EVALUATE}/batch`, { requests: [READ] }));
    await isRefused(await post(EVALUATE, { ...READ, arguments: { x: "x".repeat(200_000) } }));
    expect(verdict.spool.head.seq).toBe(before);
    state = "calm";
    expect(await (await post(EVALUATE, READ)).json()).toMatchObject({ decision: "allow" });
  },
);

test("a refusal can be told from others by the caller's own id", async () => {
  state = "turns away";
  const response = await post(EVALUATE, READ, { "x-request-id": "mine-1" });
  expect(response.headers.get("x-request-id")).toBe("mine-1");
});

test("probes, metrics and people are answered all the same, and the metrics count the refusals", async () => {
  state = "turns away";
  for (const path of ["/healthz", "/readyz", "/v1/policy/rules", "/v1/approvals"]) {
    const { status } = await fetch(url + path, { headers: { authorization: `Bearer ${verdict.secrets.admin}` } });
    expect([path, status]).toEqual([path, 200]);
  }
  const metrics = async () => (await fetch(`${url}/metrics`)).text();
  const refusals = async () => Number(/^verdict_overload_refusals_total (\d+)$/m.exec(await metrics())?.[1]);
  const before = await refusals();
  await post(EVALUATE, READ);
  expect(await refusals()).toBe(before + 1);
  expect(await metrics()).toMatch(/verdict_http_requests_total\{route="\/v1\/policy\/evaluate",status="503"\} [1-9]/);
  expect(await metrics()).toMatch(/^verdict_decision_queue_length 0$/m);
});

test("the log says once that decisions are refused, not for each of them", async () => {
  state = "turns away";
  for (let nth = 0; nth < 5; nth++) await post(EVALUATE, READ);
  expect(verdict.logLines.filter((line) => line.includes("overloaded"))).toHaveLength(1);
});

test.each(["whole", "in chunks"])(
  "who has hung up before their turn is decided nothing: a request %s",
  async (kind) => {
    state = "waits";
    const before = verdict.spool.head.seq;
    const body = JSON.stringify(READ);
    const [framing, content] =
      kind === "whole"
        ? [`Content-Length: ${body.length}`, body]
        : ["Transfer-Encoding: chunked", `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`];
    const lines = [`POST ${EVALUATE} HTTP/1.1`, "Host: localhost", `Authorization: Bearer ${verdict.secrets.agent}`];
    const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
    socket.write(`${[...lines, "Content-Type: application/json", framing].join("\r\n")}\r\n\r\n${content}`);
    await expect.poll(() => waiting.length).toBe(1);
    socket.end();
    await new Promise((resolve) => setTimeout(resolve, 30));
    waiting.pop()!.run();
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(verdict.spool.head.seq).toBe(before);
  },
);
