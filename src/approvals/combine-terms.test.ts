import { expect, it } from "vitest";
import type { ApprovalTerms } from "../rules/types.ts";
import { combineTerms } from "./index.ts";

const terms = (parts: Partial<ApprovalTerms> = {}): ApprovalTerms => ({
  timeoutMs: 300_000,
  onTimeout: "deny",
  approvers: [],
  quorum: 1,
  grantTtlMs: 60_000,
  ...parts,
});

it("a single rule's terms are its own", () => {
  expect(combineTerms([terms()])).toEqual(terms());
  expect(combineTerms([terms({ approvers: ["role:a", "user:b"] })]).approvers).toEqual([["role:a", "user:b"]]);
});

it("of several rules, the strictest of each term holds, whatever their order", () => {
  const lax = terms({ onTimeout: "allow", timeoutMs: 900_000, approvers: ["role:a"] });
  const strict = terms({ quorum: 2, grantTtlMs: 1000, approvers: ["role:b", "user:c"] });
  const combined = { timeoutMs: 300_000, onTimeout: "deny", quorum: 2, grantTtlMs: 1000 };
  expect(combineTerms([lax, strict])).toEqual({ ...combined, approvers: [["role:a"], ["role:b", "user:c"]] });
  expect(combineTerms([strict, lax])).toEqual({ ...combined, approvers: [["role:b", "user:c"], ["role:a"]] });
});

it("silence is a yes only where every rule says so", () => {
  const yes = terms({ onTimeout: "allow" });
  expect(combineTerms([yes, yes]).onTimeout).toBe("allow");
  expect(combineTerms([yes, terms()]).onTimeout).toBe("deny");
});
