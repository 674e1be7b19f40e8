/** As much of a worker as is watched. */
export interface Watched {
  ping(): void;
  /** Called once, when it answers no more. */
  end(): void;
}

/** Finds workers that run and do nothing: a process that stands still does not die of itself, and clients wait for it. */
export interface Watchdog {
  add(worker: Watched): void;
  /** It answered a ping. */
  hear(worker: Watched): void;
  remove(worker: Watched): void;
  stop(): void;
}

const PING_EVERY_MS = 5000;
/**
 * Twenty seconds: many times what any turn of a worker's event loop takes. They are counted in pings, not in time, so that a
 * machine that was suspended kills nobody.
 */
const UNANSWERED_MAX = 4;

export function createWatchdog(): Watchdog {
  const unanswered = new Map<Watched, number>();

  function look(): void {
    for (const [worker, count] of [...unanswered]) {
      if (count < UNANSWERED_MAX) {
        unanswered.set(worker, count + 1);
        worker.ping();
      } else {
        unanswered.delete(worker);
        worker.end();
      }
    }
  }

  const timer = setInterval(look, PING_EVERY_MS).unref();
  return {
    add: (worker) => void unanswered.set(worker, 0),
    hear(worker) {
      if (unanswered.has(worker)) unanswered.set(worker, 0);
    },
    remove: (worker) => void unanswered.delete(worker),
    stop: () => clearInterval(timer),
  };
}
