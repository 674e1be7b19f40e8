import type { Rule } from "../rules/types.ts";
import { pin } from "./atom.ts";
import {
  type Assignment,
  assigned,
  assignmentOf,
  type Candidate,
  toCandidate,
  type Value,
  valueKey,
} from "./candidate.ts";
import type { Goal } from "./goals.ts";
import { type InputPath, pathKey } from "./input-path.ts";
import { concernedAtoms, conditionOf } from "./rule-condition.ts";
import { distinct, ODD } from "./samples.ts";
import { satisfy, type Tries } from "./satisfy.ts";
import { atomsIn, effectOf, interleaved, type SearchState, type Verdicts } from "./search-state.ts";
import { unmask } from "./unmask.ts";

/** A request that both sets decide, and decide differently. */
export interface Found extends Verdicts {
  readonly candidate: Candidate;
}

/** Both versions of a rule that is not the same in both sets. */
export interface ChangedRule {
  readonly id: string;
  readonly before: Rule | undefined;
  readonly after: Rule | undefined;
}

/** The change applies to a request, and other rules hide it. */
interface Masked {
  readonly goal: Goal;
  readonly candidate: Candidate;
}

/**
 * Looks for a request on which the change of one rule shows. Requests for which either version matches are varied at one
 * path after the other, by the values around all constants of both versions, those first that only one version has. Where
 * the change applies to a request and other rules decide it, those are made not to match, or the ones added that it overrides.
 *
 * @param share how many tries it may take of what is left
 * @returns one that is decided otherwise, or else one that is decided by other rules. Yields now and then, so that others can go on
 */
export function* searchRule(state: SearchState, rule: ChangedRule, share: Tries): Generator<void, Found | undefined> {
  if (state.tries.left <= 0) return undefined;
  const search = createRuleSearch(state, rule, share);
  for (const start of interleaved<Goal | Candidate>([search.seeds, nearest(state, rule)])) {
    if (search.isOver()) break;
    yield* "activation" in start ? search.tryAround(assignmentOf(start), []) : search.tryGoal(start);
  }
  for (const masked of search.masked) {
    if (search.isOver()) break;
    search.note(yield* unmask(state, rule, masked.goal, masked.candidate, share));
  }
  return search.best();
}

const SEEDS_MAX = 32;
/** Of the requests that were given, how many are looked at and how many are varied. */
const LOOKED_AT_MAX = 1000;
const KNOWN_MAX = 16;
const MASKED_MAX = 60;
const VALUES_MAX = 120;

/** Of the requests that were given, those that are for the rule: those first on which the change applies. */
function nearest(state: SearchState, { before, after }: ChangedRule): readonly Candidate[] {
  const about = state.known
    .filter((candidate) => [before, after].some((version) => version && state.isAbout(version, candidate)))
    .slice(0, LOOKED_AT_MAX);
  const isChanged = (candidate: Candidate) =>
    effectOf(state.before, before, candidate) !== effectOf(state.after, after, candidate);
  return [...about.filter(isChanged), ...about].slice(0, KNOWN_MAX);
}

function createRuleSearch(state: SearchState, rule: ChangedRule, share: Tries) {
  const versions = [rule.after, rule.before].filter((version) => version !== undefined);
  const concerned = concernedAtoms(rule.before && conditionOf(rule.before), rule.after && conditionOf(rule.after));
  const goals = versions.map((version) => state.goalsAbout(version, true, concerned));
  const others = versions.map((version) => state.goalsAbout(version, false, concerned));
  const pools = poolsOf(versions.map((_, at) => [...goals[at]!, ...others[at]!]));
  const masked: Masked[] = [];
  const seen = new Set<string>();
  let decision: Found | undefined;
  let byRules: Found | undefined;

  function note(found: Found | undefined): void {
    if (found?.difference === "decision") decision ??= found;
    else if (found !== undefined) byRules ??= found;
  }

  function attempt(assignment: Assignment, goal: Goal): void {
    const candidate = toCandidate(assignment);
    if (candidate === undefined) return;
    share.left -= 1;
    const verdicts = state.decideBoth(candidate);
    if (verdicts.difference !== "none") note({ ...verdicts, candidate });
    if (verdicts.difference === "decision" || masked.length >= MASKED_MAX) return;
    const effects = `${effectOf(state.before, rule.before, candidate)} -> ${effectOf(state.after, rule.after, candidate)}`;
    const [old, now] = effects.split(" -> ");
    // Without a goal nobody knows what to keep while other rules are got out of the way.
    if (old !== now && goal.length > 0) masked.push({ goal, candidate });
  }

  return {
    seeds: interleaved(goals).slice(0, SEEDS_MAX),
    masked,
    note,
    isOver: () => decision !== undefined || share.left <= 0 || state.tries.left <= 0,
    best: () => decision ?? byRules,
    *tryGoal(goal: Goal): Generator<void, void> {
      const base = satisfy(goal, state.tries);
      if (base !== undefined) yield* this.tryAround(base, goal);
    },
    /** @param goal what makes the rule match there */
    *tryAround(base: Assignment, goal: Goal): Generator<void, void> {
      attempt(base, goal);
      for (const { path, values } of pools) {
        yield;
        for (const value of values) {
          if (this.isOver()) return;
          const varied = assigned(base, path, value);
          const key = [...varied].map(([at, given]) => `${at}=${valueKey(given.value)}`).join();
          if (seen.has(key)) continue;
          seen.add(key);
          attempt(varied, pinned(goal, path, value));
        }
      }
    },
  };
}

function pinned(goal: Goal, path: InputPath, value: Value): Goal {
  return goal.length === 0 ? goal : [...goal.filter((atom) => atom.accepts(path, value)), pin(path, value)];
}

interface Pool {
  readonly path: InputPath;
  readonly values: readonly Value[];
}

/** What to try at each path that either version reads, what only one of them has first. */
function poolsOf(versions: readonly (readonly Goal[])[]): readonly Pool[] {
  const paths = new Map(
    versions
      .flatMap(atomsIn)
      .flatMap((atom) => atom.paths)
      .map((path) => [pathKey(path), path]),
  );
  return [...paths.values()].map((path) => {
    const lists = versions.map((goals) => distinct(atomsIn(goals).flatMap((atom) => atom.values(path))));
    const shared = lists.length < 2 ? new Set<string>() : sharedKeys(lists);
    const all = distinct(lists.flat());
    const ordered = [...all.filter((value) => !shared.has(valueKey(value))), ...all, ...ODD];
    return { path, values: distinct(ordered).slice(0, VALUES_MAX) };
  });
}

function sharedKeys([a = [], b = []]: readonly (readonly Value[])[]): Set<string> {
  const keys = new Set(a.map(valueKey));
  return new Set(b.map(valueKey).filter((key) => keys.has(key)));
}
