import fc from "fast-check";
import { expect } from "vitest";
import {
  type Approval,
  type ApprovalStore,
  CANCELLED_PLACE_MS,
  cancelApproval,
  claimUntold,
  consumeGrant,
  denyApproval,
  expireApproval,
  markTold,
  openApproval,
  type Settled,
  voteApproval,
} from "../../src/approvals/index.ts";
import { actor, digestOf, newApproval, OPENED_AT, REQUESTER } from "../contract/approval-samples.ts";
import { idOf } from "../contract/samples.ts";

/** `opens`: how many openings were tried before, which numbers the next. `turn`: how many operations. */
interface Moment {
  readonly turn: number;
  readonly opens: number;
  readonly now: number;
}
type Operation = (store: ApprovalStore, moment: Moment) => Promise<unknown>;

/** An operation, and what the clock does before it: it may go back, as another replica's does. */
interface Turn {
  readonly name: string;
  readonly byMs: number;
  readonly operation: Operation;
}

/** What the n-th approval asks for: one of four actions, of which two are the same requester's; some at length. */
function askedFor(n: number) {
  const kind = n % 4;
  const tenant = ["acme", "acme", "globex", undefined][kind];
  const view = JSON.stringify({ arguments: { text: "x".repeat(n % 3 === 0 ? 5000 : 5) } });
  return { digest: digestOf(kind), tenant, actionName: kind === 0 ? "a" : "A", view };
}

/** Persons with one key or two, of one tenant or another, and the requester under its own key and others. */
const ACTORS = [
  actor("alice"),
  actor("alice", { keyId: "second" }),
  actor("bob", { roles: [] }),
  actor("carol", { tenant: "globex" }),
  { keyId: "root", identity: { name: "root", roles: ["oncall"] } },
  actor("gateway"),
  actor("billing-agent"),
  REQUESTER,
];

const some = <Value>(values: readonly Value[]) => fc.constantFrom(...values);
const who = some(ACTORS);
const text = fc.option(fc.string({ unit: "binary", maxLength: 5 }), { nil: undefined });
const limit = fc.integer({ min: 1, max: 4 });
/** How far back the approval lies that is meant: mostly the last ones; -1 is none. */
const back = fc.integer({ min: -1, max: 5 });

const terms = fc.record({
  timeoutMs: fc.integer({ min: 1, max: 80 }),
  grantTtlMs: fc.integer({ min: 1, max: 40 }),
  quorum: some([1, 2, 2, 3]),
  onTimeout: some(["deny", "allow"] as const),
  approvers: some([[], [], [["role:oncall"]], [["user:bob", "user:root"]], [["role:oncall"], ["user:alice"]]]),
});
const query = fc.record(
  { status: some(["pending", "approved", "expired"] as const), tenant: some(["acme", "globex"]), before: back, limit },
  { requiredKeys: ["limit"] },
);

const operations: Readonly<Record<string, fc.Arbitrary<Operation>>> = {
  open: fc.tuple(terms, fc.integer({ min: 1, max: 3 })).map(([given, pendingMax]) => (store, { opens, now }) => {
    return store.open(newApproval(opens, { ...askedFor(opens), terms: given }), now, { pendingMax });
  }),
  get: back.map((ago) => (store, at) => store.get(idBack(ago, at), at.now)),
  list: query.map(({ before, ...asked }) => (store, at) => {
    return store.list({ ...asked, ...(before === undefined ? {} : { before: idBack(before, at) }) }, at.now);
  }),
  vote: fc.tuple(back, who, text).map(
    ([ago, by, note]) =>
      (store, at) =>
        store.vote(idBack(ago, at), by, note, at.now),
  ),
  deny: fc.tuple(back, who, text).map(
    ([ago, by, why]) =>
      (store, at) =>
        store.deny(idBack(ago, at), by, why, at.now),
  ),
  cancel: fc.tuple(back, who, text).map(
    ([ago, by, why]) =>
      (store, at) =>
        store.cancel(idBack(ago, at), by, why, at.now),
  ),
  consume: fc
    .tuple(back, some([0, 0, 0, 0, 1]), some([REQUESTER, REQUESTER, actor("alice")]))
    .map(([ago, off, caller]) => (store, at) => {
      const { digest } = askedFor(Math.max(0, at.opens - 1 - ago + off));
      return store.consume(idBack(ago, at), { digest, requestId: idOf(at.turn), caller }, at.now);
    }),
  expireDue: limit.map(
    (most) =>
      (store, { now }) =>
        store.expireDue(now, most),
  ),
  forget: fc.tuple(fc.integer({ min: -60, max: 20 }), limit).map(
    ([byMs, most]) =>
      (store, { now }) =>
        store.forget(now + byMs, most),
  ),
  markTold: fc
    .array(
      fc.record({
        ago: back,
        kind: some(["opened", "voted", "approved", "expired", "consumed"] as const),
        name: some(["gateway", "alice"]),
        only: some([{}, { isOnlyRecorded: true } as const]),
      }),
    )
    .map((told) => (store, at) => {
      const steps = told.map(({ ago, kind, name, only }) => {
        const by = kind === "expired" ? {} : { by: { name, keyId: "any" } };
        return { id: idBack(ago, at), kind, ...by, ...only };
      });
      return store.markTold(steps);
    }),
  claimUntold: fc.tuple(some([0, 10_000, 10_020, 30_000]), limit).map(
    ([byMs, most]) =>
      (store, { now }) =>
        store.claimUntold(now + byMs, most),
  ),
  countOthers: back.map((ago) => (store, at) => {
    const n = Math.max(0, at.opens - 1 - ago);
    return store.countOthers(openApproval(newApproval(n, askedFor(n)), at.now), at.now);
  }),
};

