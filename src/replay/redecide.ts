import { type DecisionRecord, decisionOfRules } from "../audit/index.ts";
import { decide } from "../engine/index.ts";
import type { Activation } from "../model/activation.ts";
import type { Decision } from "../model/decision.ts";
import type { RuleSet } from "../rules/types.ts";
import { type Guard, guardRedacted } from "./guard-redacted.ts";
import { readActivation } from "./read-record.ts";

/** What a rule set decides on what was recorded; `undecidable` when that depends on what was redacted. */
export type Redecision = Decision | "undecidable" | "not_valid";

export function redecide(ruleSet: RuleSet, record: DecisionRecord): Redecision {
  const { redacted } = record;
  const activation = readActivation(record);
  if (activation === undefined) return redacted === undefined ? "not_valid" : "undecidable";
  if (redacted === undefined) return decide({ ruleSet, activation, cacheTtlSecondsMax: 0 });
  const guard = isKnown(record) ? guardRedacted(activation, redacted) : undefined;
  return guard === undefined ? "undecidable" : decideGuarded(ruleSet, activation, guard);
}

/** The index looks at paths of rules that are about other actions, so what it read gets a second try without it. */
function decideGuarded(ruleSet: RuleSet, activation: Activation, guard: Guard): Redecision {
  for (const rules of [ruleSet, withoutIndex(ruleSet, guard)]) {
    guard.forget();
    const decision = decide({ ruleSet: rules, activation, cacheTtlSecondsMax: 0 });
    if (!guard.hasRead) return decision;
  }
  return "undecidable";
}

function withoutIndex(ruleSet: RuleSet, guard: Guard): RuleSet {
  return {
    ...ruleSet,
    select(activation) {
      const { frame } = ruleSet.select(activation);
      // What the index has read is forgotten, by the frame too.
      frame.reset(activation);
      guard.forget();
      return { frame, candidates: ruleSet.rules };
    },
  };
}

/** What is compared must be what was decided; only the words around it may have been redacted. */
function isKnown({ redacted = [], ruled }: DecisionRecord): boolean {
  const root = ruled === undefined ? "/decision" : "/ruled";
  return redacted.every(
    (pointer) => !isAtOrBelow(pointer, root) || WORDS.some((word) => isAtOrBelow(pointer, root + word)),
  );
}

const WORDS = ["/reason", "/errors", "/help_text", "/help_url", "/rule_name", "/approval"];

const isAtOrBelow = (pointer: string, above: string) => pointer === above || pointer.startsWith(`${above}/`);

/** What the rules alone decided then; undefined when it was not for them to decide. */
export function ruledOf(record: DecisionRecord): Decision | undefined {
  const ruled = decisionOfRules(record);
  return OF_RULES.has(ruled.reason_code) ? ruled : undefined;
}

const OF_RULES: ReadonlySet<string> = new Set(["rule_matched", "rule_error", "no_matching_rule"]);
