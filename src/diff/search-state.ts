import { decide } from "../engine/index.ts";
import type { Decision } from "../model/decision.ts";
import { compareOutcomes, type Difference } from "../replay/index.ts";
import type { Rule, RuleSet } from "../rules/types.ts";
import { type Atom, createAtomFactory } from "./atom.ts";
import type { Candidate } from "./candidate.ts";
import { type Goal, goalsOf } from "./goals.ts";
import { actionConditionOf, conditionOf } from "./rule-condition.ts";
import type { Tries } from "./satisfy.ts";

/** How both sets decide one request. */
export interface Verdicts {
  readonly before: Decision;
  readonly after: Decision;
  readonly difference: Difference;
}

/** What a search knows of two rule sets. */
export interface SearchState {
  readonly before: RuleSet;
  readonly after: RuleSet;
  readonly tries: Tries;
  /** Requests that somebody thought of, such as those of fixtures: to begin with. */
  readonly known: readonly Candidate[];
  /** Whether a request is one for the rule, but for its condition. */
  isAbout(rule: Rule, candidate: Candidate): boolean;
  decideBoth(candidate: Candidate): Verdicts;
  /** Ways in which a rule matches, or does not. */
  goals(rule: Rule, want: boolean): readonly Goal[];
  /** The same, with those first that have one of these atoms (by id), and each way again with one term that decides alone. */
  goalsAbout(rule: Rule, want: boolean, concerned: ReadonlySet<string>): readonly Goal[];
}

export function createSearchState(
  before: RuleSet,
  after: RuleSet,
  tries: Tries,
  requests: readonly Candidate[] = [],
): SearchState {
  const atoms = createAtomFactory();
  const solved = new Map<Rule, Map<boolean, readonly Goal[]>>();
  const solve = (rule: Rule, want: boolean, isIsolating: boolean, concerned: ReadonlySet<string> = NONE) =>
    goalsOf(conditionOf(rule), want, {
      atoms,
      tries,
      isIsolating,
      isConcerned: (goal) => goal.some(({ id }) => concerned.has(id)),
    });
  return {
    before,
    after,
    tries,
    known: requests,
    isAbout(rule, { activation }) {
      const condition = actionConditionOf(rule);
      return condition === undefined || atoms.make(condition, true).isFulfilled(activation);
    },
    decideBoth({ activation }) {
      tries.left -= 1;
      const [old, now] = [before, after].map((ruleSet) => decide({ ruleSet, activation, cacheTtlSecondsMax: 0 }));
      return { before: old!, after: now!, difference: compareOutcomes(old!, now!) };
    },
    goals(rule, want) {
      const ofRule = solved.get(rule) ?? new Map<boolean, readonly Goal[]>();
      solved.set(rule, ofRule);
      const found = ofRule.get(want) ?? solve(rule, want, false);
      ofRule.set(want, found);
      return found;
    },
    goalsAbout: (rule, want, concerned) =>
      interleaved([solve(rule, want, false, concerned), solve(rule, want, true, concerned)]),
  };
}

/** The first of each list, the second of each, and so on. */
export function interleaved<T>(lists: readonly (readonly T[])[]): T[] {
  const longest = Math.max(0, ...lists.map((list) => list.length));
  return Array.from({ length: longest }, (_, at) => lists.flatMap((list) => list.slice(at, at + 1))).flat();
}

const NONE: ReadonlySet<string> = new Set();

/** All that is asked for in any of the goals, once. */
export function atomsIn(goals: readonly Goal[]): readonly Atom[] {
  return [...new Map(goals.flat().map((atom) => [atom.id, atom])).values()];
}

/** What a rule brings to a decision: equal texts for equal precedence; empty where it does not apply. */
export function effectOf(ruleSet: RuleSet, rule: Rule | undefined, { activation }: Candidate): string {
  if (rule === undefined) return "";
  const outcome = rule.matches(ruleSet.select(activation).frame);
  const applies = outcome === true || (outcome !== false && rule.decision !== "allow");
  return applies ? `${rule.priority} ${rule.decision}` : "";
}
