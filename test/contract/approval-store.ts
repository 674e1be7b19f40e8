import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type ApprovalStore, CANCELLED_PLACE_MS, OMITTED_VIEW } from "../../src/approvals/index.ts";
import { describeApprovalLists } from "./approval-lists.ts";
import { describeApprovalRaces } from "./approval-races.ts";
import {
  type ApprovalParts,
  AWKWARD,
  actor,
  digestOf,
  EXPIRES_AT,
  GRANT_TTL_MS,
  newApproval,
  OPENED_AT,
  pendingApproval,
  REQUESTER,
} from "./approval-samples.ts";
import { AWKWARD_ARGUMENTS, idOf } from "./samples.ts";

export interface OpenedApprovalStore {
  readonly store: ApprovalStore;
  /** Another replica on the same data, where the adapter can be shared. */
  readonly replica?: ApprovalStore;
  /** Closes the store; its methods fail from then on. May be called twice. */
  close(): Promise<void>;
  /** Called instead of `close` after a test that did not close it, where opening again is slow. */
  release?(): Promise<void>;
}

const alice = actor("alice");
const NOW = OPENED_AT + 1000;
const USE = { digest: digestOf(1), requestId: idOf(2000), caller: REQUESTER };
const ROOM = { pendingMax: 100 };

