import { decide, explain } from "../engine/index.ts";
import { assertScope, type Caller, resolveIdentity } from "../identity/index.ts";
import type { Activation } from "../model/activation.ts";
import type { Decision, ReasonCode } from "../model/decision.ts";
import type { Evaluation } from "../model/evaluation.ts";
import type { EvaluateRequest } from "../model/request.ts";
import { toActivation } from "../model/to-activation.ts";
import type { RuleSet } from "../rules/index.ts";
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
  const now = service.clock.now();
  const requestId = service.newId(now);
  const activation = toActivation(request, identity, requestId, now);

  const ruleSet = service.activeRules.current();
  const decidedFrom = service.clock.microseconds();
  const made = decideClosed(service, ruleSet, activation);
  const decidedAt = service.clock.microseconds();
  const latencyUs = Math.round(decidedAt - call.startedAt);

  let decision = made;
  try {
    await service.recordDecision({
      id: requestId,
      now,
      request,
      requestJson: call.requestJson,
      identity,
      decision: made,
      keyId: caller.keyId,
      clientRequestId: call.clientRequestId,
      latencyUs,
    });
  } catch (error) {
    service.logger.error({ err: error, request_id: requestId }, "the decision was not recorded; the action is denied");
    decision = unrecorded(made);
  }
  service.metrics.recordDecision(decision.decision, decision.reason_code, latencyUs);
  if (request.explain !== true) return { requestId, decision, latencyUs };

  const stages = {
    enter: Math.round(decidedFrom - call.startedAt),
    decide: Math.round(decidedAt - decidedFrom),
    record: Math.round(service.clock.microseconds() - decidedAt),
  };
  const outcomes = ruleSet === undefined ? { rules: [], candidates: 0 } : explain(ruleSet, activation);
  return { requestId, decision, latencyUs, explanation: { ...outcomes, stages } };
}

const unrecorded = (made: Decision) =>
  closed("audit_unavailable", "The decision could not be recorded, so the action is denied. Try again later.", made);

/** Like `decide`, and a deny when there is no rule set or the engine fails. */
function decideClosed(service: Service, ruleSet: RuleSet | undefined, activation: Activation): Decision {
  if (ruleSet === undefined)
    return closed("policy_not_ready", "No valid rule set is active, so every action is denied.");
  try {
    return decide({ ruleSet, activation, cacheTtlSecondsMax: service.settings.cacheTtlSecondsMax });
  } catch (error) {
    service.logger.error({ err: error, request_id: activation.request.id }, "the engine failed; the action is denied");
    return closed("internal_error", "The service failed while deciding, so the action is denied.");
  }
}

function closed(code: ReasonCode, reason: string, was?: Decision): Decision {
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
