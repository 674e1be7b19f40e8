import type { ApprovalTerms as RuleApprovalTerms } from "../rules/types.ts";
import type { ApprovalTerms } from "./types.ts";

/**
 * The terms that keep what every one of several rules asks for: the most votes, the shortest times, a yes by timeout only
 * where all of them say so, and approvers who are on each rule's list.
 * @param all at least one
 */
export function combineTerms(all: readonly RuleApprovalTerms[]): ApprovalTerms {
  return {
    timeoutMs: Math.min(...all.map(({ timeoutMs }) => timeoutMs)),
    onTimeout: all.every(({ onTimeout }) => onTimeout === "allow") ? "allow" : "deny",
    approvers: all.map(({ approvers }) => approvers).filter((list) => list.length > 0),
    quorum: Math.max(...all.map(({ quorum }) => quorum)),
    grantTtlMs: Math.min(...all.map(({ grantTtlMs }) => grantTtlMs)),
  };
}
