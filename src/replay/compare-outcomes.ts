import { canonicalJson } from "../model/canonical-json.ts";
import type { Decision } from "../model/decision.ts";

/** `decision`: another answer; `rules`: the same answer for another reason, or with other obligations. */
export type Difference = "none" | "decision" | "rules";

/**
 * What of a decision matters to who acts on it and to who wrote the rules. Wording, revision and cache time do not: they
 * differ between any two rule sets.
 */
export function compareOutcomes(before: Decision, after: Decision): Difference {
  if (before.decision !== after.decision) return "decision";
  const isSame =
    before.reason_code === after.reason_code &&
    before.rules.length === after.rules.length &&
    before.rules.every((id, at) => id === after.rules[at]) &&
    haveSameObligations(before, after);
  return isSame ? "none" : "rules";
}

function haveSameObligations({ obligations: a }: Decision, { obligations: b }: Decision): boolean {
  if (a.length !== b.length) return false;
  return a.length === 0 || canonicalJson(a) === canonicalJson(b);
}
