import { type IncomingMessage, request } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createApp, createHostGuard, createNodeServer, type Listening, listen } from "../../src/http/index.ts";
import { type ApprovalScene, createApprovalScene } from "./approvals-scene.ts";
import { settle } from "./event-client.ts";

/** Longer than a test may take. */
const DRAIN_MS = 120_000;

let scene: ApprovalScene;
let server: ReturnType<typeof createNodeServer>;
let listening: Listening;
let stopping: AbortController;
let agent: string;
let alice: string;
/** How often the store was asked for one approval. */
let reads: number;
beforeEach(async () => {
  scene = await createApprovalScene();
  const { service } = scene;
  agent = (await scene.keyOf("billing-agent", ["agent"], { tenant: "acme" })).secret;
  alice = (await scene.keyOf("alice", ["approver"], { tenant: "acme" })).secret;
  stopping = new AbortController();
  const deps = { service, assertHost: createHostGuard(["127.0.0.1"]), stopping: stopping.signal };
  server = createNodeServer(createApp(deps).fetch);
  listening = await listen(server, { kind: "tcp", host: "127.0.0.1", port: 0 });
  reads = 0;
  const { get } = service.approvalStore;
  Object.assign(service.approvalStore, {
    get: (...args: Parameters<typeof get>) => {
      reads += 1;
      return get(...args);
    },
  });
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

/** An agent that waits over a connection of its own. */
function waitFor(id: string) {
  const { port } = server.address() as AddressInfo;
  const path = `/v1/approvals/${id}?wait_seconds=60`;
  const headers = { authorization: `Bearer ${agent}` };
  const sending = request({ port, host: "127.0.0.1", path, headers, agent: false });
  const answer = new Promise<IncomingMessage>((resolve, reject) => sending.on("response", resolve).on("error", reject));
  sending.end();
  return { answer, hangUp: () => sending.destroy() };
}

/** Whether anybody waits: then news of the approval makes the service look at it. */
async function isWaitedFor(id: string): Promise<boolean> {
  await settle();
  const before = reads;
  await scene.service.approvalNews.publish(id);
  await settle();
  return reads > before;
}

const statusOf = async (answer: IncomingMessage) => (JSON.parse(await text(answer)) as { status: string }).status;

describe("a client that waits for an approval", () => {
  test("is answered over its connection", async () => {
    const { id } = await scene.open();
    const { answer } = waitFor(id);
    await expect.poll(() => isWaitedFor(id)).toBe(true);
    await scene.post(id, "approve", alice);
    expect(await statusOf(await answer)).toBe("approved");
  });

  test("and hangs up is waited for no more", async () => {
    const { id } = await scene.open();
    const { answer, hangUp } = waitFor(id);
    await expect.poll(() => isWaitedFor(id)).toBe(true);
    hangUp();
    await expect(answer).rejects.toThrow();
    await expect.poll(() => isWaitedFor(id)).toBe(false);
  });

  test("does not hold up a stop of the service", async () => {
    const { id } = await scene.open();
    const { answer } = waitFor(id);
    await expect.poll(() => isWaitedFor(id)).toBe(true);
    stopping.abort();
    await listening.drain(DRAIN_MS);
    expect(await statusOf(await answer)).toBe("pending");
  });
});
