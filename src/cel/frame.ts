import type { Activation } from "../model/activation.ts";
import type { KeptTexts } from "./kept-texts.ts";
import type { PathTable } from "./paths.ts";
import type { CelErrorValue, CelValue, Frame } from "./types.ts";
import { CelTimestamp, LIMIT_EXCEEDED } from "./values.ts";

/**
 * What one evaluation may spend. A unit is about 20 ns of work: a node inside a comprehension each time round, 16
 * characters copied, 64 scanned. So an expression ends within some 10 ms and allocates at most some 10 MB.
 */
export const FUEL_PER_EVALUATION = 500_000;

/** What all evaluations of one decision may spend together, however many rules there are. */
const FUEL_PER_DECISION = 3 * FUEL_PER_EVALUATION;

const GENERATIONS_MAX = 2 ** 30;

/** The state of evaluations: fuel, local variables, and what the variables and paths are bound to. */
export class EvalFrame implements Frame {
  /** INVARIANT: below zero means exhausted: the evaluation's outcome is an error whatever its operators answer. */
  fuel = FUEL_PER_EVALUATION;
  /** What is left for the evaluations to come; a frame that never enters an activation has no such bound. */
  decisionFuel = Number.POSITIVE_INFINITY;
  readonly locals: unknown[] = [];
  /** Slot values, valid where the stamp equals the generation. */
  readonly values: unknown[] = [];
  readonly stamps: number[] = [];
  generation = 1;
  activation: Activation | undefined;
  /** Bindings of a standard expression; rules use the activation. */
  bindings: Readonly<Record<string, CelValue>> = {};
  readonly #paths: PathTable | undefined;
  readonly #kept: KeptTexts | undefined;
  /** What was computed from texts in this decision, by function. */
  readonly #computed = new Map<string, Map<string, unknown>>();
  #now: CelTimestamp | undefined;

  constructor(paths?: PathTable, kept?: KeptTexts) {
    this.#paths = paths;
    this.#kept = kept;
  }

  reset(activation: Activation): void {
    this.activation = activation;
    this.decisionFuel = FUEL_PER_DECISION;
    this.#now = undefined;
    if (this.#computed.size > 0) this.#computed.clear();
    if (this.generation >= GENERATIONS_MAX) {
      this.stamps.fill(0);
      this.generation = 0;
    }
    this.generation += 1;
  }

  read(slot: number): CelValue | CelErrorValue {
    return this.stamps[slot] === this.generation ? this.values[slot] : this.resolve(slot);
  }

  /** Looks a path up in the activation and remembers what was there until the next `reset`. */
  resolve(slot: number): CelValue | CelErrorValue {
    if (this.#paths === undefined) throw new TypeError("a frame without paths has no slots");
    // Holes would turn the arrays into slow ones.
    while (this.stamps.length <= slot) {
      this.stamps.push(0);
      this.values.push(undefined);
    }
    const value = this.#paths.resolve(slot, this);
    this.values[slot] = value;
    this.stamps[slot] = this.generation;
    return value;
  }

  /**
   * Computes something from a text, at most once in a decision. What it costs is taken from what the decision has left, so
   * that an evaluation comes out the same whether it is the first to ask or not.
   * @param compute always gives the same for the same function and text, and never throws
   */
  once(name: string, text: string, fuel: number, compute: (text: string) => unknown): unknown {
    if (!this.spend(2 + (text.length >> 8))) return LIMIT_EXCEEDED;
    if (this.activation === undefined) return this.spend(fuel) ? compute(text) : LIMIT_EXCEEDED;
    let known = this.#computed.get(name);
    if (known === undefined) {
      known = new Map();
      this.#computed.set(name, known);
    }
    let value = known.get(text);
    if (value !== undefined) return value;
    this.decisionFuel -= fuel;
    if (this.decisionFuel < 0) {
      this.fuel = -1;
      return LIMIT_EXCEEDED;
    }
    value = this.#kept === undefined ? compute(text) : this.#kept.compute(name, text, compute);
    known.set(text, value);
    return value;
  }

  /** Evaluates something on a tank of its own, so that who asks first is none the poorer. */
  aside(run: (frame: EvalFrame) => unknown): unknown {
    const { fuel } = this;
    this.fuel = FUEL_PER_EVALUATION;
    const value = run(this);
    const outcome = this.fuel < 0 ? LIMIT_EXCEEDED : value;
    this.fuel = fuel;
    return outcome;
  }

  /** `now` and `request.time`, which are one instant. */
  now(): CelTimestamp {
    if (this.#now === undefined) {
      const ms = this.activation?.now ?? 0;
      const seconds = Math.floor(ms / 1000);
      this.#now = new CelTimestamp(seconds, Math.round((ms - seconds * 1000) * 1e6));
    }
    return this.#now;
  }

  /**
   * Takes from the fuel. Costs that are products are divided and not shifted, which would overflow to a gift.
   * @returns false when there is not enough left: stop and return `LIMIT_EXCEEDED`
   */
  spend(units: number): boolean {
    this.fuel -= units;
    return this.fuel >= 0;
  }
}
