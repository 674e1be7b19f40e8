import { z } from "zod";
import { APPROVAL_STATUSES, type Decision, EFFECTS, REASON_CODES } from "./decision.ts";
import { obligationSchema } from "./obligation.ts";

const ruleErrorSchema = z
  .object({
    rule_id: z.string().meta({ description: "Full id of the rule." }),
    message: z.string().meta({ description: "Why its condition could not be evaluated." }),
  })
  .meta({ id: "RuleError", description: "A rule that could not be evaluated for this request." });

export const RULE_OUTCOMES = ["matched", "not_matched", "error"] as const;

const explanationSchema = z
  .object({
    rules: z
      .array(
        z.object({
          rule_id: z.string().meta({ description: "Full id of the rule." }),
          outcome: z.enum(RULE_OUTCOMES).meta({ description: "What its condition gave." }),
          message: z.string().optional().meta({ description: "The error, where there was one." }),
        }),
      )
      .meta({ description: "Every rule of the active set, matched and erring ones first, then by id." }),
    candidates: z.int().meta({ description: "How many rules the index left to evaluate." }),
    stages: z
      .record(z.string(), z.number())
      .meta({ description: "Microseconds per stage.", examples: [{ enter: 4.1, decide: 1.9 }] }),
  })
  .meta({ id: "Explanation", description: "Present when `explain` was set." });

export const approvalReferenceSchema = z
  .object({
    id: z.uuid().meta({ description: "Send it as `approval_id` once it is approved." }),
    status: z.enum(APPROVAL_STATUSES).meta({ description: "How it stood when this was answered." }),
    expires_at: z.iso.datetime().meta({ description: "Until when people can answer (RFC 3339)." }),
    status_url: z.string().meta({ description: "Where to ask for its status: a path of this service." }),
  })
  .meta({ id: "ApprovalReference", description: "The approval that a decision is about." });

export const evaluateResponseSchema = z
  .object({
    decision: z.enum(EFFECTS).meta({ description: "What the agent may do.", examples: ["allow"] }),
    reason: z.string().meta({ description: "A sentence that a model or a person can act on." }),
    reason_code: z.enum(REASON_CODES).meta({ description: "Why, from a closed list." }),
    request_id: z.uuid().meta({ description: "UUIDv7; also the id of the audit record." }),
    latency_ms: z.number().meta({ description: "Time to the decision in milliseconds, microsecond resolution." }),
    rule_id: z.string().optional().meta({ description: "The rule that decided; absent when none did." }),
    rule_name: z.string().optional().meta({ description: "Its name." }),
    rules: z.array(z.string()).meta({ description: "All rules that determined the outcome, sorted." }),
    obligations: z.array(obligationSchema).meta({ description: "Duties of the caller, from the determining rules." }),
    errors: z.array(ruleErrorSchema).meta({ description: "Rules that could not be evaluated, the first 20 by id." }),
    errors_omitted: z.int().optional().meta({ description: "How many more there were." }),
    policy_revision: z.string().meta({ description: "Digest of the rule set; empty when none is active." }),
    cache_ttl_seconds: z.int().meta({ description: "How long the same request may reuse this answer; 0 forbids it." }),
    help_text: z.string().optional().meta({ description: "What to do instead." }),
    help_url: z.string().optional().meta({ description: "Where to read more." }),
    approval: approvalReferenceSchema.optional(),
    explanation: explanationSchema.optional(),
  })
  .meta({ id: "EvaluateResponse", description: "A decision. A deny is HTTP 200." });

export type Explanation = z.infer<typeof explanationSchema>;

/** What `evaluateResponseSchema` describes, readonly. */
export interface EvaluateResponse extends Decision {
  readonly request_id: string;
  readonly latency_ms: number;
  readonly explanation?: Explanation;
}
