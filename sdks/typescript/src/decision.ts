import { isApprovalId } from "./approval-id.ts";
import { VerdictError } from "./errors.ts";
import type { ApprovalReference, Obligation } from "./wire.ts";

/** What the service answered, in the words of TypeScript. Frozen, since the cache hands it out again. */
export interface Decision {
  readonly decision: "allow" | "deny" | "approval_required";
  /** A sentence that a model or a person can act on. */
  readonly reason: string;
  /** Of the service's closed list, or of this client: `unknown_decision`, `fail_open`. */
  readonly reasonCode: string;
  /** Absent when no rule decided. */
  readonly ruleId: string | undefined;
  readonly ruleName: string | undefined;
  readonly helpText: string | undefined;
  readonly helpUrl: string | undefined;
  /** The id of the audit record; the first one's of an answer out of the cache. */
  readonly requestId: string | undefined;
  /** Duties that the caller takes on by acting. */
  readonly obligations: readonly Obligation[];
  /** Of `approval_required`. */
  readonly approval: ApprovalReference | undefined;
  readonly cacheTtlSeconds: number;
  readonly policyRevision: string | undefined;
  /** The service was not reached, and the fail mode is open. */
  readonly failOpen: boolean;
  /** Asked for by an earlier call. */
  readonly cached: boolean;
}

/**
 * Reads the body of a 200. A missing or unknown decision is a deny; other fields of another type are as if absent.
 * @throws VerdictError `malformed_answer` when it is no object
 */
export function readDecision(body: unknown): Decision {
  const answer = asObject(body);
  const decision = readWord(answer.decision);
  const text = (name: string) => (typeof answer[name] === "string" ? answer[name] : undefined);
  return deepFreeze({
    decision: decision ?? "deny",
    reason: decision === undefined ? UNKNOWN : (text("reason") ?? ""),
    reasonCode: decision === undefined ? "unknown_decision" : (text("reason_code") ?? ""),
    ruleId: text("rule_id"),
    ruleName: text("rule_name"),
    helpText: text("help_text"),
    helpUrl: text("help_url"),
    requestId: text("request_id"),
    obligations: Array.isArray(answer.obligations) ? answer.obligations.filter(isObligation) : [],
    approval: isApprovalReference(answer.approval) ? answer.approval : undefined,
    cacheTtlSeconds: decision === undefined ? 0 : readTtl(answer.cache_ttl_seconds),
    policyRevision: text("policy_revision"),
    failOpen: false,
    cached: false,
  });
}

const UNKNOWN = "The service's answer has no decision that this client knows, which counts as a deny.";

/** What is gone on with when the service cannot be reached and the fail mode is open. */
export const FAIL_OPEN: Decision = Object.freeze({
  decision: "allow",
  reason: "The service was not reached, and the fail mode is open.",
  reasonCode: "fail_open",
  ruleId: undefined,
  ruleName: undefined,
  helpText: undefined,
  helpUrl: undefined,
  requestId: undefined,
  obligations: Object.freeze([]),
  approval: undefined,
  cacheTtlSeconds: 0,
  policyRevision: undefined,
  failOpen: true,
  cached: false,
});

/** @throws VerdictError `malformed_answer` */
export function asObject(body: unknown): Record<string, unknown> {
  if (isObject(body)) return body;
  throw new VerdictError(200, "malformed_answer", "The answer is not a JSON object.");
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

// SECURITY: exactly these words; `switch` compares without conversion, so that ["allow"] is not one.
function readWord(value: unknown): Decision["decision"] | undefined {
  switch (value) {
    case "allow":
    case "deny":
    case "approval_required":
      return value;
    default:
      return undefined;
  }
}

const readTtl = (value: unknown) => (Number.isFinite(value) && (value as number) > 0 ? (value as number) : 0);

const isObligation = (value: unknown): value is Obligation => isObject(value) && typeof value.type === "string";

const isApprovalReference = (value: unknown): value is ApprovalReference => isObject(value) && isApprovalId(value.id);

/** Callers share what is kept: none of them may change it for the others. */
function deepFreeze<T>(value: T): T {
  if (typeof value !== "object" || value === null) return value;
  for (const item of Object.values(value)) deepFreeze(item);
  return Object.freeze(value);
}
