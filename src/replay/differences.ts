import type { Difference } from "./compare-outcomes.ts";
import { createTally, type Tally } from "./tally.ts";
import type {
  ActionCount,
  GroupCount,
  IdentityCount,
  Outcome,
  ReplayExample,
  ReplayReport,
  RuleCount,
  Transition,
} from "./types.ts";

type Report = Pick<ReplayReport, "changed" | "transitions" | "same_decision" | "by_rule" | "by_identity" | "by_action">;

/** Counts recorded decisions that come out otherwise, in bounded memory. */
export interface Differences {
  add(kind: Exclude<Difference, "none">, example: ReplayExample): void;
  report(): Report;
}

/** What is kept of each kind of group while counting, and what is shown of it. */
const KEPT_MAX = 5_000;
const SHOWN_MAX = 100;

export function createDifferences(examplesMax: number): Differences {
  const transitions = createTally<Counted<{ transition: Transition }, ReplayExample>>(Number.POSITIVE_INFINITY);
  const sameDecision = { count: 0, examples: [] as ReplayExample[] };
  const byRule = createTally<Group<RuleCount>>(KEPT_MAX);
  const byIdentity = createTally<Group<IdentityCount>>(KEPT_MAX);
  const byAction = createTally<Group<ActionCount>>(KEPT_MAX);
  let changed = 0;

  function count<Key extends object>(tally: Tally<Group<GroupCount & Key>>, key: Key, example: ReplayExample): void {
    const made = () => ({ ...key, count: 0, transitions: {}, examples: [] }) as unknown as Group<GroupCount & Key>;
    const group = tally.at(JSON.stringify(key), made);
    if (group === undefined) return;
    const transition = transitionOf(example);
    group.transitions[transition] = (group.transitions[transition] ?? 0) + 1;
    addTo(group, example.id, examplesMax);
  }

  return {
    add(kind, example) {
      const { before, after, identity, action_type, action_name } = example;
      count(byRule, { before: rulesOf(before), after: rulesOf(after) }, example);
      if (kind === "rules") {
        addTo(sameDecision, example, examplesMax);
        return;
      }
      changed += 1;
      const transition = transitionOf(example);
      addTo(transitions.at(transition, () => ({ transition, count: 0, examples: [] }))!, example, examplesMax);
      count(byIdentity, { identity }, example);
      count(byAction, { action_type, action_name }, example);
    },
    report: () =>
      structuredClone({
        changed,
        transitions: transitions.groups(SHOWN_MAX).groups,
        same_decision: sameDecision,
        by_rule: byRule.groups(SHOWN_MAX),
        by_identity: byIdentity.groups(SHOWN_MAX),
        by_action: byAction.groups(SHOWN_MAX),
      }),
  };
}

type Counted<Key, Example> = Key & { count: number; examples: Example[] };
/** A group that is still being counted. */
type Group<Shown extends GroupCount> = Omit<Shown, keyof GroupCount> &
  Counted<{ transitions: Partial<Record<Transition, number>> }, string>;

function addTo<Example>(counted: { count: number; examples: Example[] }, example: Example, examplesMax: number): void {
  counted.count += 1;
  if (counted.examples.length < examplesMax) counted.examples.push(example);
}

const transitionOf = ({ before, after }: ReplayExample): Transition => `${before.decision}->${after.decision}`;

const rulesOf = ({ rules }: Outcome) => (rules.length === 0 ? null : rules.join(", "));