/** What every `ApprovalStore` promises. `create` gives an empty store each time. */
export function describeApprovalStore(name: string, create: () => Promise<OpenedApprovalStore>): void {
  describe(`ApprovalStore contract: ${name}`, () => {
    let opened: OpenedApprovalStore;
    let store: ApprovalStore;
    beforeEach(async () => {
      opened = await create();
      store = opened.store;
    });
    afterEach(() => opened.release?.() ?? opened.close());

    const open = (n: number, parts: ApprovalParts = {}, now = OPENED_AT) =>
      store.open(newApproval(n, parts), now, ROOM);
    const idsOf = (approvals: readonly { readonly id: string }[]) => approvals.map(({ id }) => id);

    it("answers storage_unavailable once closed, from every method", async () => {
      await opened.close();
      const calls = [
        open(1),
        store.get(idOf(1), NOW),
        store.list({ limit: 1 }, NOW),
        store.vote(idOf(1), alice, undefined, NOW),
        store.deny(idOf(1), alice, undefined, NOW),
        store.cancel(idOf(1), REQUESTER, undefined, NOW),
        store.consume(idOf(1), USE, NOW),
        store.expireDue(NOW, 1),
        store.countOthers(pendingApproval(1), NOW),
        store.forget(NOW, 1),
        store.markTold([{ id: idOf(1), kind: "opened" }]),
        store.claimUntold(NOW, 1),
      ];
      for (const call of calls) await expect(call).rejects.toMatchObject({ code: "storage_unavailable" });
    });

    it.each([idOf(2), idOf(1).toUpperCase(), "", "a\u0000", AWKWARD, "x".repeat(5000)])(
      "knows no approval %j",
      async (id) => {
        await open(1, { id: "0193abcd-0000-7000-8000-00000000000a" });
        expect(await store.get(id, NOW)).toBeUndefined();
        expect(await store.vote(id, alice, undefined, NOW)).toBeUndefined();
        expect(await store.deny(id, alice, undefined, NOW)).toBeUndefined();
        expect(await store.cancel(id, REQUESTER, undefined, NOW)).toBeUndefined();
        expect(await store.consume(id, USE, NOW)).toBeUndefined();
      },
    );

    describe("open", () => {
      it("gives back every field, and no field that was not there", async () => {
        for (const [n, parts] of [
          {},
          { tenant: undefined },
          { identity: AWKWARD, actionName: AWKWARD, view: AWKWARD },
        ].entries()) {
          expect(await open(n, parts)).toStrictEqual({
            outcome: "opened",
            approval: pendingApproval(n, parts),
            expired: [],
          });
          expect(await store.get(idOf(n), NOW)).toStrictEqual({
            approval: pendingApproval(n, parts),
            hasResolved: false,
          });
        }
        const { sessionId: _, ...withoutSession } = newApproval(9);
        await store.open(withoutSession, OPENED_AT, ROOM);
        expect((await store.get(idOf(9), NOW))!.approval).not.toHaveProperty("sessionId");
      });

      it.each(Object.entries(AWKWARD_ARGUMENTS))("keeps the view byte for byte: %s", async (_, args) => {
        const view = JSON.stringify({ arguments: args }, null, 1);
        await open(1, { view });
        expect((await store.get(idOf(1), NOW))!.approval.view).toBe(view);
      });

      it("gives the approval that is pending for the same action, whatever else is asked for", async () => {
        await open(1);
        const again = await open(2, { digest: digestOf(1), terms: { quorum: 9 } }, NOW);
        expect(again).toStrictEqual({ outcome: "existing", approval: pendingApproval(1), expired: [] });
        expect(await store.get(idOf(2), NOW)).toBeUndefined();
      });

      it("opens a new one when the one before is resolved, or its time has run out", async () => {
        await open(1);
        await store.deny(idOf(1), alice, undefined, NOW);
        await open(2, { digest: digestOf(1) });
        const third = await open(3, { digest: digestOf(1) }, EXPIRES_AT);
        expect(third).toMatchObject({ outcome: "opened", approval: { id: idOf(3), createdAt: EXPIRES_AT } });
        expect(third.expired).toMatchObject([{ id: idOf(2), status: "expired", resolution: { at: EXPIRES_AT } }]);
        expect((await open(4, { digest: digestOf(4) }, EXPIRES_AT)).expired).toEqual([]);
      });

      it("refuses an id that exists, and keeps the first approval", async () => {
        await open(1);
        await expect(open(2, { id: idOf(1) })).rejects.toMatchObject({ code: "conflict" });
        expect((await store.get(idOf(1), NOW))!.approval).toStrictEqual(pendingApproval(1));
      });

      it("opens none for an identity that has as many as it may have, but gives it an existing one", async () => {
        const openOfTwo = (n: number, parts: ApprovalParts = {}, now = NOW) =>
          store.open(newApproval(n, parts), now, { pendingMax: 2 });
        await openOfTwo(1);
        await openOfTwo(2);
        expect(await openOfTwo(3)).toStrictEqual({ outcome: "queue_full", pending: 2, expired: [] });
        expect(await openOfTwo(4, { digest: digestOf(2) })).toMatchObject({ outcome: "existing" });
        for (const [n, parts] of [
          { tenant: "globex" },
          { tenant: undefined },
          { tenant: "" },
          { identity: "Billing-agent" },
        ].entries()) {
          expect(await openOfTwo(10 + n, parts)).toMatchObject({ outcome: "opened" });
        }
        await store.deny(idOf(1), alice, undefined, NOW);
        expect(await openOfTwo(5)).toMatchObject({ outcome: "opened" });
      });

      it("keeps the place of one that was taken back for five minutes, or until its time would have run out", async () => {
        const openOfTwo = (n: number, now: number, timeoutMs: number) =>
          store.open(newApproval(n, { terms: { timeoutMs } }), now, { pendingMax: 2 });
        const [long, short] = [CANCELLED_PLACE_MS * 4, 2000];
        await openOfTwo(1, OPENED_AT, long);
        await openOfTwo(2, OPENED_AT, short);
        for (const n of [1, 2]) await store.cancel(idOf(n), REQUESTER, undefined, NOW);
        expect(await openOfTwo(3, NOW, long)).toStrictEqual({ outcome: "queue_full", pending: 2, expired: [] });
        expect(await openOfTwo(3, OPENED_AT + short - 1, long)).toMatchObject({ outcome: "queue_full" });
        expect(await openOfTwo(3, OPENED_AT + short, long)).toMatchObject({ outcome: "opened" });
        expect(await openOfTwo(4, NOW + CANCELLED_PLACE_MS - 1, long)).toMatchObject({ outcome: "queue_full" });
        expect(await openOfTwo(5, NOW, long)).toMatchObject({ outcome: "queue_full" });
        expect(await store.open(newApproval(6, { tenant: "globex" }), NOW, { pendingMax: 1 })).toMatchObject({
          outcome: "opened",
        });
        expect(await openOfTwo(4, NOW + CANCELLED_PLACE_MS, long)).toMatchObject({ outcome: "opened" });
        expect(await openOfTwo(5, NOW + CANCELLED_PLACE_MS, long)).toMatchObject({ outcome: "queue_full" });
      });

      it("does not count those whose time has run out, and tells of them", async () => {
        const one = { pendingMax: 1 };
        await store.open(newApproval(1), OPENED_AT, one);
        expect(await store.open(newApproval(2), EXPIRES_AT - 1, one)).toMatchObject({ outcome: "queue_full" });
        const result = await store.open(newApproval(3), EXPIRES_AT, one);
        expect(result).toMatchObject({ outcome: "opened", expired: [{ id: idOf(1) }] });
      });
    });

    describe("a change", () => {
      it("is kept, and told to its caller alone", async () => {
        await open(1, { terms: { quorum: 2 } });
        const first = await store.vote(idOf(1), alice, AWKWARD, NOW);
        expect(first).toMatchObject({ ok: true, hasResolved: false, approval: { votes: [{ note: AWKWARD }] } });
        expect(await store.get(idOf(1), NOW)).toStrictEqual({ approval: first!.approval, hasResolved: false });

        const second = await store.vote(idOf(1), actor("bob"), undefined, NOW + 1);
        expect(second).toMatchObject({ ok: true, hasResolved: true, approval: { status: "approved" } });
        expect(await store.get(idOf(1), NOW + 1)).toStrictEqual({ approval: second!.approval, hasResolved: false });

        const byVoter = await store.consume(idOf(1), { ...USE, caller: alice }, NOW + 2);
        expect(byVoter).toMatchObject({ ok: false, refusal: "own_vote" });
        const used = await store.consume(idOf(1), USE, NOW + 2);
        expect(used).toMatchObject({
          ok: true,
          hasResolved: false,
          approval: { grant: { consumedBy: USE.requestId } },
        });
        expect(await store.get(idOf(1), NOW + 3)).toStrictEqual({ approval: used!.approval, hasResolved: false });
      });

      it("that is refused says why, and changes nothing", async () => {
        await open(1, { terms: { approvers: [["user:alice"]], quorum: 2 } });
        await store.vote(idOf(1), alice, undefined, NOW);
        const { approval } = (await store.get(idOf(1), NOW))!;
        const refused = (refusal: string) => ({ ok: false, refusal, approval, hasResolved: false });
        expect(await store.vote(idOf(1), alice, undefined, NOW)).toStrictEqual(refused("already_voted"));
        expect(await store.vote(idOf(1), actor("bob"), undefined, NOW)).toStrictEqual(refused("not_an_approver"));
        expect(await store.deny(idOf(1), REQUESTER, undefined, NOW)).toStrictEqual(refused("own_request"));
        expect(await store.cancel(idOf(1), alice, undefined, NOW)).toStrictEqual(refused("not_requester"));
        expect(await store.consume(idOf(1), USE, NOW)).toStrictEqual(refused("not_granted"));
        const other = { ...USE, digest: digestOf(2) };
        expect(await store.consume(idOf(1), other, NOW)).toStrictEqual(refused("other_action"));
        expect(await store.get(idOf(1), NOW)).toStrictEqual({ approval, hasResolved: false });
      });

      it("never follows a denial or a cancellation, whose reason stays", async () => {
        await open(1);
        await open(2);
        await store.deny(idOf(1), alice, AWKWARD, NOW);
        await store.cancel(idOf(2), REQUESTER, "Done by hand.", NOW);
        for (const [n, status, reason] of [
          [1, "denied", AWKWARD],
          [2, "cancelled", "Done by hand."],
        ] as const) {
          const refused = {
            ok: false,
            refusal: "not_pending",
            hasResolved: false,
            approval: { status, resolution: { reason } },
          };
          expect(await store.vote(idOf(n), actor("bob"), undefined, NOW)).toMatchObject(refused);
          expect(await store.expireDue(EXPIRES_AT, 10)).toEqual([]);
          expect(await store.get(idOf(n), EXPIRES_AT)).toMatchObject({ approval: { status }, hasResolved: false });
        }
      });

      it("that no other person made keeps no long view, so that asking in vain does not fill the store", async () => {
        const view = JSON.stringify({ arguments: { text: "x".repeat(100_000) } });
        const ends = {
          approved: (id: string) => store.vote(id, alice, undefined, NOW),
          denied: (id: string) => store.deny(id, alice, undefined, NOW),
          cancelled: (id: string) => store.cancel(id, REQUESTER, undefined, NOW),
          expired: (id: string) => store.get(id, EXPIRES_AT),
        };
        for (const [n, end] of Object.values(ends).entries()) {
          await open(n, { view });
          await open(10 + n);
          for (const id of [idOf(n), idOf(10 + n)]) {
            const { approval } = (await end(id))!;
            expect(await store.get(id, NOW)).toStrictEqual({ approval, hasResolved: false });
          }
        }
        const views = (await store.list({ limit: 10 }, NOW)).approvals.map((each) => [each.status, each.view]);
        const short = newApproval(1).view;
        expect(views.slice(4)).toEqual([
          ["expired", OMITTED_VIEW],
          ["cancelled", OMITTED_VIEW],
          ["denied", view],
          ["approved", view],
        ]);
        expect(views.slice(0, 4).map(([, shown]) => shown)).toEqual([short, short, short, short]);
      });

      it("consumes no grant twice, nor one that has expired", async () => {
        for (const n of [1, 2]) {
          await open(n);
          await store.vote(idOf(n), alice, undefined, NOW);
        }
        await store.consume(idOf(1), USE, NOW);
        expect(await store.consume(idOf(1), USE, NOW)).toMatchObject({ ok: false, refusal: "grant_consumed" });
        const late = store.consume(idOf(2), { ...USE, digest: digestOf(2) }, NOW + GRANT_TTL_MS);
        expect(await late).toMatchObject({ ok: false, refusal: "grant_expired" });
      });
    });

    describe("expiry", () => {
      const looks: [
        string,
        (now: number) => Promise<{ hasResolved: boolean; approval: { status: string } } | undefined>,
      ][] = [
        ["get", (now) => store.get(idOf(1), now)],
        ["vote", (now) => store.vote(idOf(1), alice, undefined, now)],
        ["vote of somebody who may not", (now) => store.vote(idOf(1), REQUESTER, undefined, now)],
        ["deny", (now) => store.deny(idOf(1), alice, undefined, now)],
        ["cancel", (now) => store.cancel(idOf(1), REQUESTER, undefined, now)],
        ["consume", (now) => store.consume(idOf(1), USE, now)],
      ];
      it.each(looks)("is applied by %s, told once, and cannot be undone by a slower clock", async (_, look) => {
        await open(1);
        const found = await look(EXPIRES_AT);
        expect(found).toMatchObject({
          hasResolved: true,
          approval: { status: "expired", resolution: { at: EXPIRES_AT } },
        });
        const slower = await store.vote(idOf(1), actor("bob"), undefined, EXPIRES_AT - 1);
        expect(slower).toMatchObject({ ok: false, refusal: "not_pending", hasResolved: false });
        expect(await store.expireDue(EXPIRES_AT, 10)).toEqual([]);
      });

      it("is applied by list to what it does not show as well, and told once", async () => {
        await open(1);
        await open(2, { identity: "other-agent" }, NOW);
        const query = { status: "pending", identity: "other-agent", limit: 10 } as const;
        const page = await store.list(query, EXPIRES_AT);
        expect(idsOf(page.approvals)).toEqual([idOf(2)]);
        expect(page.expired).toMatchObject([{ id: idOf(1), status: "expired" }]);
        expect((await store.list(query, EXPIRES_AT)).expired).toEqual([]);
        expect(idsOf((await store.list({ status: "expired", limit: 10 }, EXPIRES_AT)).approvals)).toEqual([idOf(1)]);
      });

      it("takes those first that have been due for longest, as many as asked for", async () => {
        for (const [n, timeoutMs] of [30, 10, 20, 10, 40].entries()) await open(n, { terms: { timeoutMs } });
        expect(await store.expireDue(OPENED_AT + 9, 10)).toEqual([]);
        expect(idsOf(await store.expireDue(OPENED_AT + 30, 3))).toEqual([1, 3, 2].map(idOf));
        expect(idsOf(await store.expireDue(OPENED_AT + 30, 3))).toEqual([idOf(0)]);
        expect(await store.expireDue(OPENED_AT + 30, 3)).toEqual([]);
      });

      it("grants where the rule says so, from the instant of expiry", async () => {
        await open(1, { terms: { onTimeout: "allow" } });
        const [expired] = await store.expireDue(EXPIRES_AT + 5, 10);
        expect(expired!.grant).toEqual({ expiresAt: EXPIRES_AT + GRANT_TTL_MS });
        expect(await store.consume(idOf(1), USE, EXPIRES_AT + 6)).toMatchObject({ ok: true, hasResolved: false });
      });
    });

    describe("steps to be told", () => {
      const CLAIMABLE = OPENED_AT + 10_000;
      const opened = (n: number) =>
        ({ id: idOf(n), kind: "opened", by: { name: "gateway", keyId: idOf(900) } }) as const;
      const claimed = async (now: number, limit = 10) =>
        (await store.claimUntold(now, limit)).map((claim) => [
          claim.approval.id,
          ...claim.claimed.map(({ kind }) => kind),
        ]);

      it("are stored with the step, for whoever comes when they should have been told", async () => {
        await open(1, { terms: { quorum: 2 } });
        await store.vote(idOf(1), alice, undefined, OPENED_AT);
        await store.vote(idOf(1), actor("bob"), undefined, OPENED_AT);
        await store.consume(idOf(1), USE, OPENED_AT);
        expect(await store.claimUntold(CLAIMABLE - 1, 10)).toEqual([]);
        const [claim, ...others] = await store.claimUntold(CLAIMABLE, 10);
        expect(others).toEqual([]);
        const kinds = claim!.claimed.map(({ kind, by }) => [kind, by?.name]);
        expect(kinds).toEqual([
          ["opened", "gateway"],
          ["voted", "alice"],
          ["voted", "bob"],
          ["approved", "bob"],
          ["consumed", "billing-agent"],
        ]);
        expect((await store.get(idOf(1), CLAIMABLE))!.approval).toStrictEqual(claim!.approval);
      });

      it("are nobody's any more once they are told, and those of others stay", async () => {
        for (const n of [1, 2]) await open(n);
        await store.deny(idOf(1), alice, undefined, OPENED_AT);
        await store.markTold([opened(1), opened(1), opened(7), { id: AWKWARD, kind: "expired" }]);
        expect(await claimed(CLAIMABLE)).toEqual([
          [idOf(1), "denied"],
          [idOf(2), "opened"],
        ]);
        await store.markTold([
          opened(2),
          { id: idOf(1), kind: "denied", by: { name: "alice", keyId: "key-of-alice" } },
        ]);
        expect(await claimed(CLAIMABLE + 1e6)).toEqual([]);
        const { approval } = (await store.get(idOf(2), NOW))!;
        const { untold: _, ...told } = pendingApproval(2);
        expect(approval).toStrictEqual(told);
      });

      it("are claimed with that they are recorded, where only people outside have yet to hear of them", async () => {
        await open(1);
        await store.markTold([{ ...opened(1), isOnlyRecorded: true }]);
        const [claim] = await store.claimUntold(CLAIMABLE, 10);
        expect(claim!.claimed).toEqual([{ ...opened(1), id: undefined, isRecorded: true, claimableFrom: CLAIMABLE }]);
        await store.markTold([opened(1)]);
        expect(await claimed(CLAIMABLE + 1e6)).toEqual([]);
      });

      it("belong to who claimed them for ten seconds", async () => {
        await open(1);
        expect(await claimed(CLAIMABLE + 5)).toEqual([[idOf(1), "opened"]]);
        expect(await claimed(CLAIMABLE + 5 + 9999)).toEqual([]);
        expect(await claimed(CLAIMABLE + 5 + 10_000)).toEqual([[idOf(1), "opened"]]);
      });

      it("are claimed oldest first, of as many approvals as asked for", async () => {
        for (const [n, at] of [30, 10, 20, 10, 40].entries()) await open(n, {}, OPENED_AT + at);
        expect(await claimed(CLAIMABLE + 30, 3)).toEqual([1, 3, 2].map((n) => [idOf(n), "opened"]));
        expect(await claimed(CLAIMABLE + 30, 3)).toEqual([[idOf(0), "opened"]]);
      });

      it("of what expired on the way to something else are those as well", async () => {
        await open(1);
        await store.markTold([opened(1)]);
        await open(2, { digest: digestOf(1) }, EXPIRES_AT);
        expect(await claimed(EXPIRES_AT + 10_000)).toEqual([
          [idOf(1), "expired"],
          [idOf(2), "opened"],
        ]);
      });

      it("are told in hundreds at once", async () => {
        const all = Array.from({ length: 250 }, (_, n) => n);
        for (const n of all) await store.open(newApproval(n), OPENED_AT, { pendingMax: 1000 });
        await store.markTold(all.slice(1).map(opened));
        expect(await claimed(CLAIMABLE, 1000)).toEqual([[idOf(0), "opened"]]);
        await store.markTold([]);
      });
    });

    describe("forget", () => {
      const found = async (n: number) => (await store.get(idOf(n), OPENED_AT)) !== undefined;

      it("removes what was resolved before the instant, and its grant has expired by then, and nothing else", async () => {
        for (const n of [1, 2, 3, 4, 5]) await open(n);
        await store.deny(idOf(1), alice, undefined, NOW);
        await store.cancel(idOf(2), REQUESTER, undefined, NOW + 1);
        await store.vote(idOf(3), alice, undefined, NOW);
        await store.vote(idOf(4), alice, undefined, NOW);
        await store.consume(idOf(4), { ...USE, digest: digestOf(4) }, NOW);
        expect(await store.forget(NOW, 10)).toBe(0);
        expect(await store.forget(NOW + 1, 10)).toBe(1);
        expect(await found(1)).toBe(false);
        expect(await store.forget(NOW + 2, 10)).toBe(1);
        expect(await found(2)).toBe(false);
        expect(await store.forget(NOW + GRANT_TTL_MS - 1, 10)).toBe(0);
        expect(await store.forget(NOW + GRANT_TTL_MS, 10)).toBe(2);
        expect(idsOf((await store.list({ limit: 10 }, NOW)).approvals)).toEqual([idOf(5)]);
      });

      it("never removes a pending one, however late it is; once expired it is like any other", async () => {
        await open(1);
        await open(2, { terms: { onTimeout: "allow" } });
        const late = EXPIRES_AT + GRANT_TTL_MS * 100;
        expect(await store.forget(late, 10)).toBe(0);
        expect(idsOf(await store.expireDue(late, 10))).toEqual([1, 2].map(idOf));
        expect(await store.forget(EXPIRES_AT, 10)).toBe(0);
        expect(await store.forget(EXPIRES_AT + 1, 10)).toBe(1);
        expect(await store.forget(EXPIRES_AT + GRANT_TTL_MS, 10)).toBe(1);
        expect(await store.get(idOf(1), late)).toBeUndefined();
      });

      it("takes those first that could have been for longest, as many as asked for", async () => {
        for (const n of [1, 2, 3, 4]) await open(n);
        for (const [n, at] of [30, 10, 20, 10].entries())
          await store.deny(idOf(n + 1), alice, undefined, OPENED_AT + at);
        expect(await store.forget(EXPIRES_AT, 2)).toBe(2);
        expect(await Promise.all([1, 2, 3, 4].map(found))).toEqual([true, false, true, false]);
        expect(await store.forget(EXPIRES_AT, 1)).toBe(1);
        expect(await found(3)).toBe(false);
        expect(await store.forget(EXPIRES_AT, 10)).toBe(1);
      });

      it("leaves no trace: it is neither counted nor listed, and its action can be asked for again", async () => {
        await open(1);
        await store.deny(idOf(1), alice, undefined, NOW);
        await store.forget(EXPIRES_AT, 10);
        expect(await store.countOthers(pendingApproval(2), NOW)).toMatchObject({ denied: 0 });
        for (const query of [{}, { status: "denied" }, { identity: "billing-agent" }] as const) {
          expect((await store.list({ ...query, limit: 10 }, NOW)).approvals).toEqual([]);
        }
        expect(await store.vote(idOf(1), alice, undefined, NOW)).toBeUndefined();
        expect(await open(1)).toMatchObject({ outcome: "opened", approval: { id: idOf(1), status: "pending" } });
      });
    });

    describeApprovalLists(() => store);
    describeApprovalRaces(() => (opened.replica === undefined ? [store] : [store, opened.replica]));
  });
}
