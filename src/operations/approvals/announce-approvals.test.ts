import { describe, expect, it, test } from "vitest";
import { actor, newApproval } from "../../../test/contract/approval-samples.ts";
import { createTestService } from "../../../test/test-service.ts";
import { UnavailableError } from "../../model/errors.ts";
import { type ApprovalStep, createApprovalAnnouncer } from "./announce-approvals.ts";
import { expireApprovals, forgetApprovals } from "./expire-approvals.ts";

const TELL_WITHIN_MS = 10_000;

/** `opened` is an approval in the store whose opening nobody has told yet. */
async function createAnnouncer() {
  const { service, spool, logLines, advance } = await createTestService();
  const { approvalStore, clock } = service;
  const published: string[] = [];
  const notified: string[] = [];
  const statuses: string[] = [];
  const claims: number[] = [];
  const faults = { spool: false, notifier: false, store: false, marks: false, recordsWith: "\0" };
  const pause = { promise: Promise.resolve() };
  const append = spool.append.bind(spool);
  spool.append = (record) =>
    faults.spool || record.includes(faults.recordsWith)
      ? Promise.reject(new UnavailableError("audit", "disk full"))
      : append(record);
  const away = async () => Promise.reject(new UnavailableError("storage", "away"));
  const start = () =>
    createApprovalAnnouncer({
      ...service,
      spool,
      approvalStore: {
        markTold: (steps) => (faults.store || faults.marks ? away() : approvalStore.markTold(steps)),
        async claimUntold(now, limit) {
          if (faults.store) await away();
          const claimed = await approvalStore.claimUntold(now, limit);
          claims.push(claimed.length);
          return claimed;
        },
      },
      wait: async () => void (await pause.promise),
      news: { publish: async (id) => void published.push(id) },
      notifier: {
        async notify(notice, { id, status }) {
          if (faults.notifier) await away();
          statuses.push(`${notice}: ${status}`);
          notified.push(`${notice} ${id}`);
        },
      },
    });
  const kinds = async () => {
    await service.flushAudit();
    const lines = await service.auditStore.scan({ limit: 10_000 });
    const all = lines.map(({ line }) => JSON.parse(line).kind as string);
    return all.filter((kind) => kind.startsWith("approval.")).map((kind) => kind.replace("approval.", ""));
  };
  async function open(n: number): Promise<ApprovalStep> {
    const opened = await approvalStore.open(newApproval(n), clock.now(), { pendingMax: 500 });
    if (opened.outcome !== "opened") throw new Error(opened.outcome);
    return { ...opened.approval.untold![0]!, approval: opened.approval };
  }
  const untold = async (id: string) => (await approvalStore.get(id, clock.now()))!.approval.untold?.length ?? 0;
  const later = () => advance(TELL_WITHIN_MS);
  return {
    start,
    open,
    published,
    notified,
    statuses,
    faults,
    pause,
    claims,
    kinds,
    logLines,
    approvalStore,
    clock,
    untold,
    later,
    spool,
  };
}

describe("a step that cannot be recorded", () => {
  it("fails its call, wakes who waits all the same, and is recorded once later", async () => {
    const { start, open, published, faults, kinds, later, untold } = await createAnnouncer();
    const announcer = start();
    const opened = await open(1);
    faults.spool = true;
    await expect(announcer.announce([opened])).rejects.toMatchObject({ code: "audit_unavailable" });
    expect(published).toEqual([opened.approval.id]);
    later();
    await expect(announcer.catchUp()).rejects.toMatchObject({ code: "audit_unavailable" });
    expect(await kinds()).toEqual([]);

    faults.spool = false;
    later();
    await announcer.catchUp();
    later();
    await announcer.catchUp();
    expect(await kinds()).toEqual(["opened"]);
    await announcer.settle();
    expect(await untold(opened.approval.id)).toBe(0);
  });

  it("is recorded with the others of its approval, in the order in which they happened", async () => {
    const { start, open, faults, kinds, approvalStore, clock, later } = await createAnnouncer();
    const announcer = start();
    const opened = await open(1);
    faults.spool = true;
    await announcer.announce([opened]).catch(() => undefined);
    await approvalStore.vote(opened.approval.id, actor("alice"), undefined, clock.now());
    faults.spool = false;
    later();
    await announcer.catchUp();
    expect(await kinds()).toEqual(["opened", "voted", "approved"]);
  });
});

