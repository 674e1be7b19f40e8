import { describe, expect, it } from "vitest";
import { actor, pendingApproval, REQUESTER } from "../../test/contract/approval-samples.ts";
import { idOf } from "../../test/contract/samples.ts";
import { type Actor, mayResolve } from "./index.ts";

const operator: Actor = { keyId: "key", identity: { name: "root", roles: [] } };

describe("mayResolve", () => {
  it.each<[string, Actor, string]>([
    ["the requester itself", REQUESTER, "own_request"],
    ["another key of the requesting identity", actor("billing-agent"), "own_request"],
    [
      "the requesting identity's name in no tenant",
      { ...operator, identity: { name: "billing-agent", roles: [] } },
      "own_request",
    ],
    ["another key of the identity whose key asked for somebody else", actor("gateway"), "own_request"],
    ["the requesting key under a new name", actor("alice", { keyId: idOf(900) }), "own_key"],
    ["an approver of another tenant", actor("alice", { tenant: "globex" }), "other_tenant"],
  ])("refuses %s", (_, who, refusal) => {
    expect(mayResolve(pendingApproval(1), who)).toEqual({ ok: false, refusal });
  });

  it("lets a tenant's approver resolve nothing that belongs to no tenant", () => {
    const ownedByNone = pendingApproval(1, { tenant: undefined });
    expect(mayResolve(ownedByNone, actor("alice"))).toEqual({ ok: false, refusal: "other_tenant" });
    expect(mayResolve(ownedByNone, operator)).toEqual({ ok: true });
  });

  it("lets anyone else, where the rule lists nobody", () => {
    expect(mayResolve(pendingApproval(1), actor("alice", { roles: [] }))).toEqual({ ok: true });
    expect(mayResolve(pendingApproval(1), operator)).toEqual({ ok: true });
  });

  it.each<[string, Actor, boolean]>([
    ["by role", actor("alice", { roles: ["oncall"] }), true],
    ["by name", actor("carol", { roles: [] }), true],
    ["whose role is spelt otherwise", actor("alice", { roles: ["Oncall"] }), false],
    ["whose role is called like a listed name", actor("alice", { roles: ["carol"] }), false],
    ["whose name is called like a listed role", actor("oncall", { roles: [] }), false],
    ["whose role is called like a listed entry", actor("alice", { roles: ["role:oncall", "user:carol"] }), false],
  ])("asks for one of the listed approvers: %s", (_, who, ok) => {
    const approval = pendingApproval(1, { terms: { approvers: [["role:oncall", "user:carol"]] } });
    expect(mayResolve(approval, who)).toEqual(ok ? { ok } : { ok, refusal: "not_an_approver" });
  });

  it("asks for one of each list, where several rules ask", () => {
    const approval = pendingApproval(1, { terms: { approvers: [["role:oncall"], ["user:alice", "user:bob"]] } });
    expect(mayResolve(approval, actor("alice"))).toEqual({ ok: true });
    for (const who of [actor("alice", { roles: [] }), actor("carol")]) {
      expect(mayResolve(approval, who)).toEqual({ ok: false, refusal: "not_an_approver" });
    }
  });
});
