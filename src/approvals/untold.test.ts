import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  actor,
  digestOf,
  EXPIRES_AT,
  OPENED_AT,
  pendingApproval,
  REQUESTER,
} from "../../test/contract/approval-samples.ts";
import { idOf } from "../../test/contract/samples.ts";
import {
  type Approval,
  behindStep,
  cancelApproval,
  claimableFrom,
  claimUntold,
  consumeGrant,
  denyApproval,
  expireApproval,
  markTold,
  type TakenStep,
  voteApproval,
} from "./index.ts";

const [alice, bob] = [actor("alice"), actor("bob")];
const NOW = OPENED_AT + 1000;
const USE = { digest: digestOf(1), requestId: idOf(2000), caller: REQUESTER };
const two = pendingApproval(1, { terms: { quorum: 2 } });
const once = voteApproval(two, alice, undefined, NOW).approval;
const twice = voteApproval(once, bob, undefined, NOW + 1).approval;
const used = consumeGrant(twice, USE, NOW + 2).approval;

const stepsOf = ({ untold = [] }: Approval) => untold.map(({ kind, by }) => (by ? `${kind} ${by.name}` : kind));

describe("an untold step", () => {
  it("is kept by everything that happens to an approval, with who did it", () => {
    expect(stepsOf(used)).toEqual([
      "opened gateway",
      "voted alice",
      "voted bob",
      "approved bob",
      "consumed billing-agent",
    ]);
    expect(stepsOf(denyApproval(once, bob, "No.", NOW).approval).at(-1)).toBe("denied bob");
    expect(stepsOf(cancelApproval(once, REQUESTER, undefined, NOW).approval).at(-1)).toBe("cancelled billing-agent");
    expect(stepsOf(expireApproval(once, EXPIRES_AT).approval).at(-1)).toBe("expired");
  });

  it("is not made by what is refused, or changes nothing", () => {
    expect(voteApproval(once, alice, undefined, NOW).approval).toBe(once);
    expect(denyApproval(once, REQUESTER, undefined, NOW).approval).toBe(once);
    expect(expireApproval(once, NOW).approval).toBe(once);
    expect(stepsOf(denyApproval(once, bob, "No.", EXPIRES_AT).approval)).toEqual([
      "opened gateway",
      "voted alice",
      "expired",
    ]);
  });

  it("is told once, alone, and the last one leaves nothing behind", () => {
    const told = markTold(once, [{ kind: "voted", by: { name: "alice", keyId: "any" } }]);
    expect(stepsOf(told)).toEqual(["opened gateway"]);
    expect(markTold(told, [{ kind: "voted", by: { name: "bob", keyId: "any" } }, { kind: "expired" }])).toBe(told);
    const all = markTold(told, once.untold!);
    expect(all).not.toHaveProperty("untold");
    expect(markTold(all, once.untold!)).toBe(all);
  });
});

it("a step that is recorded, and not yet announced, is told with that, and once", () => {
  const taken = { kind: "voted", by: { name: "alice", keyId: "any" } } as const;
  const recorded = markTold(once, [{ ...taken, isOnlyRecorded: true }]);
  expect(recorded.untold!.map(({ isRecorded }) => isRecorded)).toEqual([undefined, true]);
  expect(markTold(recorded, [{ ...taken, isOnlyRecorded: true }])).toBe(recorded);
  const { approval, claimed } = claimUntold(recorded, NOW + 10_000);
  expect(claimed.map(({ isRecorded }) => isRecorded)).toEqual([undefined, true]);
  expect(stepsOf(markTold(approval, [{ ...taken, isOnlyRecorded: true }, taken]))).toEqual(["opened gateway"]);
});

describe("a claim", () => {
  it("takes the steps that should have been told by now, and nobody else gets them for a while", () => {
    const since = claimableFrom(once)!;
    expect(since).toBe(OPENED_AT + 10_000);
    expect(claimUntold(once, since - 1)).toEqual({ approval: once, claimed: [] });
    const first = claimUntold(once, since);
    expect(first.claimed.map(({ kind }) => kind)).toEqual(["opened"]);
    expect(stepsOf(first.approval)).toEqual(stepsOf(once));
    expect(claimUntold(first.approval, NOW + 10_000).claimed.map(({ kind }) => kind)).toEqual(["voted"]);
    expect(claimUntold(first.approval, since + 10_000).claimed.map(({ kind }) => kind)).toEqual(["opened", "voted"]);
  });

  it("finds nothing where all is told", () => {
    const told = markTold(once, once.untold!);
    expect(claimableFrom(told)).toBeUndefined();
    expect(claimUntold(told, Number.MAX_SAFE_INTEGER)).toEqual({ approval: told, claimed: [] });
  });
});

it("an approval right behind one of its steps is what it was then, whatever happened later", () => {
  const moves: readonly ((approval: Approval, now: number) => Approval)[] = [
    (approval, now) => voteApproval(approval, alice, "Yes.", now).approval,
    (approval, now) => voteApproval(approval, bob, undefined, now).approval,
    (approval, now) => voteApproval(approval, actor("carol"), undefined, now).approval,
    (approval, now) => denyApproval(approval, alice, "No.", now).approval,
    (approval, now) => cancelApproval(approval, REQUESTER, undefined, now).approval,
    (approval, now) => consumeGrant(approval, USE, now).approval,
    (approval) => expireApproval(approval, EXPIRES_AT).approval,
    (approval) => markTold(approval, approval.untold ?? []),
  ];
  const terms = fc.record({ quorum: fc.integer({ min: 1, max: 3 }), onTimeout: fc.constantFrom("deny", "allow") });
  const taken = fc.array(fc.constantFrom(...moves), { maxLength: 12 });
  fc.assert(
    fc.property(terms, taken, (given, sequence) => {
      let approval = pendingApproval(1, { terms: given as Approval["terms"] });
      const seen: { step: TakenStep; was: Approval }[] = [{ step: approval.untold![0]!, was: approval }];
      for (const [n, move] of sequence.entries()) {
        const next = move(approval, NOW + n);
        const fresh = (next.untold ?? []).slice(approval.untold?.length ?? 0);
        if (next !== approval) seen.push(...fresh.map((step) => ({ step, was: next })));
        approval = next;
      }
      for (const { step, was } of seen) expect(withoutDuty(behindStep(approval, step))).toEqual(withoutDuty(was));
    }),
  );
});

/** A long view is left out at the end, and is nothing that is told of a step. */
const withoutDuty = ({ untold, view, ...approval }: Approval) => approval;
