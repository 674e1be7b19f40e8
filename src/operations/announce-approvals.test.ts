import { describe, expect, it, test } from "vitest";
import { actor, newApproval, pendingApproval } from "../../test/contract/approval-samples.ts";
import { createTestService } from "../../test/test-service.ts";
import { UnavailableError } from "../model/errors.ts";
import { createApprovalAnnouncer } from "./announce-approvals.ts";
import { expireApprovals, forgetApprovals, remindOfApprovals } from "./expire-approvals.ts";

const OPENED = { kind: "approval.opened", approval: pendingApproval(1) } as const;

async function createAnnouncer() {
  const { service, spool, logLines } = await createTestService();
  const { approvalStore, clock } = service;
  const published: string[] = [];
  const notified: string[] = [];
  const faults = { spool: false, notifier: false };
  const append = spool.append.bind(spool);
  spool.append = (record) =>
    faults.spool ? Promise.reject(new UnavailableError("audit", "disk full")) : append(record);
  const announcer = createApprovalAnnouncer({
    ...service,
    spool,
    news: { publish: async (id) => void published.push(id) },
    notifier: {
      async notify(notice, { id }) {
        if (faults.notifier) throw new UnavailableError("storage", "away");
        notified.push(`${notice} ${id}`);
      },
    },
  });
  const kinds = async () => {
    await service.flushAudit();
    return (await service.auditStore.list({ limit: 100 })).map(({ kind }) => kind).reverse();
  };
  return { announcer, published, notified, faults, kinds, logLines, approvalStore, clock };
}

describe("a step that cannot be recorded", () => {
  it("fails its call, wakes who waits all the same, and is recorded once later", async () => {
    const { announcer, published, faults, kinds } = await createAnnouncer();
    faults.spool = true;
    await expect(announcer.announce([OPENED])).rejects.toMatchObject({ code: "audit_unavailable" });
    expect(published).toEqual([OPENED.approval.id]);
    expect(await kinds()).not.toContain("approval.opened");
    await announcer.retry();
    expect(announcer.waiting).toBe(1);

    faults.spool = false;
    await announcer.retry();
    await announcer.retry();
    expect((await kinds()).filter((kind) => kind === "approval.opened")).toHaveLength(1);
    expect(announcer.waiting).toBe(0);
  });

  it("is recorded in the order in which the steps happened", async () => {
    const { announcer, faults, kinds } = await createAnnouncer();
    faults.spool = true;
    const approved = { kind: "approval.approved", approval: pendingApproval(1) } as const;
    await announcer.announce([OPENED]).catch(() => undefined);
    await announcer.announce([approved]).catch(() => undefined);
    faults.spool = false;
    await announcer.retry();
    expect((await kinds()).slice(-2)).toEqual(["approval.opened", "approval.approved"]);
  });
});

test("a notice that cannot be queued holds nothing up, and is queued later", async () => {
  const { announcer, notified, faults, logLines, approvalStore, clock } = await createAnnouncer();
  faults.notifier = true;
  const opened = await approvalStore.open(newApproval(1), clock.now(), { pendingMax: 1 });
  expect(opened.outcome).toBe("opened");
  await announcer.announce([OPENED]);
  expect(logLines.join("")).toContain("a notice of an approval waits");
  await announcer.retry();
  expect(announcer.waiting).toBe(1);
  faults.notifier = false;
  await announcer.retry();
  expect(notified).toEqual([`opened ${OPENED.approval.id}`]);
});

test("pending approvals are told of again, for whoever was not told", async () => {
  const { service } = await createTestService();
  const { approvalStore, clock } = service;
  for (const n of [1, 2, 3]) await approvalStore.open(newApproval(n), clock.now(), { pendingMax: 3 });
  await approvalStore.deny(newApproval(2).id, actor("alice"), "No.", clock.now());
  const told: string[] = [];
  await remindOfApprovals(service, { notify: async (notice, { id }) => void told.push(`${notice} ${id}`) });
  expect(told.sort()).toEqual([`opened ${newApproval(1).id}`, `opened ${newApproval(3).id}`]);
});

test("a vote is no notice: only what opens and ends an approval is", async () => {
  const { announcer, notified } = await createAnnouncer();
  const { approval } = OPENED;
  await announcer.announce([
    { kind: "approval.voted", approval },
    { kind: "approval.denied", approval },
    { kind: "approval.expired", approval },
    { kind: "approval.consumed", approval },
  ]);
  expect(notified).toEqual([`resolved ${approval.id}`, `expired ${approval.id}`]);
});

test("approvals that nobody looks at end on time, each announced once", async () => {
  const { service, notices, advance } = await createTestService();
  const opened = service.clock.now();
  for (let n = 1; n <= 450; n++) {
    await service.approvalStore.open(newApproval(n, { identity: `agent-${n}` }), opened, { pendingMax: 1 });
  }
  await expireApprovals(service);
  expect(notices).toEqual([]);
  advance(newApproval(1).terms.timeoutMs);
  await expireApprovals(service);
  await expireApprovals(service);
  expect(new Set(notices.map(({ id }) => id)).size).toBe(450);
  expect(notices.every(({ notice }) => notice === "expired")).toBe(true);
  expect(notices).toHaveLength(450);
});

test("what was answered long ago is forgotten, and nothing that is not", async () => {
  const { service, advance } = await createTestService();
  const { approvalStore, clock } = service;
  for (let n = 1; n <= 250; n++) {
    await approvalStore.open(newApproval(n, { identity: `agent-${n}` }), clock.now(), { pendingMax: 1 });
  }
  advance(newApproval(1).terms.timeoutMs);
  await expireApprovals(service);
  await approvalStore.open(newApproval(251, { terms: { timeoutMs: 40 * 86_400_000 } }), clock.now(), { pendingMax: 1 });
  advance(29 * 86_400_000);
  await forgetApprovals(service, 30);
  expect(await approvalStore.get(newApproval(1).id, clock.now())).toBeDefined();
  advance(2 * 86_400_000);
  await forgetApprovals(service, 30);
  const { approvals } = await approvalStore.list({ limit: 300 }, clock.now());
  expect(approvals.map(({ id }) => id)).toEqual([newApproval(251).id]);
});
