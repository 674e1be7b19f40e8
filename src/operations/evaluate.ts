import { decide, explain } from "../engine/index.ts";
import { assertScope, type Caller, resolveIdentity } from "../identity/index.ts";
import type { Activation, Identity } from "../model/activation.ts";
import type { Decision } from "../model/decision.ts";
import { decisionJson } from "../model/decision-json.ts";
import { AppError } from "../model/errors.ts";
import type { Evaluation } from "../model/evaluation.ts";
import type { EvaluateRequest } from "../model/request.ts";
import { toActivation } from "../model/to-activation.ts";
import type { RuleSet } from "../rules/index.ts";
import { type ApprovalAnswer, type ApprovalQuestion, actOnApproval } from "./act-on-approval.ts";
import { denial } from "./denial.ts";
import type { Service } from "./service.ts";

/** What the transport knows of a call. */
export interface Call {
  /** From `clock.microseconds()`, when the request came in. */
  readonly startedAt: number;
  /** The caller's own id for it. */
  readonly clientRequestId?: string | undefined;
  /** The JSON text that the request was read from; it is recorded as it is. */
  readonly requestJson: string;
}

/**
 * Decides one action, records the decision, answers. The answer waits for the record: an allow that is not
 * recorded does not leave.
 *
 * @throws AppError `insufficient_scope` or `identity_forbidden`; everything else that goes wrong is a deny with a reason
 */
export async function evaluate(
  service: Service,
  caller: Caller,
  request: EvaluateRequest,
  call: Call,
): Promise<Evaluation> {
  assertScope(caller, "evaluate");
  const identity = resolveIdentity(caller, request.identity);
  const attempt = beginAttempt(service, request, identity);
  const decidedFrom = service.clock.microseconds();
  const ruled = decideClosed(service, attempt);
  const decidedAt = service.clock.microseconds();
  const latencyUs = Math.round(decidedAt - call.startedAt);

  const isForPerson = ruled.decision === "approval_required" || request.approval_id !== undefined;
  const made = isForPerson
    ? await decideWithPerson(service, caller, request, { ...attempt, ruled })
    : { ...attempt, ruled, decision: ruled };
  const { requestId } = made;
  let { decision } = made;
  try {
    await service.recordDecision({
      id: requestId,
      now: made.activation.now,
      request,
      requestJson: call.requestJson,
      identity,
      decision,
      ruled: decision === made.ruled ? undefined : made.ruled,
      approval: made.approval,
      keyId: caller.keyId,
      clientRequestId: call.clientRequestId,
      latencyUs,
    });
  } catch (error) {
    service.logger.error({ err: error, request_id: requestId }, "the decision was not recorded; the action is denied");
    decision = denial("audit_unavailable", UNRECORDED, made.ruled);
  }
  service.metrics.recordDecision(decision.decision, decision.reason_code, latencyUs);
  service.shadowRules?.observe(made.activation, made.ruled);
  if (request.explain !== true) return { requestId, decision, latencyUs };

  const stages = {
    enter: Math.round(decidedFrom - call.startedAt),
    decide: Math.round(decidedAt - decidedFrom),
    record: Math.round(service.clock.microseconds() - decidedAt),
  };
  const { ruleSet, activation } = made;
  const outcomes = ruleSet === undefined ? { rules: [], candidates: 0 } : explain(ruleSet, activation);
  return { requestId, decision, latencyUs, explanation: { ...outcomes, stages } };
}

const UNRECORDED = "The decision could not be recorded, so the action is denied. Try again later.";

/** One look of the rules at a request. */
interface Attempt {
  readonly requestId: string;
  readonly activation: Activation;
  readonly ruleSet: RuleSet | undefined;
}

interface Made extends Attempt, ApprovalAnswer {
  /** What the rules alone say. */
  readonly ruled: Decision;
}

function beginAttempt(service: Service, request: EvaluateRequest, identity: Identity): Attempt {
  const now = service.clock.now();
  const requestId = service.newId(now);
  const activation = toActivation(request, identity, requestId, now);
  return { requestId, activation, ruleSet: service.activeRules.current() };
}

/** Like `decide`, and a deny when there is no rule set or the engine fails. */
function decideClosed(service: Service, { ruleSet, activation }: Attempt): Decision {
  if (ruleSet === undefined)
    return denial("policy_not_ready", "No valid rule set is active, so every action is denied.");
  try {
    return decide({ ruleSet, activation, cacheTtlSecondsMax: service.settings.cacheTtlSecondsMax });
  } catch (error) {
    service.logger.error({ err: error, request_id: activation.request.id }, "the engine failed; the action is denied");
    return denial("internal_error", FAILED);
  }
}

/**
 * What the rules and a person say together. The store takes its time, so the rules look again behind it, under a new id:
 * INVARIANT: the ids of records ascend with their chain, and others were recorded meanwhile.
 */
async function decideWithPerson(
  service: Service,
  caller: Caller,
  request: EvaluateRequest,
  first: Attempt & { readonly ruled: Decision },
): Promise<Made> {
  const { ruleSet, activation, ruled } = first;
  if (ruleSet === undefined) return { ...first, decision: ruled };
  const question = { caller, activation, ruleSet, ruled, approvalId: request.approval_id };
  const answer = await actClosed(service, question);
  const again = beginAttempt(service, request, activation.identity);
  const ruledAgain = decideClosed(service, again);
  if (decisionJson(ruledAgain) === decisionJson(ruled)) {
    const decision = answer.decision === ruled ? ruledAgain : answer.decision;
    return { ...answer, ...again, decision, ruled: ruledAgain };
  }
  if (ruledAgain.decision === "deny") return { ...again, decision: ruledAgain, ruled: ruledAgain };
  const reason = "The rules changed while the approval was looked up, so the action is denied. Evaluate it again.";
  return { ...again, decision: denial("approval_rule_changed", reason, ruledAgain), ruled: ruledAgain };
}

/** Like `actOnApproval`, and a deny when it fails. */
async function actClosed(service: Service, question: ApprovalQuestion): Promise<ApprovalAnswer> {
  const { ruled, activation } = question;
  try {
    return await actOnApproval(service, question);
  } catch (error) {
    service.logger.error({ err: error, request_id: activation.request.id }, "no approval; the action is denied");
    const code = error instanceof AppError ? error.code : undefined;
    if (code === "audit_unavailable") return { decision: denial(code, UNRECORDED, ruled) };
    if (code === "storage_unavailable") return { decision: denial("approvals_unavailable", NO_APPROVALS, ruled) };
    return { decision: denial("internal_error", FAILED, ruled) };
  }
}

const NO_APPROVALS =
  "The action needs a person, and the store of approvals does not answer, so it is denied. Try again later.";
const FAILED = "The service failed while deciding, so the action is denied.";
