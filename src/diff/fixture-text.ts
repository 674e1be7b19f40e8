import { dump } from "js-yaml";
import { DEFAULT_NOW } from "../fixtures/activation-of-request.ts";
import { instantText } from "../model/instant.ts";
import type { DecisionDifference } from "./types.ts";

/** The differences as a fixture file (YAML): cases that hold for the new rules and not for the old ones. */
export function fixtureText(differences: readonly DecisionDifference[]): string {
  return dump({ cases: differences.map(caseOf) }, { lineWidth: 120 });
}

function caseOf({ rule_id, request, now, before, after }: DecisionDifference) {
  const usual = after.rules.length === 0 ? "no_matching_rule" : "rule_matched";
  return {
    name: `${rule_id} makes ${after.decision} of ${before.decision}`,
    ...(now === DEFAULT_NOW ? undefined : { now: instantText(now) }),
    request,
    expect: {
      decision: after.decision,
      ...(after.rules[0] === undefined ? undefined : { rule: after.rules[0] }),
      ...(after.reason_code === usual ? undefined : { reason_code: after.reason_code }),
    },
  };
}
