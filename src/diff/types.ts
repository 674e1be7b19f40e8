import type { JsonObject } from "../model/activation.ts";
import type { Effect } from "../model/decision.ts";
import type { Position } from "../rules/types.ts";

/**
 * A rule that is not the same in both sets. `moved`: it means the same and stands in another file. `fields` are those of its
 * meaning that differ, as rule files call them.
 */
export type RuleChange =
  | { readonly kind: "added"; readonly id: string; readonly after: Position }
  | { readonly kind: "removed"; readonly id: string; readonly before: Position }
  | { readonly kind: "moved"; readonly id: string; readonly before: Position; readonly after: Position }
  | {
      readonly kind: "changed";
      readonly id: string;
      readonly fields: readonly string[];
      readonly before: Position;
      readonly after: Position;
    };

export interface DecisionSummary {
  readonly decision: Effect;
  readonly reason_code: string;
  readonly rules: readonly string[];
}

/** A request that the two sets decide differently. */
export interface DecisionDifference {
  /** The changed rule that it was found for. */
  readonly rule_id: string;
  /** `decision`: another answer; `rules`: the same answer by other rules, for another reason or with other obligations. */
  readonly kind: "decision" | "rules";
  /** The body of an evaluate request. */
  readonly request: JsonObject;
  /** What rules see as the time, in epoch milliseconds. */
  readonly now: number;
  readonly before: DecisionSummary;
  readonly after: DecisionSummary;
}

export interface SearchResult {
  readonly differences: readonly DecisionDifference[];
  /**
   * Full ids of rules that are not the same and for which no request was found: the change may have no effect, or was not
   * reached. Not those of which only words or approval terms changed.
   */
  readonly unshown: readonly string[];
  readonly tries: number;
}
