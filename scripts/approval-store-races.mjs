// Two processes race for every approval on one Redis, and what each of them was told is held against what Redis has:
//
//   npm run build && REDIS_URL=redis://127.0.0.1:6379 node scripts/approval-store-races.mjs --approvals 10000
//
// For each approval both approve, deny, cancel, let it expire and use its grant, all at once; then both use it again. Prints
// the counts, and ends with 1 when an approval left `pending` other than once, was told other than once and as it ended, or
// when a grant was used other than once. Leaves nothing behind in Redis. CI runs the same with fewer approvals.
import { fork } from "node:child_process";
import { randomUUID } from "node:crypto";
import { parseArgs } from "node:util";
import { createRedisApprovalStore } from "../dist/adapters/redis/approval-store.js";

const { values } = parseArgs({
  options: {
    approvals: { type: "string", default: "10000" },
    /** Of the processes that this one starts. */
    racer: { type: "string" },
  },
});
const { REDIS_URL } = process.env;
if (REDIS_URL === undefined) throw new TypeError("REDIS_URL is not set");
if (!/^[1-9]\d{0,6}$/.test(values.approvals)) throw new TypeError("--approvals: expected a whole number from 1");

const RACERS = 2;
/** Approvals that are raced for at a time, which keeps the two processes together. */
const ROUND = 200;
/** More than any step takes on a busy machine: what fails here is to be a wrong count, not a slow one. */
const TIMEOUT_MS = 60_000;
const OPENED_AT = 1_800_000_000_000;
const EXPIRES_AT = OPENED_AT + 300_000;

const person = (name) => ({ keyId: `key-of-${name}`, identity: { name, roles: [] } });
const REQUESTER = person("agent");
/** Whose time runs out about now, and what becomes of them then. */
const isLate = (n) => n % 4 === 1;
const onTimeout = (n) => (n % 8 === 1 ? "allow" : "deny");

const keyPrefix = values.racer ?? `races-${randomUUID()}:`;
const store = createRedisApprovalStore({ url: REDIS_URL, keyPrefix, timeoutMs: TIMEOUT_MS });
if (values.racer === undefined) process.exit(await main(Number(values.approvals)));
else process.on("message", async ({ phase, approvals }) => process.send(await race(phase, approvals)));

async function main(count) {
  const startedAt = performance.now();
  const racers = Array.from({ length: RACERS }, () =>
    fork(import.meta.filename, ["--racer", keyPrefix], { env: { REDIS_URL } }),
  );
  const all = { told: new Map(), uses: new Map(), byRacer: racers.map(() => ({ told: 0, uses: 0 })), calls: 0 };
  const ended = [];
  for (let first = 0; first < count; first += ROUND) {
    const numbers = Array.from({ length: Math.min(ROUND, count - first) }, (_, n) => first + n);
    const approvals = numbers.map((n) => ({ n, id: idOf(n) }));
    await Promise.all(numbers.map((n) => store.open(newApproval(n), OPENED_AT, { pendingMax: count })));
    for (const phase of ["race", "use"])
      collect(all, await Promise.all(racers.map((racer) => ask(racer, phase, approvals))));
    ended.push(...(await Promise.all(approvals.map(async ({ id }) => (await store.get(id, OPENED_AT)).approval))));
  }
  for (const racer of racers) racer.kill();
  while ((await store.forget(EXPIRES_AT * 2, 1000)) > 0);
  await store.close();
  return report(all, ended, ((performance.now() - startedAt) / 1000).toFixed(1));
}

function ask(racer, phase, approvals) {
  return new Promise((resolve, reject) => {
    const fail = (code) => reject(new Error(`a racing process ended with ${code}`));
    racer.once("exit", fail);
    racer.once("message", (result) => {
      racer.off("exit", fail);
      resolve(result);
    });
    racer.send({ phase, approvals });
  });
}

function collect(all, results) {
  for (const [n, { told, uses, calls }] of results.entries()) {
    for (const { id, status } of told) all.told.set(id, [...(all.told.get(id) ?? []), status]);
    for (const id of uses) all.uses.set(id, (all.uses.get(id) ?? 0) + 1);
    all.byRacer[n].told += told.length;
    all.byRacer[n].uses += uses.length;
    all.calls += calls;
  }
}

