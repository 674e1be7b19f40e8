import { decide } from "../../engine/index.ts";
import type { Activation } from "../../model/activation.ts";
import { EFFECTS, type Effect } from "../../model/decision.ts";
import type { Rule, RuleSet } from "../../rules/index.ts";
import { OFFLINE_CACHE_TTL_SECONDS_MAX } from "../decisions/evaluate-offline.ts";

export interface RulesToBench {
  readonly ruleSet: RuleSet;
  /** What is decided, again and again, in turn; at least one. */
  readonly activations: readonly Activation[];
  /** How long to measure; warming up takes a third of it more, and looking at single rules another third. */
  readonly seconds: number;
}

export interface BenchClock {
  /** Monotonic, in microseconds, from an arbitrary origin. */
  microseconds(): number;
  /** Bytes in use on the heap, garbage included. */
  heapUsedBytes(): number;
}

/** Times are microseconds of one decision by the rules alone: without HTTP, keys and the log. */
export interface BenchReport {
  readonly policy_revision: string;
  readonly rules: number;
  readonly requests: number;
  /** How many were measured. */
  readonly decisions: number;
  readonly decisions_per_second: number;
  readonly latency_us: { readonly p50: number; readonly p90: number; readonly p99: number; readonly max: number };
  /** Median over some batches. */
  readonly allocated_bytes: number;
  /** Rules that a decision looks at, on average. */
  readonly candidates: number;
  /** Of the requests. */
  readonly outcomes: Readonly<Record<Effect, number>>;
  /** The ten that take most of the time, descending. */
  readonly expensive_rules: readonly RuleCost[];
}

export interface RuleCost {
  readonly id: string;
  /** On average over all decisions, those that do not look at it included. Who asks first for a parsed text pays for it. */
  readonly us: number;
  /** Of the time that all rules take, 0 to 1. */
  readonly share: number;
}

/** Measures decisions over a rule set. */
export function benchRules({ ruleSet, activations, seconds }: RulesToBench, clock: BenchClock): BenchReport {
  const decideOne = (activation: Activation) =>
    decide({ ruleSet, activation, cacheTtlSecondsMax: OFFLINE_CACHE_TTL_SECONDS_MAX });
  const during = (share: number, act: (activation: Activation) => void) =>
    repeat(activations, seconds * share * 1e6, clock, act);

  during(1 / 3, decideOne);
  const latencies = new Latencies();
  const elapsed = during(1, (activation) => {
    const from = clock.microseconds();
    decideOne(activation);
    latencies.add(clock.microseconds() - from);
  });
  const costs = new RuleCosts(ruleSet, clock);
  during(1 / 3, (activation) => costs.add(activation));

  const outcomes = Object.fromEntries(EFFECTS.map((effect) => [effect, 0])) as Record<Effect, number>;
  for (const activation of activations) outcomes[decideOne(activation).decision] += 1;
  return {
    policy_revision: ruleSet.revision,
    rules: ruleSet.rules.length,
    requests: activations.length,
    decisions: latencies.count,
    decisions_per_second: Math.round((latencies.count / elapsed) * 1e6),
    latency_us: latencies.quantiles(),
    allocated_bytes: allocatedBytes(activations, decideOne, clock),
    candidates: rounded(
      activations.reduce((sum, activation) => sum + ruleSet.select(activation).candidates.length, 0) /
        activations.length,
    ),
    outcomes,
    expensive_rules: costs.most(10),
  };
}

/** Goes round the activations until the time is over, once at least. @returns microseconds */
function repeat(
  activations: readonly Activation[],
  budgetUs: number,
  clock: BenchClock,
  act: (activation: Activation) => void,
): number {
  const from = clock.microseconds();
  for (;;) {
    for (let at = 0; at < activations.length; at++) {
      act(activations[at]!);
      if (at % 256 === 255 && clock.microseconds() - from >= budgetUs) break;
    }
    const elapsed = clock.microseconds() - from;
    if (elapsed >= budgetUs) return elapsed;
  }
}

/** Every latency up to a million; beyond that every second of those before is let go, again and again. */
class Latencies {
  count = 0;
  #kept: number[] = [];
  #stride = 1;

  add(us: number): void {
    if (this.count % this.#stride === 0) this.#kept.push(us);
    this.count += 1;
    if (this.#kept.length < KEPT_MAX) return;
    this.#kept = this.#kept.filter((_, at) => at % 2 === 0);
    this.#stride *= 2;
  }

  quantiles(): BenchReport["latency_us"] {
    const sorted = Float64Array.from(this.#kept).sort();
    const at = (share: number) => rounded(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!);
    return { p50: at(0.5), p90: at(0.9), p99: at(0.99), max: at(1) };
  }
}

const KEPT_MAX = 1_000_000;

/** Evaluates the candidates one by one, as `decide` does, with a look at the clock between them. */
class RuleCosts {
  readonly #ruleSet: RuleSet;
  readonly #clock: BenchClock;
  readonly #us = new Map<Rule, number>();
  #decisions = 0;

  constructor(ruleSet: RuleSet, clock: BenchClock) {
    this.#ruleSet = ruleSet;
    this.#clock = clock;
  }

  add(activation: Activation): void {
    const { frame, candidates } = this.#ruleSet.select(activation);
    let before = this.#clock.microseconds();
    for (const rule of candidates) {
      rule.matches(frame);
      const now = this.#clock.microseconds();
      this.#us.set(rule, (this.#us.get(rule) ?? 0) + now - before);
      before = this.#clock.microseconds();
    }
    this.#decisions += 1;
  }

  most(count: number): RuleCost[] {
    const all = [...this.#us].sort(([a, x], [b, y]) => y - x || (a.id < b.id ? -1 : 1));
    const total = all.reduce((sum, [, us]) => sum + us, 0);
    return all.slice(0, count).map(([{ id }, us]) => ({
      id,
      us: rounded(us / this.#decisions),
      share: total === 0 ? 0 : rounded(us / total),
    }));
  }
}

const BATCHES = 50;
const BATCH = 200;

/** A batch in which the heap shrank had a collection in it, and says nothing. */
function allocatedBytes(
  activations: readonly Activation[],
  act: (activation: Activation) => void,
  clock: BenchClock,
): number {
  const grown: number[] = [];
  for (let batch = 0, next = 0; batch < BATCHES; batch++) {
    const before = clock.heapUsedBytes();
    for (let n = 0; n < BATCH; n++, next++) act(activations[next % activations.length]!);
    const bytes = clock.heapUsedBytes() - before;
    if (bytes >= 0) grown.push(bytes / BATCH);
  }
  return Math.round(grown.sort((a, b) => a - b)[grown.length >> 1] ?? 0);
}

const rounded = (value: number) => Math.round(value * 1000) / 1000;
