import { type IncomingMessage, request } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
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
