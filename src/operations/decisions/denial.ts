import type { Decision, ReasonCode } from "../../model/decision.ts";

/**
 * A deny that no rule decided: something went wrong, or is missing.
 * @param was what the rules said, where they got to say something
 */
export function denial(code: ReasonCode, reason: string, was?: Decision): Decision {
  return {
    decision: "deny",
    reason,
    reason_code: code,
    rules: [],
    obligations: [],
    errors: was?.errors ?? [],
    policy_revision: was?.policy_revision ?? "",
    cache_ttl_seconds: 0,
  };
}
