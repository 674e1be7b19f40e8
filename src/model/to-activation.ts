import type { Activation, Destination, Identity, JsonObject } from "./activation.ts";
import type { EvaluateRequest } from "./request.ts";

/**
 * What rules see of a request.
 * @param now epoch milliseconds
 */
export function toActivation(request: EvaluateRequest, identity: Identity, id: string, now: number): Activation {
  return {
    action_type: request.action_type,
    action_name: request.action_name,
    arguments: request.arguments ?? EMPTY_OBJECT,
    destination: request.destination ?? EMPTY_DESTINATION,
    identity,
    session: request.session_id === undefined ? EMPTY_SESSION : { id: request.session_id },
    context: request.context ?? EMPTY_OBJECT,
    request: { id, time: now },
    now,
  };
}

const EMPTY_OBJECT: JsonObject = Object.freeze({});
const EMPTY_DESTINATION: Destination = Object.freeze({});
const EMPTY_SESSION: Activation["session"] = Object.freeze({});
