import { beforeEach, describe, expect, test } from "vitest";
import type { NewDelivery } from "../../src/webhooks/index.ts";
import { idOf } from "../contract/samples.ts";
import { createTestService } from "../test-service.ts";

let verdict: Awaited<ReturnType<typeof createTestService>>;
const NOW = Date.parse("2026-01-02T03:04:05Z");

const delivery = (n: number, parts: Partial<NewDelivery> = {}): NewDelivery => ({
  id: idOf(n),
  webhookId: "pager",
  eventId: `approval_opened_${idOf(n)}`,
  event: "approval.opened",
  approvalId: idOf(n),
  body: '{"data":"hunter2"}',
  ...parts,
});

beforeEach(async () => {
  verdict = await createTestService();
  const { webhookQueue } = verdict.service;
  await webhookQueue.enqueue([delivery(1, { tenant: "acme" }), delivery(2), delivery(3, { tenant: "globex" })], NOW);
  const [leased] = await webhookQueue.lease(["pager"], NOW, 1000);
  await webhookQueue.settle(leased!, { kind: "dead", httpStatus: 410, error: "the receiver answered 410" }, NOW + 1);
});

const list = (query = "", key = verdict.secrets.approver) =>
  verdict.request("GET", `/v1/webhooks/deliveries${query}`, { key });
const resend = (id: string, key = verdict.secrets.admin) =>
  verdict.request("POST", `/v1/webhooks/deliveries/${id}/resend`, { key });
const idsOf = ({ body }: { body: { items: { id: string }[] } }) => body.items.map(({ id }) => id);

/** A key of a tenant. */
async function keyOf(tenant: string): Promise<string> {
  const identity = { name: `admin-of-${tenant}`, roles: [], tenant };
  const { body } = await verdict.request("POST", "/v1/keys", {
    key: verdict.secrets.admin,
    body: { identity, roles: ["admin"] },
  });
  return body.key;
}

describe("the deliveries", () => {
  test("are listed, newest first, a page at a time, without what was sent", async () => {
    const first = await list("?limit=2");
    expect(idsOf(first)).toEqual([idOf(3), idOf(2)]);
    const second = await list(`?limit=2&cursor=${first.body.next_cursor}`);
    expect(second.body).toEqual({
      items: [
        {
          ...{ id: idOf(1), webhook_id: "pager", event_id: `approval_opened_${idOf(1)}`, type: "approval.opened" },
          ...{ approval_id: idOf(1), status: "dead", attempts: 1, created_at: "2026-01-02T03:04:05.000Z" },
          ...{ last_attempt_at: "2026-01-02T03:04:05.001Z", last_http_status: 410 },
          last_error: "the receiver answered 410",
        },
      ],
      next_cursor: null,
    });
    expect(JSON.stringify([first.body, second.body])).not.toContain("hunter2");
  });

  test("that are dead are found", async () => {
    expect(idsOf(await list("?status=dead"))).toEqual([idOf(1)]);
    expect(idsOf(await list("?status=delivered"))).toEqual([]);
  });

  test.each(["?status=gone", "?limit=0", "?limit=201", "?cursor=x", "?tenant=acme"])(
    "with %s are a 400",
    async (query) => {
      expect(await list(query)).toMatchObject({ status: 400, body: { code: "invalid_request" } });
    },
  );

  test("need a scope to be read, and another to be sent again", async () => {
    expect(await list("", verdict.secrets.agent)).toMatchObject({ status: 403, body: { code: "insufficient_scope" } });
    expect(await resend(idOf(1), verdict.secrets.approver)).toMatchObject({ status: 403 });
  });

  test("of another tenant are not there", async () => {
    const acme = await keyOf("acme");
    expect(idsOf(await list("", acme))).toEqual([idOf(1)]);
    expect(await resend(idOf(3), acme)).toMatchObject({ status: 404, body: { code: "not_found" } });
    expect(await resend(idOf(2), acme)).toMatchObject({ status: 404 });
    expect(await resend(idOf(1), acme)).toMatchObject({ status: 200 });
  });
});

describe("a delivery that is sent again", () => {
  test("is due at once", async () => {
    verdict.advance(5000);
    expect(await resend(idOf(1))).toMatchObject({
      status: 200,
      body: { id: idOf(1), status: "pending", attempts: 0, due_at: "2026-01-02T03:04:10.000Z" },
    });
    expect(idsOf(await list("?status=dead"))).toEqual([]);
  });

  test.each([idOf(9), "x", "%00"])("does not exist: %s", async (id) => {
    expect(await resend(id)).toMatchObject({ status: 404, body: { code: "not_found" } });
  });
});
