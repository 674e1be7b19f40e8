import type { Effect } from "../model/decision.ts";

/** What was decided, or would be. */
export interface Outcome {
  readonly decision: Effect;
  readonly reason_code: string;
  /** Full ids of all rules that determined it, sorted. */
  readonly rules: readonly string[];
}

/** A recorded decision that comes out otherwise. */
export interface ReplayExample {
  readonly id: string;
  /** RFC 3339. */
  readonly time: string;
  readonly action_type: string;
  readonly action_name: string;
  readonly identity: string;
  readonly before: Outcome;
  readonly after: Outcome;
}

/** `allow->deny` and the like. */
export type Transition = `${Effect}->${Effect}`;

export interface TransitionCount {
  readonly transition: Transition;
  readonly count: number;
  /** The first of them. */
  readonly examples: readonly ReplayExample[];
}

/** How many differ, of one rule, identity or action. */
export interface GroupCount {
  readonly count: number;
  readonly transitions: Readonly<Partial<Record<Transition, number>>>;
  /** Ids of the first records. */
  readonly examples: readonly string[];
}

export interface RuleCount extends GroupCount {
  /** The rules that determined it, joined with `, `; null where none did. */
  readonly before: string | null;
  readonly after: string | null;
}
export interface IdentityCount extends GroupCount {
  readonly identity: string;
}
export interface ActionCount extends GroupCount {
  readonly action_type: string;
  readonly action_name: string;
}

/** The groups with the highest counts. Those beyond what is kept are counted in `others`. */
export interface Groups<Group> {
  readonly groups: readonly Group[];
  readonly others: number;
}

export interface MalformedLine {
  /** Counts from 1. */
  readonly line: number;
  readonly detail: string;
}

/** A decision that only somebody who knows what was redacted could make again. */
export interface UndecidableExample {
  readonly id: string;
  readonly time: string;
  readonly action_type: string;
  readonly action_name: string;
  readonly identity: string;
  /** JSON pointers within the record. */
  readonly redacted: readonly string[];
}

/**
 * What a candidate rule set makes of recorded decisions. INVARIANT: `decisions` is `compared`, `undecidable` and those of
 * `not_by_rules` together; `compared` is `unchanged`, `changed` and `same_decision.count` together.
 */
export interface ReplayReport {
  /** Of the candidate. */
  readonly revision: string;
  /** Of all kinds; lines that are no records are `malformed`. */
  readonly records: number;
  /** Decisions that the filters select. */
  readonly decisions: number;
  readonly compared: number;
  readonly unchanged: number;
  /** With another `decision`. */
  readonly changed: number;
  readonly transitions: readonly TransitionCount[];
  /** The same `decision`, by other rules or with other obligations. */
  readonly same_decision: { readonly count: number; readonly examples: readonly ReplayExample[] };
  /** Of all that differ. */
  readonly by_rule: Groups<RuleCount>;
  /** Of those with another `decision`. */
  readonly by_identity: Groups<IdentityCount>;
  readonly by_action: Groups<ActionCount>;
  readonly undecidable: { readonly count: number; readonly examples: readonly UndecidableExample[] };
  /** Decisions that were not made by rules, by reason code: nothing to compare with. */
  readonly not_by_rules: Readonly<Record<string, number>>;
  /** How many of the compared were made by which rule set. */
  readonly revisions: readonly { readonly revision: string; readonly count: number }[];
  readonly malformed: { readonly count: number; readonly examples: readonly MalformedLine[] };
  /** Whether the last line is the trailer of an export and counts the lines before it. Its signature is not checked. */
  readonly is_complete: boolean;
}