test("who waits for an approval reads it before the store hears that the step is told", async () => {
  const { start, open, published, pause, untold } = await createAnnouncer();
  let go = () => {};
  pause.promise = new Promise((resolve) => {
    go = resolve;
  });
  const announcer = start();
  const { approval, ...step } = await open(1);
  await announcer.announce([{ ...step, approval }]);
  expect(published).toEqual([approval.id]);
  await new Promise(setImmediate);
  expect(await untold(approval.id)).toBe(1);
  go();
  await announcer.settle();
  expect(await untold(approval.id)).toBe(0);
});

describe("a process that dies", () => {
  it("before it tells a step leaves it to another one, which says how the approval was right behind it", async () => {
    const { start, open, kinds, notified, later, approvalStore, clock } = await createAnnouncer();
    const { approval } = await open(1);
    await approvalStore.vote(approval.id, actor("alice"), undefined, clock.now());
    const other = start();
    await other.catchUp();
    expect(await kinds()).toEqual([]);
    later();
    await Promise.all([other.catchUp(), start().catchUp()]);
    expect(await kinds()).toEqual(["opened", "voted", "approved"]);
    await other.settle();
    expect(notified).toEqual([`opened ${approval.id}`, `resolved ${approval.id}`]);
  });

  it("right behind telling a step lets it be told again, not lost", async () => {
    const { start, open, pause, kinds, later } = await createAnnouncer();
    const opened = await open(1);
    pause.promise = new Promise(() => {});
    await start().announce([opened]);
    later();
    await start().catchUp();
    expect(await kinds()).toEqual(["opened", "opened"]);
  });
});

test("a store that is away when a step is told hears of it later, and the step is not told twice", async () => {
  const { start, open, faults, kinds, later, untold } = await createAnnouncer();
  const announcer = start();
  const opened = await open(1);
  faults.store = true;
  await announcer.announce([opened]);
  await expect(announcer.settle()).rejects.toMatchObject({ code: "storage_unavailable" });
  later();
  await expect(announcer.catchUp()).rejects.toMatchObject({ code: "storage_unavailable" });
  faults.store = false;
  await announcer.catchUp();
  expect(await untold(opened.approval.id)).toBe(0);
  expect(await kinds()).toEqual(["opened"]);
});

test("a notice that cannot be queued holds nothing up, and is queued later without a second record", async () => {
  const { start, open, notified, faults, logLines, kinds, later, untold } = await createAnnouncer();
  const announcer = start();
  faults.notifier = true;
  const opened = await open(1);
  await announcer.announce([opened]);
  expect(await kinds()).toEqual(["opened"]);
  await announcer.settle();
  expect(logLines.join("")).toContain("a notice of an approval waits");
  expect(await untold(opened.approval.id)).toBe(1);
  faults.notifier = false;
  later();
  await announcer.catchUp();
  await announcer.settle();
  expect(notified).toEqual([`opened ${opened.approval.id}`]);
  expect(await kinds()).toEqual(["opened"]);
  expect(await untold(opened.approval.id)).toBe(0);
});

test("a store that does not take what is told, as a full one, lets what others left be recorded, once", async () => {
  const { start, open, faults, kinds, later } = await createAnnouncer();
  const announcer = start();
  const [told] = [await open(1), await open(2)];
  faults.marks = true;
  await announcer.announce([told]);
  for (let look = 0; look < 2; look++) {
    later();
    await expect(announcer.catchUp()).rejects.toMatchObject({ code: "storage_unavailable" });
  }
  expect(await kinds()).toEqual(["opened", "opened"]);
});

