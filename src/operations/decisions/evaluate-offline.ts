import { decide, explain } from "../../engine/index.ts";
import { type Caller, resolveIdentity } from "../../identity/index.ts";
import type { Activation } from "../../model/activation.ts";
import { toResponse } from "../../model/evaluation.ts";
import type { EvaluateRequest } from "../../model/request.ts";
import type { EvaluateResponse } from "../../model/response.ts";
import { toActivation } from "../../model/to-activation.ts";
import type { RuleSet } from "../../rules/index.ts";

export interface OfflineEvaluation {
  readonly ruleSet: RuleSet;
  readonly request: EvaluateRequest;
  /** What rules see as `now`, in epoch milliseconds. */
  readonly now: number;
  /** UUIDv7 of the answer. */
  readonly id: string;
  /** Monotonic, in microseconds, from an arbitrary origin. */
  microseconds(): number;
}

/** Whoever has the rules may ask in anybody's name; nothing is granted by it, because no agent gets this answer. */
const LOCAL_CALLER: Caller = {
  keyId: "local",
  identity: { name: "local", roles: [], attributes: {} },
  scopes: new Set(["evaluate", "evaluate:as"]),
};

/** The default of `VERDICT_CACHE_TTL_SECONDS`; a test holds the two equal. */
export const OFFLINE_CACHE_TTL_SECONDS_MAX = 5;

/**
 * What a service with these rules and its default settings would answer, decided here: without a server, a key or a
 * record. Without an `identity` in the request it is asked by `local`, who has no roles.
 */
export function evaluateOffline(input: OfflineEvaluation): EvaluateResponse {
  const { ruleSet, request, now, id, microseconds } = input;
  const startedAt = microseconds();
  const activation = offlineActivation(request, id, now);
  const decidedFrom = microseconds();
  const decision = decide({ ruleSet, activation, cacheTtlSecondsMax: OFFLINE_CACHE_TTL_SECONDS_MAX });
  const decidedAt = microseconds();
  const latencyUs = Math.round(decidedAt - startedAt);
  if (request.explain !== true) return toResponse({ requestId: id, decision, latencyUs });
  const stages = { enter: Math.round(decidedFrom - startedAt), decide: Math.round(decidedAt - decidedFrom) };
  const explanation = { ...explain(ruleSet, activation), stages };
  return toResponse({ requestId: id, decision, latencyUs, explanation });
}

/** What the rules see of a request that nobody's key vouches for. */
export function offlineActivation(request: EvaluateRequest, id: string, now: number): Activation {
  return toActivation(request, resolveIdentity(LOCAL_CALLER, request.identity), id, now);
}
