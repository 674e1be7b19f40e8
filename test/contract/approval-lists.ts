import { describe, expect, it } from "vitest";
import type { ApprovalStore } from "../../src/approvals/index.ts";
import {
  type ApprovalParts,
  AWKWARD,
  actor,
  EXPIRES_AT,
  newApproval,
  OPENED_AT,
  pendingApproval,
  REQUESTER,
  TIMEOUT_MS,
} from "./approval-samples.ts";
import { idOf } from "./samples.ts";

const alice = actor("alice");
const NOW = OPENED_AT + 1000;
const NONE = { pending: 0, approved: 0, denied: 0, expired: 0, cancelled: 0 };

/** What an `ApprovalStore` promises about looking at many. `store` gives the test's own, empty at first. */
export function describeApprovalLists(store: () => ApprovalStore): void {
  const open = (n: number, parts: ApprovalParts = {}) =>
    store().open(newApproval(n, parts), OPENED_AT, { pendingMax: 100 });
  const idsOf = (approvals: readonly { readonly id: string }[]) => approvals.map(({ id }) => id);

  describe("list", () => {
    it("is empty where nothing matches", async () => {
      expect(await store().list({ limit: 10 }, NOW)).toEqual({ approvals: [], expired: [] });
    });

    it("is newest first by id in byte order, page by page", async () => {
      const upper = "0193ABCD-0000-7000-8000-00000000000A";
      for (const id of [upper, upper.toLowerCase()]) await open(20, { id, digest: id });
      for (const n of [3, 1, 5, 2, 4]) await open(n);
      const all = [upper.toLowerCase(), upper, ...[5, 4, 3, 2, 1].map(idOf)];
      const pages: string[] = [];
      for (let before: string | undefined; pages.length < all.length; before = pages.at(-1)) {
        const page = await store().list({ limit: 2, ...(before === undefined ? {} : { before }) }, NOW);
        expect(page.approvals.length).toBeGreaterThan(0);
        pages.push(...idsOf(page.approvals));
      }
      expect(pages).toEqual(all);
    });

    it("expires all that are due, however many, and tells of each once", async () => {
      const due = Array.from({ length: 210 }, (_, n) => n);
      for (const n of due) await store().open(newApproval(n), OPENED_AT, { pendingMax: 1000 });
      const pages = await Promise.all([1, 2].map(() => store().list({ status: "pending", limit: 10 }, EXPIRES_AT)));
      expect(pages.map(({ approvals }) => approvals)).toEqual([[], []]);
      expect(idsOf(pages.flatMap(({ expired }) => expired)).sort()).toEqual(due.map(idOf));
    });

    it("shows whole approvals, as they are", async () => {
      await open(1);
      const step = await store().vote(idOf(1), alice, "Checked.", NOW);
      expect((await store().list({ limit: 10 }, NOW)).approvals).toStrictEqual([step!.approval]);
    });

    it("filters by every field, and by all together", async () => {
      await open(1);
      await open(2, { identity: AWKWARD });
      await open(3, { tenant: "globex" });
      await open(4, { tenant: undefined });
      await open(5, { rule: { id: "x".repeat(3000), name: "", reason: "" } });
      await store().deny(idOf(1), alice, undefined, NOW);
      const found = async (query: object) => idsOf((await store().list({ ...query, limit: 10 }, NOW)).approvals);
      expect(await found({ status: "denied" })).toEqual([idOf(1)]);
      expect(await found({ status: "pending" })).toEqual([5, 4, 3, 2].map(idOf));
      expect(await found({ identity: AWKWARD })).toEqual([idOf(2)]);
      expect(await found({ identity: "Billing-agent" })).toEqual([]);
      expect(await found({ tenant: "globex" })).toEqual([idOf(3)]);
      expect(await found({ ruleId: "x".repeat(3000) })).toEqual([idOf(5)]);
      expect(await found({ ruleId: `${"x".repeat(2999)}y` })).toEqual([]);
      expect(await found({ status: "pending", identity: "billing-agent", tenant: "acme", before: idOf(9) })).toEqual([
        idOf(5),
      ]);
    });
  });

  it("counts how the same requester's others of the same action ended, and nobody else's", async () => {
    for (const n of [1, 2, 3, 4, 5]) await open(n);
    await store().vote(idOf(1), alice, undefined, NOW);
    await store().deny(idOf(2), alice, undefined, NOW);
    await store().cancel(idOf(3), REQUESTER, undefined, NOW);
    await open(6, { terms: { timeoutMs: TIMEOUT_MS * 2 } });
    const strangers: ApprovalParts[] = [
      { tenant: "globex" },
      { tenant: undefined },
      { identity: "other" },
      { actionName: "x" },
      { actionType: "x" },
    ];
    for (const [n, parts] of strangers.entries()) await open(10 + n, parts);
    const sixth = pendingApproval(6);
    expect(await store().countOthers(sixth, NOW)).toEqual({
      pending: 2,
      approved: 1,
      denied: 1,
      expired: 0,
      cancelled: 1,
    });
    expect(await store().countOthers(sixth, EXPIRES_AT)).toMatchObject({ pending: 0, expired: 2 });
    expect(await store().countOthers(pendingApproval(11, { tenant: undefined }), NOW)).toEqual(NONE);
  });
}
