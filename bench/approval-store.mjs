// What approvals in Redis cost: `npm run build` first, then `REDIS_URL=redis://... node bench/approval-store.mjs` with a Redis
// that nobody else uses. 10,000 are pending and 100,000 are resolved; times are the medians and 99th percentiles of one call
// after the other, memory is what Redis says. Leaves nothing behind.
import { randomUUID } from "node:crypto";
import { Redis } from "ioredis";
import { createRedisApprovalStore } from "../dist/adapters/redis/approval-store.js";

const PENDING = 10_000;
const RESOLVED = 100_000;
const AT_ONCE = 500;
const CALLS = 1000;
const OPENED_AT = 1_800_000_000_000;
const NOW = OPENED_AT + 1000;
const LATE = OPENED_AT + 10 * 86_400_000;
const ROOM = { pendingMax: Number.MAX_SAFE_INTEGER };

const { REDIS_URL } = process.env;
if (REDIS_URL === undefined) {
  console.log("skipped, because REDIS_URL is not set");
  process.exit();
}
const keyPrefix = `bench-${randomUUID()}:`;
const store = createRedisApprovalStore({ url: REDIS_URL, keyPrefix, timeoutMs: 10_000 });
const redis = new Redis(REDIS_URL);
const person = (name) => ({ keyId: `key-of-${name}`, identity: { name, roles: [] } });
const idOf = (n) => `019a0000-0000-7000-8000-${n.toString(16).padStart(12, "0")}`;

const memory = async () => Number(/used_memory:(\d+)/.exec(await redis.info("memory"))[1]);
const before = await memory();
await inTurns(RESOLVED, async (n) => {
  await open(n);
  if (n % 3 === 0) await store.deny(idOf(n), person("alice"), "Not today.", NOW);
  else await store.vote(idOf(n), person("alice"), undefined, NOW);
});
await inTurns(PENDING, (n) => open(RESOLVED + n));
const megabytes = ((await memory()) - before) / 1e6;
console.log(`${PENDING} pending, ${RESOLVED} resolved: ${megabytes.toFixed(0)} MB, Node ${process.version}\n`);

const other = (n) => RESOLVED + ((n * 7919) % PENDING);
const pageAt = (n) => ({ before: idOf(RESOLVED + PENDING - ((n * 97) % PENDING)) });
console.log("| call | ms p50 | ms p99 |\n|---|---|---|");
await time("get", (n) => store.get(idOf(other(n)), NOW));
await time("vote that completes the quorum", (n) => store.vote(idOf(other(n)), person("bob"), undefined, NOW));
await time("consume", (n) => {
  const use = { digest: String(other(n)), requestId: randomUUID(), caller: person(`agent-${other(n) % 100}`) };
  return store.consume(idOf(other(n)), use, NOW);
});
await time("open", (n) => open(RESOLVED + PENDING + n));
await time("list of 50 pending", (n) => store.list({ status: "pending", limit: 50, ...pageAt(n) }, NOW));
await time("list of 50, any status", (n) => store.list({ limit: 50, ...pageAt(n) }, NOW));
const three = { status: "pending", identity: "agent-7", tenant: "tenant-7", ruleId: "payments/refund" };
await time("list of 50 by identity, tenant, rule and status", () => store.list({ ...three, limit: 50 }, NOW));
// No approval has both, so all of the shorter list is gone through.
const never = { status: "approved", identity: "agent-7", tenant: "tenant-8" };
await time("list of 50 by two filters that nothing matches", () => store.list({ ...never, limit: 50 }, NOW));
await time("countOthers", (n) => store.countOthers(newApproval(other(n)), NOW));
await time("expireDue, nothing due", () => store.expireDue(NOW, 200));
await time("expireDue of 200", () => store.expireDue(LATE, 200), 40);
await time("forget 100", () => store.forget(LATE, 100), 400);

await redis.unlink(["asked", "states", "index"].map((name) => `{${keyPrefix}verdict:approvals}:${name}`));
redis.disconnect();
await store.close();

async function inTurns(count, run) {
  for (let first = 0; first < count; first += AT_ONCE) {
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, count - first) }, (_, n) => run(first + n)));
  }
}

async function time(name, run, calls = CALLS) {
  const times = [];
  for (let n = 0; n < calls; n += 1) {
    const startedAt = performance.now();
    await run(n);
    times.push(performance.now() - startedAt);
  }
  times.sort((a, b) => a - b);
  const at = (share) => times[Math.floor(times.length * share)].toFixed(2);
  console.log(`| ${name} | ${at(0.5)} | ${at(0.99)} |`);
}

function open(n) {
  return store.open(newApproval(n), OPENED_AT, ROOM);
}

function newApproval(n) {
  const requester = person(`agent-${n % 100}`);
  const identity = { ...requester.identity, tenant: `tenant-${n % 100}` };
  return {
    id: idOf(n),
    digest: String(n),
    requester: { ...requester, identity, keyHolder: "gateway" },
    actionType: "tool_call",
    actionName: `stripe.refund_${n % 10}`,
    sessionId: `run-${n}`,
    requestId: idOf(n),
    rule: { id: "payments/refund", name: "Refunds over the cap", reason: "Refunds above $50 need a person." },
    ruleDigest: "sha256:0000000000000000000000000000000000000000000000000000000000000000",
    terms: { timeoutMs: 86_400_000, onTimeout: "deny", approvers: [], quorum: 1, grantTtlMs: 300_000 },
    policyRevision: "sha256:0000000000000000000000000000000000000000000000000000000000000000",
    view: JSON.stringify({ action_name: "stripe.refund", arguments: { amount: n, note: "x".repeat(300) } }),
  };
}
