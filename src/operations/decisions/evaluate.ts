import { decide, explain } from "../../engine/index.ts";
import { assertScope, type Caller, resolveIdentity } from "../../identity/index.ts";
import type { Activation, Identity } from "../../model/activation.ts";
import type { Decision } from "../../model/decision.ts";
import { AppError, UnavailableError } from "../../model/errors.ts";
import type { Evaluation } from "../../model/evaluation.ts";
import type { EvaluateRequest } from "../../model/request.ts";
import { toActivation } from "../../model/to-activation.ts";
import type { RuleSet } from "../../rules/index.ts";
import { type ApprovalAnswer, type ApprovalQuestion, actOnApproval } from "../approvals/act-on-approval.ts";
import type { Service } from "../service.ts";
import { denial } from "./denial.ts";

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
  const decidedFrom = service.clock.microseconds();
  const first = judge(service, request, identity);
  const decidedAt = service.clock.microseconds();
  const latencyUs = Math.round(decidedAt - call.startedAt);

  const isForPerson = first.ruled.decision === "approval_required" || request.approval_id !== undefined;
  // INVARIANT: no turn of the event loop between an id and its record, so that ids ascend with the chain.
  const made = isForPerson
    ? afterPerson(service, request, first, await askPerson(service, caller, request, first))
    : first;
  const { requestId } = made;
  let { decision } = made;
  try {
    // What could not be recorded of an approval is answered as that, and the answer is in the log no more than the approval.
    if (decision.reason_code === "audit_unavailable") throw new UnavailableError("audit", UNRECORDED);
    await service.recordDecision({
      id: requestId,
      now: made.activation.now,
      request,
      requestJson: call.requestJson,
      identity,
      isOwnIdentity: identity === caller.identity,
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

/** One look of the rules at a request; `decision` is what they say too, until a person says something to it. */
interface Judgement extends ApprovalAnswer {
  readonly requestId: string;
  readonly activation: Activation;
  readonly ruleSet: RuleSet | undefined;
  /** What the rules alone say. */
  readonly ruled: Decision;
}

function judge(service: Service, request: EvaluateRequest, identity: Identity): Judgement {
  const now = service.clock.now();
  const requestId = service.newId(now);
  const activation = toActivation(request, identity, requestId, now);
  const ruleSet = service.activeRules.current();
  const ruled = decideClosed(service, ruleSet, activation);
  return { requestId, activation, ruleSet, ruled, decision: ruled };
}

/** Like `decide`, and a deny when there is no rule set or the engine fails. */
function decideClosed(service: Service, ruleSet: RuleSet | undefined, activation: Activation): Decision {
  if (ruleSet === undefined)
    return denial("policy_not_ready", "No valid rule set is active, so every action is denied.");
  try {
    return decide({ ruleSet, activation, cacheTtlSecondsMax: service.settings.cacheTtlSecondsMax });
  } catch (error) {
    service.logger.error({ err: error, request_id: activation.request.id }, "the engine failed; the action is denied");
    return denial("internal_error", FAILED);
  }
}

/** What a person says to what the rules asked. The store takes its time, and other decisions are recorded meanwhile. */
async function askPerson(
  service: Service,
  caller: Caller,
  { approval_id: approvalId }: EvaluateRequest,
  { ruleSet, activation, ruled }: Judgement,
): Promise<ApprovalAnswer> {
  if (ruleSet === undefined) return { decision: ruled };
  return actClosed(service, { caller, activation, ruleSet, ruled, approvalId });
}

/**
 * What the rules, who look again, and the person say together.
 *
 * SECURITY: the answer is to what the rules asked before. Where they ask for something else by now it is a deny, and the
 * record says all the same what became of the approval.
 */
function afterPerson(service: Service, request: EvaluateRequest, first: Judgement, answer: ApprovalAnswer): Judgement {
  const again = judge(service, request, first.activation.identity);
  const { ruled } = again;
  if (isSameQuestion(first, again)) {
    const decision =
      answer.decision === first.ruled ? ruled : { ...answer.decision, policy_revision: ruled.policy_revision };
    return { ...again, ...answer, decision };
  }
  if (ruled.decision === "deny") return { ...again, ...answer, decision: ruled };
  const reason =
    "The rules changed while the approval was looked up, so the action is denied. Evaluate it again, without `approval_id`.";
  return { ...again, ...answer, decision: denial("approval_rule_changed", reason, ruled) };
}

/** Whether the rules say the same, and what asks for an approval is the same: other rules may be others. */
function isSameQuestion(before: Judgement, now: Judgement): boolean {
  const text = ({ ruled }: Judgement) => JSON.stringify({ ...ruled, policy_revision: "" });
  const digests = ({ ruled, ruleSet }: Judgement) => ruled.rules.map((id) => ruleSet?.rule(id)?.digest).join();
  return text(before) === text(now) && digests(before) === digests(now);
}

/** Like `actOnApproval`, and a deny when it fails. */
async function actClosed(service: Service, question: ApprovalQuestion): Promise<ApprovalAnswer> {
  const { ruled, activation } = question;
  try {
    return await actOnApproval(service, question);
  } catch (error) {
    const code = error instanceof AppError ? error.code : undefined;
    const message = "no approval; the action is denied";
    // What is away is told by the metrics and once by who notices; a stack for each denied action would take the time of others.
    if (code === undefined) service.logger.error({ err: error, request_id: activation.request.id }, message);
    else service.logger.warn({ code, request_id: activation.request.id }, message);
    if (code === "audit_unavailable") return { decision: denial(code, UNRECORDED, ruled) };
    if (code === "storage_unavailable") return { decision: denial("approvals_unavailable", NO_APPROVALS, ruled) };
    return { decision: denial("internal_error", FAILED, ruled) };
  }
}

const NO_APPROVALS =
  "The action needs a person, and the store of approvals does not answer, so it is denied. Try again later.";
const FAILED = "The service failed while deciding, so the action is denied.";