function report({ told, uses, byRacer, calls }, ended, seconds) {
  const granted = ended.filter(({ grant }) => grant !== undefined);
  const wrong = {
    "still pending": ended.filter(({ status }) => status === "pending"),
    "told never": ended.filter(({ id }) => !told.has(id)),
    "told more than once": ended.filter(({ id }) => told.get(id)?.length > 1),
    "told otherwise": ended.filter(({ id, status }) => told.has(id) && told.get(id)[0] !== status),
    "granted and not used": granted.filter(({ id, grant }) => !uses.has(id) || grant.consumedAt === undefined),
    "used more than once": ended.filter(({ id }) => uses.get(id) > 1),
    "used without a grant": ended.filter(({ id, grant }) => uses.has(id) && grant === undefined),
  };
  const statuses = ["approved", "denied", "cancelled", "expired"];
  const counts = statuses.map((status) => `${status} ${ended.filter((approval) => approval.status === status).length}`);
  const per = (figure) => byRacer.map((racer, n) => `process ${n + 1}: ${racer[figure]}`).join(", ");
  console.log(`approvals ${ended.length}, processes ${RACERS}, calls ${calls}, seconds ${seconds}`);
  console.log(`ended: ${counts.join(", ")}`);
  console.log(`told that they ended: ${told.size} (${per("told")})`);
  console.log(`grants: ${granted.length}, used: ${uses.size} (${per("uses")})`);
  for (const [what, approvals] of Object.entries(wrong)) console.log(`${what}: ${approvals.length}`);
  return Object.values(wrong).every((approvals) => approvals.length === 0) ? 0 : 1;
}

/** What a racing process does to all approvals of a round at once, and what it was told. */
async function race(phase, approvals) {
  const attempts = shuffled(approvals.flatMap((approval) => (phase === "race" ? racing(approval) : using(approval))));
  const answers = (await Promise.all(attempts.map((attempt) => attempt()))).flat();
  return {
    told: answers.filter(({ hasResolved }) => hasResolved).map(({ approval: { id, status } }) => ({ id, status })),
    uses: answers.filter(({ isUse, ok }) => isUse && ok).map(({ approval }) => approval.id),
    calls: attempts.length,
  };
}

function racing({ n, id }) {
  const late = isLate(n) ? [EXPIRES_AT, EXPIRES_AT - 1] : [EXPIRES_AT - 1, EXPIRES_AT - 2];
  const now = () => late[Math.floor(Math.random() * late.length)];
  return [
    () => store.vote(id, person("alice"), undefined, now()),
    () => store.vote(id, person("bob"), "Fine.", now()),
    () => store.deny(id, person("carol"), "No.", now()),
    () => store.cancel(id, REQUESTER, undefined, now()),
    () => store.get(id, now()),
    async () => (await store.expireDue(now(), 3)).map((approval) => ({ approval, hasResolved: true })),
    ...using({ n, id }, now),
  ];
}

function using({ n, id }, now = () => EXPIRES_AT) {
  const use = async () => {
    const step = await store.consume(id, { digest: String(n), requestId: randomUUID(), caller: REQUESTER }, now());
    return { ...step, isUse: true };
  };
  return [use, use];
}

function shuffled(list) {
  for (let n = list.length - 1; n > 0; n -= 1) {
    const other = Math.floor(Math.random() * (n + 1));
    [list[n], list[other]] = [list[other], list[n]];
  }
  return list;
}

function idOf(n) {
  return `019a0000-0000-7000-8000-${n.toString(16).padStart(12, "0")}`;
}

function newApproval(n) {
  return {
    id: idOf(n),
    digest: String(n),
    requester: { ...REQUESTER, keyHolder: "agent" },
    actionType: "tool_call",
    actionName: "stripe.refund",
    requestId: idOf(n),
    rule: { id: "payments/refund", name: "Refunds", reason: "Refunds need a person." },
    ruleDigest: "",
    terms: {
      timeoutMs: EXPIRES_AT - OPENED_AT,
      onTimeout: onTimeout(n),
      approvers: [],
      quorum: 1,
      grantTtlMs: 300_000,
    },
    policyRevision: "",
    view: "{}",
  };
}
