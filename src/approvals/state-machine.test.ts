import { describe, expect, it } from "vitest";
import {
  actor,
  digestOf,
  EXPIRES_AT,
  GRANT_TTL_MS,
  newApproval,
  OPENED_AT,
  pendingApproval,
  REQUESTER,
} from "../../test/contract/approval-samples.ts";
import { idOf } from "../../test/contract/samples.ts";
import {
  type Approval,
  CANCELLED_PLACE_MS,
  cancelApproval,
  consumeGrant,
  denyApproval,
  expireApproval,
  OMITTED_VIEW,
  openApproval,
  placeUntil,
  VIEW_KEPT_MAX,
  voteApproval,
} from "./index.ts";

const [alice, bob] = [actor("alice"), actor("bob")];
const NOW = OPENED_AT + 1000;
const USE = { digest: digestOf(1), requestId: idOf(2000), caller: REQUESTER };

const asked = pendingApproval(1);
const approved = voteApproval(asked, alice, undefined, NOW).approval;
const denied = denyApproval(asked, alice, "No.", NOW).approval;
const cancelled = cancelApproval(asked, REQUESTER, undefined, NOW).approval;
const expired = expireApproval(asked, EXPIRES_AT).approval;
const allowedByTimeout = expireApproval(pendingApproval(1, { terms: { onTimeout: "allow" } }), EXPIRES_AT).approval;
const RESOLVED = { approved, denied, cancelled, expired };

describe("expiry", () => {
  it("comes at the instant of expiry, not a millisecond earlier", () => {
    expect(expireApproval(asked, EXPIRES_AT - 1)).toEqual({ approval: asked, hasResolved: false });
    expect(expireApproval(asked, EXPIRES_AT)).toEqual({
      approval: { ...asked, status: "expired", resolution: { at: EXPIRES_AT }, untold: expired.untold },
      hasResolved: true,
    });
  });

  it("is the same however late somebody looks", () => {
    const late = expireApproval(pendingApproval(1, { terms: { onTimeout: "allow" } }), EXPIRES_AT + 1e9);
    expect({ ...late.approval, untold: [] }).toEqual({ ...allowedByTimeout, untold: [] });
    expect(late.approval.grant).toEqual({ expiresAt: EXPIRES_AT + GRANT_TTL_MS });
  });

  it.each([
    ["a vote", (now: number) => voteApproval(asked, alice, undefined, now)],
    ["a denial", (now: number) => denyApproval(asked, alice, undefined, now)],
    ["a cancellation", (now: number) => cancelApproval(asked, REQUESTER, undefined, now)],
  ])("is what %s finds that comes too late", (_, attempt) => {
    expect(attempt(EXPIRES_AT - 1).ok).toBe(true);
    expect(attempt(EXPIRES_AT)).toEqual({ ok: false, refusal: "not_pending", approval: expired, hasResolved: true });
  });
});

describe("a resolved approval", () => {
  it.each(Object.entries(RESOLVED))("that is %s is never resolved again", (_, approval) => {
    const refused = { ok: false, refusal: "not_pending", approval, hasResolved: false };
    expect(voteApproval(approval, bob, undefined, NOW)).toEqual(refused);
    expect(denyApproval(approval, bob, undefined, NOW)).toEqual(refused);
    expect(cancelApproval(approval, REQUESTER, undefined, NOW)).toEqual(refused);
    expect(expireApproval(approval, EXPIRES_AT + 1e9)).toEqual({ approval, hasResolved: false });
  });
});