const idBack = (ago: number, { opens }: Moment) => (opens - 1 - ago < 0 ? "none" : idOf(opens - 1 - ago));

const WEIGHTS: Readonly<Record<string, number>> = { open: 5, vote: 8, consume: 6 };
const anyTurn: fc.Arbitrary<Turn> = fc.oneof(
  ...Object.entries(operations).map(([name, operation]) => ({
    weight: WEIGHTS[name] ?? 1,
    arbitrary: fc.record({ name: fc.constant(name), byMs: fc.integer({ min: -3, max: 6 }), operation }),
  })),
);

/**
 * Whatever is done to a store, in whatever order and with whatever clock, it answers as the state machine over a plain list
 * does; and what it answers keeps the promises that no single answer shows.
 * @param create gives an empty store each time
 */
export async function expectStoreToEqualMachine(create: () => Promise<ApprovalStore>, numRuns: number): Promise<void> {
  const turns = fc.array(anyTurn, { minLength: 20, maxLength: 60, size: "max" });
  await fc.assert(
    fc.asyncProperty(turns, async (all) => {
      const [store, machine] = [await create(), createListStore()];
      let [now, opens] = [OPENED_AT, 0];
      const answers: unknown[] = [];
      for (const [turn, { name, byMs, operation }] of all.entries()) {
        now += byMs;
        const moment = { turn, opens, now };
        const answer = await operation(store, moment);
        expect(answer, `${turn}: ${name}`).toEqual(await operation(machine, moment));
        if (name === "open") opens += 1;
        answers.push(answer);
      }
      answers.push(await store.list({ limit: 100 }, Number.MAX_SAFE_INTEGER / 2 ** 12));
      expectPromisesKept(answers);
    }),
    { numRuns },
  );
}

/** Over all answers together: one transition each, told once, never undone; one vote a person, none by the requester. */
function expectPromisesKept(answers: readonly unknown[]): void {
  const opened = answers.flatMap((answer) => approvalsIn(answer)).map(({ id }) => id);
  const told = answers.flatMap(toldIn).map(({ id }) => id);
  expect([...told].sort()).toEqual([...new Set(opened)].sort());
  const resolved = new Map<string, unknown>();
  const consumed = new Map<string, string>();
  for (const approval of answers.flatMap(approvalsIn)) {
    const { id, status, resolution, votes, grant } = approval;
    const before = resolved.get(id);
    if (before !== undefined) expect({ status, resolution, votes }).toEqual(before);
    if (status !== "pending") resolved.set(id, { status, resolution, votes });
    expect(new Set(votes.map(({ voter }) => voter)).size).toBe(votes.length);
    expect(votes.map(({ voter }) => voter)).not.toContain("billing-agent");
    if (grant?.consumedBy !== undefined) expect(consumed.get(id) ?? grant.consumedBy).toBe(grant.consumedBy);
    if (grant?.consumedBy !== undefined) consumed.set(id, grant.consumedBy);
  }
}

interface Answer {
  readonly approval?: Approval;
  readonly approvals?: readonly Approval[];
  readonly expired?: readonly Approval[] | number;
  readonly hasResolved?: boolean;
}

function approvalsIn(answer: unknown): readonly Approval[] {
  const { approval, approvals = [] } = (answer ?? {}) as Answer;
  return [...toldIn(answer), ...(approval === undefined ? [] : [approval]), ...approvals];
}

function toldIn(answer: unknown): readonly Approval[] {
  if (Array.isArray(answer)) return answer.filter((each) => !("claimed" in each));
  const { approval, hasResolved, expired } = (answer ?? {}) as Answer;
  if (hasResolved === true) return [approval!];
  return Array.isArray(expired) ? expired : [];
}

