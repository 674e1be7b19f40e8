export interface DecisionQueueOptions {
  /** Longest that anybody waits for their turn. */
  readonly waitMsMax: number;
  /**
   * How long decisions are made in one go: as long as everything else took since the time before, so that they have half of the
   * processor whatever else there is to do, but within these bounds.
   */
  readonly sliceMs: { readonly min: number; readonly max: number };
  /** Monotonic, in microseconds. */
  microseconds(): number;
  /** Calls `run` behind what else is due by now; `setImmediate` does. */
  afterTurn(run: () => void): void;
}

/**
 * Part of the longest wait after which the first in the line turns away who comes. Waits grow while a crowd arrives: of twice as
 * many as can be served, the last to be let in will wait for twice as long as the first does by then.
 */
const CROWDED = 1 / 2;

/**
 * Turns between two slices as long as each brings a new connection, of which libuv takes one a turn: a crowd of them would else
 * wait for seconds, and a probe behind it.
 */
const CONNECTING_TURNS_MAX = 16;

export interface QueuedDecision {
  run(): void;
  /** Instead of `run`, for who has waited too long. */
  refuse(): void;
}

/** First come, first served, bounded in time. */
export interface DecisionQueue {
  /** Whether who comes now would wait too long, as far as can be told from who waits: sooner told costs less. */
  isOverloaded(): boolean;
  /** Whether a decision may be made at once: nobody waits, and there is time left in this turn of the event loop. */
  hasRoom(): boolean;
  /** Takes who found no room. */
  add(decision: QueuedDecision): void;
  /** Told of each new connection. */
  connected(): void;
  readonly length: number;
}

/**
 * Bounds the wait for decisions, and the turns of the event loop in which they are made.
 *
 * A turn reads everything that has arrived. If it also decided all of that, a crowd would make turns long; and one turn takes one
 * new connection, looks once at the database, writes the audit log once. So decisions are made in slices, with a turn between
 * them for everything else, and what does not fit waits here. Without a crowd there is room at once.
 *
 * INVARIANT: nothing is begun that has waited for longer than `waitMsMax`, however much a decision costs.
 */
export function createDecisionQueue(options: DecisionQueueOptions): DecisionQueue {
  const { microseconds, afterTurn } = options;
  const waitUsMax = options.waitMsMax * 1000;
  const [sliceUsMin, sliceUsMax] = [options.sliceMs.min * 1000, options.sliceMs.max * 1000];
  let waiting: { readonly decision: QueuedDecision; readonly since: number }[] = [];
  /** Of those in `waiting`, the ones before it have had their turn. */
  let next = 0;
  /** When the slice began that may still be going on; undefined when none is. */
  let sliceFrom: number | undefined;
  let sliceUs = sliceUsMin;
  let isCrowded = false;
  let hasConnected = false;
  let connectingTurns = 0;
  /** When the slice before ended, if it left somebody waiting. */
  let lastTo: number | undefined;

  function beginSlice(): number {
    sliceFrom = microseconds();
    afterTurn(endTurn);
    return sliceFrom;
  }

  function endTurn(): void {
    if (hasConnected && next < waiting.length && connectingTurns < CONNECTING_TURNS_MAX) {
      connectingTurns += 1;
      hasConnected = false;
      afterTurn(endTurn);
      return;
    }
    connectingTurns = 0;
    sliceFrom = undefined;
    if (next < waiting.length) runSlice(beginSlice());
  }

  function runSlice(from: number): void {
    sliceUs = Math.min(Math.max(from - (lastTo ?? from), sliceUsMin), sliceUsMax);
    let now = from;
    for (; next < waiting.length && now - from < sliceUs; now = microseconds()) {
      const { decision, since } = waiting[next++]!;
      if (now - since > waitUsMax) decision.refuse();
      else decision.run();
    }
    waiting = waiting.slice(next);
    next = 0;
    lastTo = waiting.length > 0 ? now : undefined;
    // Told behind a slice, so that a pause of everything, in which nobody had a turn, does not count as a crowd.
    isCrowded = waiting.length > 0 && now - waiting[0]!.since > waitUsMax * CROWDED;
  }

  return {
    isOverloaded: () => isCrowded,
    hasRoom() {
      if (waiting.length > next) return false;
      if (sliceFrom === undefined) {
        beginSlice();
        return true;
      }
      return microseconds() - sliceFrom < sliceUs;
    },
    add(decision) {
      waiting.push({ decision, since: microseconds() });
      if (sliceFrom === undefined) beginSlice();
    },
    connected() {
      hasConnected = true;
    },
    get length() {
      return waiting.length - next;
    },
  };
}