describe("a vote", () => {
  it("approves alone where one is enough, and grants from then on", () => {
    expect(voteApproval(asked, alice, "Checked the charge.", NOW)).toEqual({
      ok: true,
      approval: {
        ...asked,
        status: "approved",
        votes: [{ voter: "alice", keyId: "key-of-alice", at: NOW, note: "Checked the charge." }],
        resolution: { at: NOW, by: { name: "alice", keyId: "key-of-alice" } },
        grant: { expiresAt: NOW + GRANT_TTL_MS },
        untold: approved.untold,
      },
      hasResolved: true,
    });
  });

  const two = pendingApproval(1, { terms: { quorum: 2 } });
  const once = voteApproval(two, alice, undefined, NOW);

  it("leaves the approval pending, without a grant, until the quorum is complete", () => {
    expect(once).toMatchObject({ ok: true, hasResolved: false, approval: { status: "pending" } });
    expect(once.approval).not.toHaveProperty("grant");
    expect(voteApproval(once.approval, bob, undefined, NOW + 1)).toMatchObject({
      ok: true,
      hasResolved: true,
      approval: { status: "approved", resolution: { at: NOW + 1, by: { name: "bob" } } },
    });
  });

  it.each([
    ["the same key", alice],
    ["another key of the same person", actor("alice", { keyId: "second key" })],
    ["the same name in no tenant", { keyId: "third key", identity: { name: "alice", roles: [] } }],
    ["the same key under a new name", actor("alicia", { keyId: "key-of-alice" })],
  ])("does not count twice: %s", (_, again) => {
    const refused = { ok: false, refusal: "already_voted", approval: once.approval, hasResolved: false };
    expect(voteApproval(once.approval, again, undefined, NOW + 1)).toEqual(refused);
  });

  it("does not keep its giver from denying, and one denial is enough", () => {
    expect(denyApproval(once.approval, alice, "I was wrong.", NOW + 1)).toMatchObject({
      ok: true,
      hasResolved: true,
      approval: { status: "denied", votes: [{ voter: "alice" }], resolution: { reason: "I was wrong." } },
    });
  });
});

describe("who may not resolve", () => {
  it("is told so before the state of the approval", () => {
    for (const approval of [asked, approved]) {
      const refused = { ok: false, refusal: "own_request", approval, hasResolved: false };
      expect(voteApproval(approval, REQUESTER, undefined, NOW)).toEqual(refused);
      expect(denyApproval(approval, REQUESTER, undefined, NOW)).toEqual(refused);
    }
  });
});

describe("a cancellation", () => {
  const KEY_HOLDER = { keyId: "another", identity: { name: "gateway", roles: [] } };
  it.each([
    ["another key of the requesting identity", actor("billing-agent"), true],
    ["the requesting key, speaking for another", actor("gateway", { keyId: idOf(900) }), true],
    ["another key of the identity that holds the requesting key", KEY_HOLDER, true],
    ["its holder's name in another tenant", actor("gateway"), false],
    ["the same name in another tenant", actor("billing-agent", { tenant: "globex" }), false],
    ["an approver", alice, false],
  ])("by %s", (_, who, ok) => {
    const step = cancelApproval(asked, who, "Not needed.", NOW);
    expect(step).toMatchObject(ok ? { ok, approval: { status: "cancelled" } } : { ok, refusal: "not_requester" });
  });
});

