import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { actor, OPENED_AT, pendingApproval } from "../../../test/contract/approval-samples.ts";
import { idOf } from "../../../test/contract/samples.ts";
import { type Approval, denyApproval, voteApproval } from "../../approvals/index.ts";
import { UnavailableError } from "../../model/errors.ts";
import { createApprovalFeed, type PendingMarks } from "./approval-feed.ts";

/** A store, the news of it, and a client of the feed that believes what it is told. */
function createScene() {
  const store = new Map<string, Approval>();
  const told = new Map<string, string>();
  let isDown = false;
  const feed = createApprovalFeed({
    async read(id) {
      if (isDown) throw new UnavailableError("storage", "it went away");
      return store.get(id);
    },
    isVisible: ({ tenant }) => tenant === "acme",
    close() {},
  });
  const marks = (): PendingMarks => {
    const pending = [...store.values()].filter(({ status }) => status === "pending");
    return new Map(
      pending.map(({ id, requester, votes }) => [id, { tenant: requester.identity.tenant, votes: votes.length }]),
    );
  };
  const drain = async () => {
    const all = [];
    for (let events = await feed.next(); events.length > 0; events = await feed.next()) all.push(...events);
    for (const event of all) {
      if (event.kind === "synced") continue;
      const { id, status, votes } = event.approval;
      if (status !== "pending" && told.get(id) === status) throw new Error(`${id} was told twice`);
      told.set(id, status === "pending" ? `pending ${votes.length}` : status);
    }
    return all;
  };
  const truth = () =>
    new Map(
      [...store.values()].map(({ id, status, votes }) => [
        id,
        status === "pending" ? `pending ${votes.length}` : status,
      ]),
    );
  return {
    store,
    told,
    feed,
    marks,
    drain,
    truth,
    setDown(next: boolean) {
      isDown = next;
    },
  };
}

const open = (n: number) => pendingApproval(n, { terms: { quorum: 3 } });
const vote = (approval: Approval) =>
  voteApproval(approval, actor(`voter-${approval.votes.length}`), undefined, OPENED_AT).approval;
const deny = (approval: Approval) => denyApproval(approval, actor("denier"), "No.", OPENED_AT).approval;

const step = fc.record({
  n: fc.integer({ min: 1, max: 30 }),
  what: fc.constantFrom("vote", "vote", "deny", "forget", "down", "up", "drain", "reconcile"),
  isHeard: fc.boolean(),
});

describe("a feed of approvals", () => {
  test("tells in the end how every approval stands that its client heard of, whatever was lost on the way", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 30 }), fc.array(step, { maxLength: 60 }), async (first, steps) => {
        const scene = createScene();
        const { store, feed } = scene;
        for (let n = 1; n <= first; n++) store.set(idOf(n), open(n));
        feed.begin(scene.marks());
        for (const { n, what, isHeard } of steps) {
          const id = idOf(n);
          if (what === "down" || what === "up") scene.setDown(what === "down");
          else if (what === "drain") await scene.drain();
          else if (what === "reconcile") feed.reconcile(scene.marks());
          else if (what === "forget") {
            if (store.get(id)?.status !== "pending") store.delete(id);
          } else {
            const approval = store.get(id);
            store.set(id, approval === undefined ? open(n) : what === "vote" ? vote(approval) : deny(approval));
            if (isHeard) feed.hear(id);
          }
        }
        scene.setDown(false);
        await scene.drain();
        feed.reconcile(scene.marks());
        await scene.drain();
        const truth = scene.truth();
        for (const [id, status] of truth) {
          if (status.startsWith("pending")) expect(scene.told.get(id)).toBe(status);
        }
        for (const [id, status] of scene.told) {
          if (truth.has(id)) expect(status).toBe(truth.get(id));
        }
      }),
    );
  });

  test("says that it told all that were pending once it did, and only then", async () => {
    const { store, feed, marks, setDown } = createScene();
    for (let n = 1; n <= 50; n++) store.set(idOf(n), open(n));
    feed.begin(marks());
    const first = await feed.next();
    setDown(true);
    expect(await feed.next()).toEqual([]);
    setDown(false);
    const rest = [await feed.next(), await feed.next()].flat();
    const ids = [...first, ...rest].map((event) => (event.kind === "synced" ? event.pending : event.approval.id));
    expect(ids).toEqual([...Array.from({ length: 50 }, (_, n) => idOf(n + 1)), 50]);
  });

  test("holds no more than so much for a client that does not take it, which is told the difference later", async () => {
    const { store, feed, marks, drain, told } = createScene();
    store.set(idOf(1), open(1));
    feed.begin(marks());
    await drain();
    store.set(idOf(1), deny(store.get(idOf(1))!));
    for (let n = 1; n <= 10_001; n++) feed.hear(idOf(n));
    expect(await drain()).toEqual([]);
    feed.reconcile(marks());
    await drain();
    expect(told.get(idOf(1))).toBe("denied");
  });

  test("does not hide a fault of the service", async () => {
    const feed = createApprovalFeed({
      read: async () => {
        throw new TypeError("a bug");
      },
      isVisible: () => true,
      close() {},
    });
    feed.begin(new Map([[idOf(1), { tenant: undefined, votes: 0 }]]));
    await expect(feed.next()).rejects.toThrow(TypeError);
  });
});
