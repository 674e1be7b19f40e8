import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createTestService } from "../../../test/test-service.ts";
import { createNodeServer } from "../../http/index.ts";
import type { ApprovalEvent } from "./deps.ts";
import { createHttpApprovalInbox } from "./http-inbox.ts";

let verdict: Awaited<ReturnType<typeof createTestService>>;
let server: Server;
beforeEach(async () => {
  verdict = await createTestService();
  server = createNodeServer(verdict.app.fetch, verdict.direct);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

function inboxOf(key: string) {
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return createHttpApprovalInbox({ url, key });
}

async function ask(amount: number): Promise<string> {
  const { body } = await verdict.evaluate({
    action_type: "tool_call",
    action_name: "stripe.refund",
    arguments: { amount },
    session_id: "run-42",
  });
  return body.approval.id;
}

describe("approvals over HTTP", () => {
  test("speaks the routes of the service", async () => {
    const inbox = inboxOf(verdict.secrets.approver);
    const [first, second, third] = [await ask(100), await ask(200), await ask(300)];
    const { items, next_cursor } = await inbox.list({ status: "pending" }, 2);
    expect([items.map(({ id }) => id), next_cursor]).toEqual([[third, second], second]);
    expect((await inbox.list({ identity: "agent", rule_id: "test/refund-over-cap" }, 10_000)).items).toHaveLength(3);
    expect((await inbox.list({ identity: "nobody" }, 10)).items).toEqual([]);

    expect(await inbox.get(first)).toMatchObject({
      request: { arguments: { amount: 100 } },
      requester: { name: "agent" },
      session_decisions: expect.any(Array),
      history: { pending: 2 },
    });
    expect(await inbox.approve(first, { note: "ok" })).toMatchObject({
      status: "approved",
      votes: [{ voter: "approver", note: "ok" }],
    });
    expect(await inbox.deny(second, { reason: "paid" })).toMatchObject({
      status: "denied",
      resolution: { by: "approver", reason: "paid" },
    });
    expect(await inboxOf(verdict.secrets.agent).cancel(third, {})).toMatchObject({ status: "cancelled" });
    await inbox.close();
  });

  test("tells refusals apart", async () => {
    const inbox = inboxOf(verdict.secrets.approver);
    const id = await ask(100);
    const admin = inboxOf((await verdict.addKey(["agent", "approver"])).secret);
    const { body } = await verdict.evaluate(
      { action_type: "tool_call", action_name: "stripe.refund", arguments: { amount: 400 } },
      { key: (await verdict.addKey(["agent", "approver"])).secret },
    );
    await expect(admin.approve(body.approval.id, {})).rejects.toThrow("[approver_required]");
    await expect(inboxOf(verdict.secrets.agent).approve(id, {})).rejects.toThrow("[insufficient_scope]");
    await expect(inbox.get("019b7ca9-8c88-72b5-a21d-d88e00a3fdfd")).rejects.toThrow("[not_found]");
    await inbox.deny(id, { reason: "no" });
    await expect(inbox.approve(id, {})).rejects.toMatchObject({
      message: expect.stringMatching(/denied.*\[conflict\]$/),
      exitCode: 5,
    });
    await expect(inbox.approve(id, { note: "\u001b" })).rejects.toMatchObject({ faults: [{ pointer: "/note" }] });
  });

  test("follows the stream from what is pending on, until it is told to stop", async () => {
    const inbox = inboxOf(verdict.secrets.approver);
    const [first, second] = [await ask(100), await ask(200)];
    const ending = new AbortController();
    const told: ApprovalEvent[] = [];
    const following = (async () => {
      for await (const event of inbox.follow(ending.signal)) {
        told.push(event);
        if (event.kind === "synced") await inbox.approve(first, {});
        if (event.kind === "approval" && event.approval.status === "approved") ending.abort();
      }
    })();
    await expect(following).rejects.toThrow("broke off");
    expect(told).toMatchObject([
      { approval: { id: first, status: "pending" } },
      { approval: { id: second, status: "pending" } },
      { kind: "synced" },
      { approval: { id: first, status: "approved" } },
    ]);
    await expect(async () => {
      for await (const _ of inboxOf(verdict.secrets.agent).follow(new AbortController().signal));
    }).rejects.toThrow("[insufficient_scope]");
  });
});
