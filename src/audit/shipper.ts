import type { AuditStore, Spool } from "./types.ts";

/** Time as the shipper needs it, so that tests can hold it. */
export interface ShipperClock {
  /** Epoch milliseconds. */
  now(): number;
  /** Calls `run` once after `ms`; must not keep the process alive. @returns a function that calls it off */
  after(ms: number, run: () => void): () => void;
  /** Uniform in [0, 1). */
  random(): number;
  /** Resolves when all else that waits for the event loop has had its turn. */
  nextTurn(): Promise<unknown>;
}

export interface ShipperOptions {
  readonly spool: Pick<Spool, "peek" | "acknowledge" | "pending">;
  readonly store: Pick<AuditStore, "insert">;
  readonly clock: ShipperClock;
  /** Records in one insert, at most. */
  readonly batchMax: number;
  /** How long records may gather before they are moved. */
  readonly intervalMs: number;
  readonly backoffMinMs: number;
  readonly backoffMaxMs: number;
  /** Told of every failed attempt. */
  readonly onError: (error: unknown) => void;
}

export interface ShipperState {
  /** Records that are recorded but not yet in the store. */
  readonly pending: number;
  /** Why the last attempt failed; gone once one succeeds. */
  readonly lastError?: unknown;
  /** Epoch milliseconds of the last batch that arrived. */
  readonly lastShippedAt?: number;
  readonly shippedTotal: number;
}

/** Moves records from the spool to the store, in order and in batches, for as long as it takes. Drops nothing. */
export interface Shipper {
  readonly state: ShipperState;
  /**
   * Ships at once all that is pending now. Never throws.
   * @returns true when it all arrived; false when the store failed or `deadlineMs` passed: the records stay in the spool
   */
  flush(deadlineMs: number): Promise<boolean>;
  /** Waits for an insert under way, then does nothing any more. What is left stays in the spool. */
  stop(): Promise<void>;
}

/** Starts shipping at once. */
export function createShipper(options: ShipperOptions): Shipper {
  const { spool, store, clock } = options;
  let failures = 0;
  /** Records in the next insert: a store that a large one is too much for gets smaller ones. */
  let batch = options.batchMax;
  let lastError: unknown;
  let lastShippedAt: number | undefined;
  let shippedTotal = 0;
  let isStopped = false;
  let running: Promise<void> | undefined;
  let cancelTimer = clock.after(options.intervalMs, ship);

  /** One run at a time: empties the spool as far as the store lets it, then sets the timer for the next run. */
  function ship(): Promise<void> {
    if (running === undefined) {
      cancelTimer();
      running = moveBatches().finally(() => {
        running = undefined;
        if (!isStopped) cancelTimer = clock.after(failures === 0 ? options.intervalMs : backoffMs(), ship);
      });
    }
    return running;
  }

  async function moveBatches(): Promise<void> {
    try {
      while (!isStopped && spool.pending > 0) {
        const { bytes, count } = await spool.peek(batch);
        const isLast = count >= spool.pending;
        if (count > 0) await store.insert(bytes);
        // INVARIANT: acknowledged only after the store confirmed; the insert is idempotent, so doing it twice is harmless.
        await spool.acknowledge();
        shippedTotal += count;
        lastShippedAt = clock.now();
        failures = 0;
        batch = Math.min(batch * 2, options.batchMax);
        lastError = undefined;
        // The spool was drained; what came in meanwhile gathers into the next batch.
        if (isLast || count === 0) return;
        // A store in this very process answers without ever letting go of the event loop.
        await clock.nextTurn();
      }
    } catch (error) {
      failures += 1;
      batch = Math.max(Math.floor(batch / 2), 1);
      lastError = error;
      options.onError(error);
    }
  }

  /** Doubles with each failure; shortened at random by up to half so that replicas do not retry in step. */
  function backoffMs(): number {
    const ceiling = Math.min(options.backoffMaxMs, options.backoffMinMs * 2 ** Math.min(failures - 1, 30));
    return ceiling * (0.5 + clock.random() / 2);
  }

  async function shipUntil(target: number): Promise<boolean> {
    while (shippedTotal < target) {
      const before = shippedTotal;
      if (isStopped) return false;
      await ship();
      if (failures > 0) return false;
      // Shipped by a run that was under way, or damaged beyond reading: either way there is nothing to wait for.
      if (shippedTotal === before) return spool.pending === 0;
    }
    return true;
  }

  return {
    get state() {
      return {
        pending: spool.pending,
        shippedTotal,
        ...(lastError === undefined ? {} : { lastError }),
        ...(lastShippedAt === undefined ? {} : { lastShippedAt }),
      };
    },
    async flush(deadlineMs) {
      let cancelDeadline = () => {};
      const deadline = new Promise<false>((resolve) => {
        cancelDeadline = clock.after(deadlineMs, () => resolve(false));
      });
      const done = await Promise.race([shipUntil(shippedTotal + spool.pending), deadline]);
      cancelDeadline();
      return done;
    },
    async stop() {
      isStopped = true;
      cancelTimer();
      await running;
    },
  };
}