describe("what goes on failing", () => {
  it("of one approval holds up no other", async () => {
    const { start, open, faults, kinds, later, untold } = await createAnnouncer();
    const announcer = start();
    const opened = [];
    for (let n = 1; n <= 25; n++) opened.push(await open(n));
    faults.recordsWith = opened[0]!.approval.id;
    for (let look = 0; look < 2; look++) {
      later();
      await announcer.catchUp().catch(() => announcer.catchUp());
    }
    expect(await kinds()).toHaveLength(24);
    expect(await untold(opened[0]!.approval.id)).toBe(1);
    faults.recordsWith = "\0";
    later();
    await announcer.catchUp();
    expect(await kinds()).toHaveLength(25);
  });

  it.each(["spool", "notifier"] as const)("of all (%s) costs each look no more than a few of them", async (fault) => {
    const { start, open, faults, claims, logLines, published, kinds, later } = await createAnnouncer();
    const announcer = start();
    for (let n = 1; n <= 120; n++) await open(n);
    faults[fault] = true;
    later();
    for (let look = 0; look < 3; look++) await expect(announcer.catchUp()).rejects.toThrow();
    await announcer.settle();
    expect(claims).toHaveLength(3);
    expect(Math.max(...claims)).toBeLessThanOrEqual(20);
    expect(published).toEqual([]);
    expect(logLines.join("")).not.toContain("waits");
    faults[fault] = false;
    later();
    await announcer.catchUp();
    expect(await kinds()).toHaveLength(120);
  });
});

describe("a record that takes longer than others wait", () => {
  it("is not taken for written by who tells the step meanwhile", async () => {
    const { start, open, spool, kinds, later, untold } = await createAnnouncer();
    const announcer = start();
    const opened = await open(1);
    const { append } = spool;
    let fail = (_: Error) => {};
    spool.append = () =>
      new Promise((_, reject) => {
        fail = reject;
      });
    const announcing = announcer.announce([opened]);
    later();
    const catchingUp = announcer.catchUp();
    await new Promise(setImmediate);
    expect(await untold(opened.approval.id)).toBe(1);
    fail(new UnavailableError("audit", "disk full"));
    await expect(announcing).rejects.toMatchObject({ code: "audit_unavailable" });
    await expect(catchingUp).rejects.toMatchObject({ code: "audit_unavailable" });
    spool.append = append;
    later();
    await announcer.catchUp();
    expect(await kinds()).toEqual(["opened"]);
  });
});

test("a step that is recorded and whose notice waits is not recorded again by another process", async () => {
  const { start, open, faults, kinds, notified, later, untold } = await createAnnouncer();
  const [here, there] = [start(), start()];
  const opened = await open(1);
  faults.notifier = true;
  await here.announce([opened]);
  await here.settle();
  later();
  await expect(there.catchUp()).rejects.toThrow();
  faults.notifier = false;
  later();
  await start().catchUp();
  expect(await kinds()).toEqual(["opened"]);
  expect(notified).toEqual([`opened ${opened.approval.id}`]);
  expect(await untold(opened.approval.id)).toBe(0);
});

test("people hear of an opening that is told late as it ended by then, not that somebody is needed", async () => {
  const { start, open, statuses, later, approvalStore, clock } = await createAnnouncer();
  const { approval } = await open(1);
  await approvalStore.deny(approval.id, actor("alice"), "No.", clock.now());
  later();
  await start().catchUp();
  expect(statuses).toEqual(["opened: denied", "resolved: denied"]);
});

test("a vote is no notice: only what opens and ends an approval is", async () => {
  const { start, open, notified } = await createAnnouncer();
  const announcer = start();
  const { approval } = await open(1);
  const kinds = ["voted", "denied", "expired", "consumed"] as const;
  await announcer.announce(kinds.map((kind) => ({ kind, approval })));
  expect(notified).toEqual([`resolved ${approval.id}`, `expired ${approval.id}`]);
});

test("a service that stops tells what it has claimed, and leaves the rest to others", async () => {
  const { start, open, claims, kinds, later } = await createAnnouncer();
  for (let n = 1; n <= 50; n++) await open(n);
  later();
  const stopping = new AbortController();
  const catchingUp = start().catchUp(stopping.signal);
  stopping.abort();
  await catchingUp;
  expect(claims).toHaveLength(1);
  expect(await kinds()).toHaveLength(claims[0]!);
  await start().catchUp();
  expect(await kinds()).toHaveLength(50);
});

test("more than are claimed at once are all told", async () => {
  const { start, open, kinds, later } = await createAnnouncer();
  for (let n = 1; n <= 250; n++) await open(n);
  later();
  await start().catchUp();
  expect(await kinds()).toHaveLength(250);
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
