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

export interface ReadDecision {
  readonly decision: Decision;
  /** Every field is there, where it has to be, and of its type. What is not whole may not be kept. */
  readonly isWhole: boolean;
}

/**
 * Reads the body of a 200. A missing or unknown decision is a deny; other fields of another type are as if absent.
 * @throws VerdictError `malformed_answer` when it is no object
 */
export function readDecision(body: unknown): ReadDecision {
  const answer = asObject(body);
  const word = readWord(answer.decision);
  let isWhole = word !== undefined;
  function field<T>(name: string, isOfType: (value: unknown) => value is T, isRequired = false): T | undefined {
    const value = answer[name];
    if (isOfType(value)) return value;
    if (isRequired || value !== undefined) isWhole = false;
    return undefined;
  }
  const obligations = field("obligations", Array.isArray, true) ?? [];
  if (!obligations.every(isObligation)) isWhole = false;
  const [reason, reasonCode] = [field("reason", isText, true), field("reason_code", isText, true)];
  const decision: Decision = {
    decision: word ?? "deny",
    reason: word === undefined ? UNKNOWN : (reason ?? ""),
    reasonCode: word === undefined ? "unknown_decision" : (reasonCode ?? ""),
    ruleId: field("rule_id", isText),
    ruleName: field("rule_name", isText),
    helpText: field("help_text", isText),
    helpUrl: field("help_url", isText),
    requestId: field("request_id", isText, true),
    obligations: obligations.filter(isObligation),
    approval: field("approval", isApprovalReference),
    cacheTtlSeconds: field("cache_ttl_seconds", isTtl, true) ?? 0,
    policyRevision: field("policy_revision", isText, true),
    failOpen: false,
    cached: false,
  };
  return { decision: deepFreeze(decision), isWhole };
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

export const isObject = (value: unknown): value is Record<string, unknown> =>
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

const isText = (value: unknown): value is string => typeof value === "string";

const isTtl = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

const isObligation = (value: unknown): value is Obligation =>
  isObject(value) && isText(value.type) && (value.params === undefined || isObject(value.params));

const isApprovalReference = (value: unknown): value is ApprovalReference => isObject(value) && isApprovalId(value.id);

/** Callers share what is kept: none of them may change it for the others. */
function deepFreeze<T>(value: T): T {
  if (typeof value !== "object" || value === null) return value;
  for (const item of Object.values(value)) deepFreeze(item);
  return Object.freeze(value);
}
