import type { Activation } from "../model/activation.ts";
import type { Decision } from "../model/decision.ts";
import { parseInstant } from "../model/instant.ts";
import { parseJsonText } from "../model/json-text.ts";
import { parseEvaluateRequest } from "../model/request.ts";
import { toActivation } from "../model/to-activation.ts";
import type { DecisionRecord } from "./types.ts";

/**
 * What the rules saw when a decision was made. With the same rule set, `decide` gives `decisionOfRules` again for it.
 * @throws Error when the record's request is not one that is decided on: the record was altered, or so much of it redacted
 */
export function activationOf({ id, time, request, identity }: DecisionRecord): Activation {
  // Read as the request was: a number may be written in more ways than it has values.
  const body = parseJsonText(JSON.stringify(request));
  const parsed = body.ok ? parseEvaluateRequest(body.value) : body;
  if (!parsed.ok) throw new Error(`the record ${id} does not hold a valid request: ${parsed.faults[0]?.detail}`);
  return toActivation(parsed.value, identity, id, parseInstant(time));
}

/** What the rules alone decided; an approval may have made another answer of it. */
export const decisionOfRules = ({ decision, ruled }: DecisionRecord): Decision => ruled ?? decision;
