import { z } from "zod";

/** What an agent may do with an action. Order is precedence at equal priority: the first wins (deny overrides). */
export const EFFECTS = ["deny", "approval_required", "allow"] as const;
export type Effect = (typeof EFFECTS)[number];

/**
 * Why a decision came out as it did. A closed list: clients switch on it.
 * - `rule_matched`: a rule's condition was true.
 * - `rule_error`: a deny or approval rule whose condition could not be evaluated applied (fail closed).
 * - `no_matching_rule`: default deny.
 * - `policy_not_ready`: no valid rule set is active.
 * - `audit_unavailable`: the decision could not be recorded, so it was turned into a deny.
 * - `internal_error`: a bug; logged whole, answered as a deny.
 */
export const REASON_CODES = [
  "rule_matched",
  "rule_error",
  "no_matching_rule",
  "policy_not_ready",
  "audit_unavailable",
  "internal_error",
] as const;
export type ReasonCode = (typeof REASON_CODES)[number];

export const obligationSchema = z
  .strictObject({
    type: z
      .string()
      .min(1)
      .max(64)
      .meta({ description: "What the caller must do, by name.", examples: ["redact"] }),
    params: z.record(z.string(), z.unknown()).default({}).meta({ description: "Parameters of the duty." }),
  })
  .meta({ id: "Obligation", description: "A duty that the caller takes on by acting on the decision." });
export type Obligation = z.infer<typeof obligationSchema>;

/** A rule whose condition could not be evaluated for this request. */
export interface RuleError {
  readonly rule_id: string;
  readonly message: string;
}

/** What `decide` answers: pure data, no clock and no ids in it, so that it can be compared field by field. */
export interface Decision {
  readonly decision: Effect;
  /** A sentence that a model or a person can act on. */
  readonly reason: string;
  readonly reason_code: ReasonCode;
  /** The full id of the first determining rule in id order; absent when no rule decided. */
  readonly rule_id?: string;
  readonly rule_name?: string;
  /** Full ids of all rules that determined the outcome, sorted. */
  readonly rules: readonly string[];
  readonly obligations: readonly Obligation[];
  /** Candidate rules that could not be evaluated, sorted by rule id; at most `LIMITS.errorsMax`. */
  readonly errors: readonly RuleError[];
  /** How many more there were. */
  readonly errors_omitted?: number;
  /** `sha256:<hex>` of the rule set; the empty string when none is active. */
  readonly policy_revision: string;
  /** How long a client may reuse this decision for the same request, in seconds; 0 forbids it. */
  readonly cache_ttl_seconds: number;
  readonly help_text?: string;
  readonly help_url?: string;
}
