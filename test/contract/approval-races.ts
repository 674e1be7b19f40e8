import { describe, expect, it } from "vitest";
import type { Approval, ApprovalStore, Step } from "../../src/approvals/index.ts";
import { actor, digestOf, EXPIRES_AT, GRANT_TTL_MS, newApproval, OPENED_AT, REQUESTER } from "./approval-samples.ts";
import { idOf } from "./samples.ts";

const CALLS = 200;
const NOW = OPENED_AT + 1000;
const times = (count: number) => Array.from({ length: count }, (_, n) => n);

/** What the rest of the world is told by one call. */
interface Told {
  readonly resolved: readonly Approval[];
  readonly isConsumed: boolean;
}

/** What an `ApprovalStore` promises to any number of calls at once. @param stores one or more on the same data */
export function describeApprovalRaces(stores: () => readonly ApprovalStore[]): void {
  const any = (n: number) => stores()[n % stores().length]!;
  const open = (n: number, ...rest: Parameters<typeof newApproval> extends [number, ...infer Rest] ? Rest : never) =>
    any(n).open(newApproval(n, ...rest), OPENED_AT, { pendingMax: 1000 });

  describe("races", () => {
    it("opens one approval, however many ask for the same action at once", async () => {
      const results = await Promise.all(times(CALLS).map((n) => open(n, { digest: digestOf(1) })));
      const outcomes = results.map(({ outcome }) => outcome);
      expect(outcomes.filter((outcome) => outcome === "opened")).toHaveLength(1);
      expect(outcomes.filter((outcome) => outcome === "existing")).toHaveLength(CALLS - 1);
      const ids = new Set(results.map((result) => (result.outcome === "queue_full" ? "" : result.approval.id)));
      expect(ids.size).toBe(1);
      expect((await any(0).list({ limit: 10 }, NOW)).approvals).toHaveLength(1);
    });

    it("lets no more be pending than the cap, however many are opened at once", async () => {
      const pendingMax = 7;
      const opening = times(50).map((n) => any(n).open(newApproval(n), OPENED_AT, { pendingMax }));
      const outcomes = (await Promise.all(opening)).map(({ outcome }) => outcome);
      expect(outcomes.filter((outcome) => outcome === "opened")).toHaveLength(pendingMax);
      expect(outcomes.filter((outcome) => outcome === "queue_full")).toHaveLength(50 - pendingMax);
    });

    it("counts every vote that is given at once, and approves once", async () => {
      await open(1, { terms: { quorum: 20 } });
      const steps = await Promise.all(
        times(CALLS).map((n) => any(n).vote(idOf(1), actor(`p${n % 40}`), undefined, NOW)),
      );
      expect(steps.filter((step) => step?.ok)).toHaveLength(20);
      expect(steps.filter((step) => step?.hasResolved)).toHaveLength(1);
      const { approval } = (await any(0).get(idOf(1), NOW))!;
      expect(approval.status).toBe("approved");
      expect(new Set(approval.votes.map(({ voter }) => voter)).size).toBe(20);
    });

    it.each(["deny", "allow"] as const)(
      "resolves once, tells one, consumes at most once (on timeout: %s)",
      async (onTimeout) => {
        const kinds = times(10);
        for (const n of kinds) await open(n, { terms: { onTimeout } });
        const told = await Promise.all(times(CALLS).map((call) => attempt(call, call % kinds.length)));

        for (const n of kinds) {
          const announced = told.flatMap(({ resolved }) => resolved).filter(({ id }) => id === idOf(n));
          expect(announced).toHaveLength(1);
          const consumed = told.filter(({ isConsumed }, call) => isConsumed && call % kinds.length === n);
          const { approval } = (await any(n).get(idOf(n), EXPIRES_AT))!;
          expect(approval).toMatchObject({ status: announced[0]!.status, resolution: announced[0]!.resolution! });
          expect(consumed).toHaveLength(approval.grant?.consumedAt === undefined ? 0 : 1);
        }
      },
    );

    it("consumes a grant once, however many use it at once", async () => {
      await open(1);
      await any(0).vote(idOf(1), actor("alice"), undefined, NOW);
      const uses = times(CALLS).map((n) =>
        any(n).consume(idOf(1), { digest: digestOf(1), requestId: idOf(n), caller: REQUESTER }, NOW),
      );
      const steps = await Promise.all(uses);
      const winner = steps.findIndex((step) => step?.ok);
      expect(steps.filter((step) => step?.ok)).toHaveLength(1);
      expect(steps.filter((step) => step?.ok === false && step.refusal === "grant_consumed")).toHaveLength(CALLS - 1);
      expect((await any(0).get(idOf(1), NOW + GRANT_TTL_MS))!.approval.grant!.consumedBy).toBe(idOf(winner));
    });
  });

  it("gives each step to be told to one of many that claim, and loses none to those told meanwhile", async () => {
    for (const n of times(40)) await open(n);
    const late = OPENED_AT + 10_000;
    const voting = times(40).map((n) => any(n).vote(idOf(n), actor("alice"), undefined, late));
    const telling = times(10).map((n) =>
      any(n).markTold([{ id: idOf(n), kind: "opened", by: { name: "gateway", keyId: idOf(900) } }]),
    );
    const claiming = times(20).map((n) => any(n).claimUntold(late, 5));
    const claims = (await Promise.all(claiming)).flat();
    await Promise.all([...voting, ...telling]);
    let count: number;
    do {
      const found = await any(0).claimUntold(late, 5);
      claims.push(...found);
      count = found.length;
    } while (count > 0);
    const opened = claims.filter(({ claimed }) => claimed.some(({ kind }) => kind === "opened"));
    const ids = opened.map(({ approval }) => approval.id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const n of times(40).slice(10)) expect(ids).toContain(idOf(n));
    const behind = (await any(0).claimUntold(late + 10_000, 100)).flatMap(({ approval, claimed }) =>
      claimed.map(({ kind }) => `${approval.id} ${kind}`),
    );
    for (const n of times(40)) expect(behind).toContain(`${idOf(n)} approved`);
    for (const n of times(10)) expect(behind).not.toContain(`${idOf(n)} opened`);
  });

  it("forgets each approval once, however many forget at once", async () => {
    for (const n of times(30)) await open(n);
    for (const n of times(20)) await any(n).deny(idOf(n), actor("alice"), undefined, NOW);
    const forgotten = await Promise.all(times(10).map((n) => any(n).forget(EXPIRES_AT, 4)));
    let count = forgotten.reduce((sum, each) => sum + each, 0);
    for (let more = 1; more > 0; count += more) more = await any(0).forget(EXPIRES_AT, 4);
    expect(count).toBe(20);
    expect((await any(1).list({ limit: 100 }, NOW)).approvals).toHaveLength(10);
  });

  /** The n-th approval, in one of six ways; some come just before it expires, and some just then. */
  async function attempt(call: number, n: number): Promise<Told> {
    const [store, id, now] = [any(call), idOf(n), EXPIRES_AT - ((call * 7) % 3 === 0 ? 0 : 1)];
    const way = Math.floor(call / 10) % 6;
    if (way === 5) return { resolved: await store.expireDue(now, 3), isConsumed: false };
    const steps = [
      () => store.vote(id, actor("alice"), undefined, now),
      () => store.deny(id, actor("bob"), "No.", now),
      () => store.cancel(id, REQUESTER, undefined, now),
      () => store.consume(id, { digest: digestOf(n), requestId: idOf(call), caller: REQUESTER }, now),
      () => store.get(id, now),
    ];
    const step = (await steps[way]!())!;
    return { resolved: step.hasResolved ? [step.approval] : [], isConsumed: way === 3 && (step as Step<string>).ok };
  }
}
