import { beforeAll, describe, expect, it } from "vitest";
import { createTestDatabase, startRedis } from "../servers.ts";
import { freshPostgres, ownServer } from "../shared-servers.ts";
import { describeWaits, measureWaits } from "./approval-latency.ts";
import { addKey, ask, refund, refundRules, resolve, show, use } from "./approval-scene.ts";
import { verifyOnline } from "./audit-proof.ts";
import { startService, type TestedService } from "./service.ts";
import { startReplicas } from "./start-replicas.ts";
import { waitFor } from "./wait-for.ts";

/** `scripts/approval-races.mjs` asks for more. */
const ROUNDS = Number(process.env.APPROVAL_WAITS ?? 15);

const server = await freshPostgres();
const redis = await ownServer(startRedis);

const rulesDir = refundRules();

describe("an agent, a person and the service, embedded", () => {
  let service: TestedService;
  let alice: string;
  beforeAll(async () => {
    service = await startService({ rulesDir, isMeasured: true });
    alice = await addKey(service, "alice", "approver");
  });

  it("the agent asks and waits, the person approves, the agent goes on", async () => {
    const waits = await measureWaits(service, service, alice, ROUNDS);
    console.log(`one process: ${describeWaits(waits)}`);
    expect(waits.toAllow).toHaveLength(ROUNDS);
  });

  it("a denial reaches the waiting agent with the person's reason", async () => {
    const body = refund("ch_denied");
    const id = await ask(service, body);
    const waiting = show(service, id, service.keys.agent, 20);
    await resolve(service, "deny", id, alice, { reason: "The customer was refunded on Monday." });
    expect(await waiting).toMatchObject({
      status: "denied",
      resolution: { reason: "The customer was refunded on Monday." },
    });
    const answer = await use(service, id, body);
    expect(answer).toMatchObject({ decision: "deny", reason_code: "approval_denied" });
    expect(answer.reason).toContain("The customer was refunded on Monday.");
  });

  it("nobody approves what they ask for, and no agent resolves anything", async () => {
    const id = await ask(service, refund("ch_own"));
    const own = await addKey(service, "agent", "approver");
    expect((await resolve(service, "approve", id, own)).body).toMatchObject({ code: "approver_required" });
    expect((await resolve(service, "approve", id, service.keys.agent)).body).toMatchObject({
      code: "insufficient_scope",
    });
  });

  it("what nobody answers ends on time, although nobody looks", async () => {
    const id = await ask(service, refund("ch_silent", { action_name: "stripe.quick_refund" }));
    await waitFor("the expiry is in the log", async () => {
      const records = await service.auditRecords("kind=approval.expired");
      return records.some((record) => "data" in record && record.data.id === id);
    });
    const answer = await use(service, id, refund("ch_silent", { action_name: "stripe.quick_refund" }));
    expect(answer).toMatchObject({ decision: "deny", reason_code: "approval_expired" });
  });

  it("an approver whose key was revoked approved nothing", async () => {
    const body = { identity: { name: "mallory", roles: [] }, roles: ["approver"] };
    const { admin } = service.keys;
    const { body: made } = await service.call<{ id: string; key: string }>("POST", "/v1/keys", { key: admin, body });
    const id = await ask(service, refund("ch_mallory"));
    expect((await resolve(service, "approve", id, made.key)).status).toBe(200);
    expect((await service.call("DELETE", `/v1/keys/${made.id}`, { key: admin })).status).toBe(200);
    expect(await use(service, id, refund("ch_mallory"))).toMatchObject({
      decision: "deny",
      reason_code: "approval_vote_revoked",
    });
  });
});

it("pending and granted ones survive a crash", async () => {
  let crashing = await startService({ rulesDir });
  const person = await addKey(crashing, "alice", "approver");
  const [pending, granted] = [await ask(crashing, refund("ch_crash_1")), await ask(crashing, refund("ch_crash_2"))];
  await resolve(crashing, "approve", granted, person);
  await crashing.kill();
  crashing = await startService({ rulesDir, dataDir: crashing.dataDir });
  expect(await ask(crashing, refund("ch_crash_1"))).toBe(pending);
  expect(await use(crashing, granted, refund("ch_crash_2"))).toMatchObject({ decision: "allow" });
  expect(await use(crashing, granted, refund("ch_crash_2"))).toMatchObject({ reason_code: "approval_consumed" });
  expect(await verifyOnline(crashing)).toMatchObject({ valid: true });
});

describe.skipIf(server === undefined)("two replicas", () => {
  describe.each([
    { news: "woken by Redis", isThere: redis !== undefined, env: { REDIS_URL: redis?.url ?? "" } },
    { news: "woken by PostgreSQL", isThere: true, env: {} },
  ])("$news", ({ news, isThere, env }) => {
    it.skipIf(!isThere)("the agent waits on one, the person approves on the other", async () => {
      const { url } = await createTestDatabase(server!);
      const [here, there] = await startReplicas(2, { rulesDir: refundRules(), env: { DATABASE_URL: url, ...env } });
      const alice = await addKey(there!, "alice", "approver");
      const waits = await measureWaits(here!, there!, alice, ROUNDS);
      console.log(`two processes, ${news}: ${describeWaits(waits)}`);
      await waitFor("every step is in the log", async () => {
        const records = await here!.auditRecords("kind=approval.approved");
        return records.length === waits.toAllow.length;
      });
      expect(await verifyOnline(here!)).toMatchObject({ valid: true });
    });
  });
});
