import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createApp, createHostGuard, createNodeServer, type Listening, listen } from "../../src/http/index.ts";
import { createTestService } from "../test-service.ts";

/** Longer than a test may take. */
const DRAIN_MS = 120_000;

let verdict: Awaited<ReturnType<typeof createTestService>>;
let server: ReturnType<typeof createNodeServer>;
let listening: Listening;
let stopping: AbortController;
beforeEach(async () => {
  verdict = await createTestService();
  stopping = new AbortController();
  const assertHost = createHostGuard(["127.0.0.1"]);
  const deps = { service: verdict.service, assertHost, stopping: stopping.signal };
  server = createNodeServer(createApp(deps).fetch);
  listening = await listen(server, { kind: "tcp", host: "127.0.0.1", port: 0 });
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

const open = () =>
  new Promise<IncomingMessage>((resolve, reject) => {
    const { port } = server.address() as AddressInfo;
    const headers = { authorization: `Bearer ${verdict.secrets.auditor}` };
    const sending = request({ port, host: "127.0.0.1", path: "/v1/audit/stream", headers, agent: false }, resolve);
    sending.on("error", reject).end();
  });

const first = (response: IncomingMessage) => new Promise((resolve) => response.once("data", resolve));

const closed = (response: IncomingMessage) =>
  new Promise((resolve) => {
    response.on("error", () => undefined);
    response.once("close", resolve);
  });

describe("an open stream and a stop of the service", () => {
  test("do not wait for each other: the stream ends, and the client sees its end", async () => {
    const response = await open();
    await first(response);
    const end = closed(response);
    stopping.abort();
    await listening.drain(DRAIN_MS);
    await end;
    expect(response.complete).toBe(true);
  });

  test("whose client does not read is cut off, rather than to hold up the stop", async () => {
    const page = `{"version":1,"kind":"decision","filler":"${"x".repeat(200_000)}"}`;
    let pages = 0;
    Object.assign(verdict.service.auditStore, {
      arrivals: async (cursor: string | undefined) => {
        pages += cursor === undefined ? 0 : 1;
        const lines = Array.from({ length: cursor === undefined ? 0 : 50 }, () => ({ id: "x", line: page }));
        return { lines, cursor: `1.${pages}`, cursors: lines.map((_, at) => `1.${pages}-${at}`) };
      },
    });
    const response = await open();
    response.pause();
    const end = closed(response);
    await expect.poll(() => pages).toBe(1);
    stopping.abort();
    await listening.drain(DRAIN_MS);
    response.resume();
    await end;
    expect(response.complete).toBe(false);
  });

  test("and a client that goes away: its place is free", async () => {
    const responses = [];
    for (let n = 0; n < 100; n++) responses.push(await open());
    expect((await open()).statusCode).toBe(429);
    responses[0]!.destroy();
    await expect.poll(async () => (await open()).statusCode).toBe(200);
    for (const response of responses) response.destroy();
  });
});

describe("streams that are asked for at once over one connection", () => {
  test.each([
    ["/v1/audit/stream", "auditor", 3],
    ["/v1/approvals/stream", "approver", 3],
    ["/v1/policy/stream", "agent", 30],
  ] as const)(
    "%s: give back their places when it goes, those too whose turn never came",
    async (path, role, rounds) => {
      const { port } = server.address() as AddressInfo;
      const headers = { authorization: `Bearer ${verdict.secrets[role]}` };
      const asking = `GET ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: ${headers.authorization}\r\n\r\n`;
      for (let round = 0; round < rounds; round += 1) {
        const socket = connect(port, "127.0.0.1");
        socket.write(asking.repeat(20));
        await once(socket, "data");
        socket.destroy();
      }
      const ask = () => fetch(`http://127.0.0.1:${port}${path}`, { headers });
      await vi.waitFor(async () => {
        const answers = await Promise.all(Array.from({ length: 25 }, ask));
        for (const { body } of answers) await body!.cancel();
        expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
      }, 10_000);
    },
  );
});