describe("a grant", () => {
  it("is consumed once, and its approval stays what it was", () => {
    const step = consumeGrant(approved, USE, NOW + 5);
    const grant = { expiresAt: NOW + GRANT_TTL_MS, consumedAt: NOW + 5, consumedBy: idOf(2000) };
    const { untold } = step.approval;
    expect(step).toEqual({ ok: true, approval: { ...approved, grant, untold }, hasResolved: false });
    const again = consumeGrant(step.approval, { ...USE, requestId: idOf(2001) }, NOW + 6);
    expect(again).toEqual({ ok: false, refusal: "grant_consumed", approval: step.approval, hasResolved: false });
  });

  it.each([
    ["with the same key", alice],
    ["with another key of the same person", actor("alice", { keyId: "second key" })],
  ])("is not used by who voted for it, %s", (_, caller) => {
    const refused = { ok: false, refusal: "own_vote", approval: approved, hasResolved: false };
    expect(consumeGrant(approved, { ...USE, caller }, NOW)).toEqual(refused);
    expect(consumeGrant(approved, { ...USE, caller: bob }, NOW).ok).toBe(true);
  });

  it("is worth nothing from its expiry on", () => {
    expect(consumeGrant(approved, USE, NOW + GRANT_TTL_MS - 1).ok).toBe(true);
    expect(consumeGrant(approved, USE, NOW + GRANT_TTL_MS)).toMatchObject({ ok: false, refusal: "grant_expired" });
  });

  it("is worth nothing for another action, also where there is none: a stranger learns nothing", () => {
    const use = { ...USE, digest: digestOf(2) };
    for (const approval of [asked, ...Object.values(RESOLVED)]) {
      expect(consumeGrant(approval, use, NOW)).toMatchObject({ ok: false, refusal: "other_action" });
    }
  });

  it.each(Object.entries({ asked, denied, cancelled, expired }))("does not exist: %s", (_, approval) => {
    expect(consumeGrant(approval, USE, NOW)).toMatchObject({ ok: false, refusal: "not_granted", approval });
  });

  it("comes with expiry where the rule says so, and the one who uses it may be the first to look", () => {
    const due = pendingApproval(1, { terms: { onTimeout: "allow" } });
    expect(consumeGrant(due, USE, EXPIRES_AT - 1)).toMatchObject({ ok: false, refusal: "not_granted" });
    expect(consumeGrant(due, USE, EXPIRES_AT)).toMatchObject({
      ok: true,
      hasResolved: true,
      approval: { status: "expired", grant: { consumedAt: EXPIRES_AT } },
    });
    expect(consumeGrant(due, USE, EXPIRES_AT + GRANT_TTL_MS)).toMatchObject({ ok: false, refusal: "grant_expired" });
  });
});

describe("the view", () => {
  const long = JSON.stringify({ arguments: { text: "x".repeat(VIEW_KEPT_MAX) } });
  const at = (view: string, terms = {}) => pendingApproval(1, { view, terms });

  it("of what nobody answered is left out where it is long, also with a grant", () => {
    for (const { approval } of [
      cancelApproval(at(long), REQUESTER, undefined, NOW),
      expireApproval(at(long), EXPIRES_AT),
      expireApproval(at(long, { onTimeout: "allow" }), EXPIRES_AT),
    ]) {
      expect(approval.view).toBe(OMITTED_VIEW);
    }
    const longest = "x".repeat(VIEW_KEPT_MAX);
    expect(expireApproval(at(longest), EXPIRES_AT).approval.view).toBe(longest);
  });

  it("of what people answered stays, as does that of what they have to answer", () => {
    const two = at(long, { quorum: 2 });
    const once = voteApproval(two, alice, undefined, NOW).approval;
    for (const approval of [
      once,
      voteApproval(once, bob, undefined, NOW).approval,
      denyApproval(once, bob, undefined, NOW).approval,
    ]) {
      expect(approval.view).toBe(long);
    }
  });
});

describe("a place among those that a requester may have pending", () => {
  it("is kept until expiry, or given up with an answer", () => {
    expect(placeUntil(asked)).toBe(EXPIRES_AT);
    for (const approval of [approved, denied, expired]) expect(placeUntil(approval)).toBeUndefined();
  });

  it("is kept for a while by one that was taken back, and no longer than if it had not been", () => {
    expect(placeUntil(cancelled)).toBe(EXPIRES_AT);
    const long = pendingApproval(1, { terms: { timeoutMs: 1e9 } });
    const step = cancelApproval(long, REQUESTER, undefined, NOW);
    expect(placeUntil(step.approval)).toBe(NOW + CANCELLED_PLACE_MS);
  });
});

it("opening is pending from now for as long as the rule gives it", () => {
  const given = newApproval(1);
  const { keyHolder: name, keyId } = given.requester;
  const untold = [{ kind: "opened", by: { name, keyId }, claimableFrom: 10_007 }] as const;
  const opened: Approval = { ...given, status: "pending", createdAt: 7, expiresAt: 300_007, votes: [], untold };
  expect(openApproval(given, 7)).toEqual(opened);
});
