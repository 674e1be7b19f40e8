import { setTimeout as pause } from "node:timers/promises";
import { beforeAll, describe, expect, it } from "vitest";
import { createTestDatabase, startRedis } from "../servers.ts";
import { freshPostgres, ownServer } from "../shared-servers.ts";
import { addKey, ask, type Resolving, refund, refundRules, resolve, show, use } from "./approval-scene.ts";
import { startService, type TestedService } from "./service.ts";
import { waitFor } from "./wait-for.ts";

const CRASHES = 6;

const server = await freshPostgres();
const redis = await ownServer(() => startRedis({ appendonly: "yes", appendfsync: "always" }));

describe.skipIf(server === undefined || redis === undefined)("Redis is killed and comes back", () => {
  let service: TestedService;
  let people: Record<"alice" | "bob", string>;
  beforeAll(async () => {
    const { url } = await createTestDatabase(server!);
    service = await startService({ rulesDir: refundRules(), env: { DATABASE_URL: url, REDIS_URL: redis!.url } });
    people = {
      alice: await addKey(service, "alice", "approver"),
      bob: await addKey(service, "bob", "approver"),
    };
  });

  const look = { action_type: "tool_call", action_name: "crm.get_customer" };
  const backAgain = () =>
    waitFor("approvals are there again", async () => {
      const { status } = await service.call("GET", "/v1/approvals?limit=1", { key: people.alice });
      return status === 200;
    });

  it("what was acknowledged is as it was; meanwhile only what needs a person is denied", async () => {
    const [pending, approved, denied] = [
      await ask(service, refund("ch_1")),
      await ask(service, refund("ch_2")),
      await ask(service, refund("ch_3")),
    ];
    expect((await resolve(service, "approve", approved, people.alice)).status).toBe(200);
    expect((await resolve(service, "deny", denied, people.alice)).status).toBe(200);
    const waiting = show(service, pending, service.keys.agent, 30);
    // It has had its first look, and waits.
    await pause(200);

    await redis!.stop("SIGKILL");
    expect(await service.evaluate(refund("ch_4"))).toMatchObject({
      decision: "deny",
      reason_code: "approvals_unavailable",
    });
    expect(await use(service, approved, refund("ch_2"))).toMatchObject({ reason_code: "approvals_unavailable" });
    expect(await service.evaluate(look)).toMatchObject({ decision: "allow" });
    expect((await resolve(service, "approve", pending, people.alice)).body).toMatchObject({
      code: "storage_unavailable",
    });
    const { body: readiness } = await service.call<{ checks: object }>("GET", "/readyz");
    expect(readiness.checks).toMatchObject({ redis: { status: "down" } });

    await redis!.start();
    await backAgain();
    expect(await ask(service, refund("ch_1"))).toBe(pending);
    expect(await show(service, denied, service.keys.agent)).toMatchObject({ status: "denied" });
    expect(await use(service, approved, refund("ch_2"))).toMatchObject({ decision: "allow" });
    expect(await use(service, approved, refund("ch_2"))).toMatchObject({ reason_code: "approval_consumed" });
    expect((await resolve(service, "approve", pending, people.alice)).status).toBe(200);
    expect(await waiting).toMatchObject({ id: pending, status: "approved" });
  });

  it("killed while approvals are being resolved: none twice, none lost that was acknowledged", async () => {
    const told: Record<string, string[]> = {};
    for (let crash = 0; crash < CRASHES; crash++) {
      const bodies = Array.from({ length: 8 }, (_, nth) => refund(`ch_crash_${crash}_${nth}`));
      const ids: string[] = [];
      for (const body of bodies) ids.push(await ask(service, body));
      const isFirst = deferred();
      const attempts = ids.flatMap((id) =>
        (
          [
            ["approve", people.alice],
            ["deny", people.bob],
            ["cancel", service.keys.agent],
          ] as [Resolving, string][]
        ).map(async ([how, key]) => {
          await pause(Math.random() * 30);
          const { status, body } = await resolve(service, how, id, key);
          if (status !== 200) return;
          told[id] = [...(told[id] ?? []), body.status];
          isFirst.resolve();
        }),
      );
      // In the middle of them: the first is acknowledged, and most are not.
      await Promise.race([isFirst.promise, Promise.all(attempts)]);
      await redis!.stop("SIGKILL");
      await Promise.all(attempts);
      await redis!.start();
      await backAgain();
      for (const id of ids) {
        const { status } = await show(service, id, service.keys.agent);
        const acknowledged = told[id] ?? [];
        expect([id, acknowledged.length <= 1]).toEqual([id, true]);
        if (acknowledged.length === 1) expect([id, status]).toEqual([id, acknowledged[0]]);
      }
      // What was not resolved can still be.
      for (const id of ids) await resolve(service, "cancel", id, service.keys.agent);
    }
    expect(Object.keys(told).length).toBeGreaterThanOrEqual(CRASHES);
  });
});

function deferred() {
  let resolve = () => {};
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

it.skipIf(server === undefined)("a Redis that may lose approvals is warned of at the start", async () => {
  const forgetful = await startRedis();
  try {
    const { url } = await createTestDatabase(server!);
    const service = await startService({ env: { DATABASE_URL: url, REDIS_URL: forgetful.url } });
    await waitFor("the warning", () => service.output.includes("set appendonly to yes"));
  } finally {
    await forgetful.close();
  }
});