/** The slow and obvious store. */
function createListStore(): ApprovalStore {
  let all: Approval[] = [];
  const change = <Result extends Settled>(id: string, step: (approval: Approval) => Result): Result | undefined => {
    const result = all.filter((approval) => approval.id === id).map(step)[0];
    if (result !== undefined) all = all.map((approval) => (approval.id === id ? result.approval : approval));
    return result;
  };
  const expire = (now: number, most: number, which: (approval: Approval) => boolean): Approval[] =>
    all
      .filter((approval) => approval.status === "pending" && approval.expiresAt <= now && which(approval))
      .sort((a, b) => a.expiresAt - b.expiresAt || (a.id < b.id ? -1 : 1))
      .slice(0, most)
      .map(({ id }) => change(id, (approval) => expireApproval(approval, now))!.approval);
  const asker = ({ requester }: Pick<Approval, "requester">) =>
    JSON.stringify([requester.identity.name, requester.identity.tenant ?? null]);
  const action = (approval: Approval) => JSON.stringify([asker(approval), approval.actionType, approval.actionName]);

  return {
    async open(asked, now, { pendingMax }) {
      const expired = expire(now, 1e9, (approval) => asker(approval) === asker(asked));
      const pending = all.filter(
        ({ status, requester }) => status === "pending" && asker({ requester }) === asker(asked),
      );
      const existing = pending.find(({ digest }) => digest === asked.digest);
      if (existing !== undefined) return { outcome: "existing", approval: existing, expired };
      const places = all.filter(
        ({ status, requester, expiresAt, resolution }) =>
          asker({ requester }) === asker(asked) &&
          (status === "pending" ||
            (status === "cancelled" && expiresAt > now && resolution!.at + CANCELLED_PLACE_MS > now)),
      );
      if (places.length >= pendingMax) return { outcome: "queue_full", pending: places.length, expired };
      all = [...all, openApproval(asked, now)];
      return { outcome: "opened", approval: all.at(-1)!, expired };
    },
    get: async (id, now) => change(id, (approval) => expireApproval(approval, now)),
    async list({ status, tenant, before, limit: most }, now) {
      const expired = expire(now, 1e9, () => true);
      const found = all
        .filter((approval) => status === undefined || approval.status === status)
        .filter(({ requester }) => tenant === undefined || requester.identity.tenant === tenant)
        .filter(({ id }) => before === undefined || id < before);
      return { approvals: found.sort((a, b) => (a.id < b.id ? 1 : -1)).slice(0, most), expired };
    },
    vote: async (id, by, note, now) => change(id, (approval) => voteApproval(approval, by, note, now)),
    deny: async (id, by, reason, now) => change(id, (approval) => denyApproval(approval, by, reason, now)),
    cancel: async (id, by, reason, now) => change(id, (approval) => cancelApproval(approval, by, reason, now)),
    consume: async (id, use, now) => change(id, (approval) => consumeGrant(approval, use, now)),
    expireDue: async (now, most) => expire(now, most, () => true),
    async countOthers(like, now) {
      const counts = { pending: 0, approved: 0, denied: 0, expired: 0, cancelled: 0 };
      for (const other of all.filter((approval) => approval.id !== like.id && action(approval) === action(like))) {
        counts[expireApproval(other, now).approval.status] += 1;
      }
      return counts;
    },
    async forget(resolvedBefore, most) {
      const from = ({ resolution, grant }: Approval) => Math.max(resolution!.at + 1, grant?.expiresAt ?? 0);
      const forgotten = all
        .filter((approval) => approval.status !== "pending" && from(approval) <= resolvedBefore)
        .sort((a, b) => from(a) - from(b) || (a.id < b.id ? -1 : 1))
        .slice(0, most);
      all = all.filter((approval) => !forgotten.includes(approval));
      return forgotten.length;
    },
    async markTold(steps) {
      all = all.map((approval) =>
        markTold(
          approval,
          steps.filter(({ id }) => id === approval.id),
        ),
      );
    },
    async claimUntold(now, most) {
      const from = ({ untold = [] }: Approval) => Math.min(...untold.map(({ claimableFrom }) => claimableFrom));
      const claims = all
        .filter((approval) => from(approval) <= now)
        .sort((a, b) => from(a) - from(b) || (a.id < b.id ? -1 : 1))
        .slice(0, most)
        .map((approval) => claimUntold(approval, now));
      all = all.map((approval) => claims.find((claim) => claim.approval.id === approval.id)?.approval ?? approval);
      return claims;
    },
  };
}
