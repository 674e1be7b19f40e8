import { UnavailableError } from "../../model/errors.ts";

export interface WaitingLineOptions {
  readonly waitersMax: number;
  /** Longest that anybody waits. */
  readonly waitMs: number;
}

/** First come, first served, and bounded both ways: in how many wait and in how long. */
export interface WaitingLine {
  /**
   * Resolves when it is the caller's turn.
   * @throws UnavailableError `storage_unavailable`, at once when the line is full or closed
   */
  wait(): Promise<void>;
  /** Calls the one who has waited for longest. @returns whether there was one */
  callNext(): boolean;
  /** Sends everybody away, also those who come later. */
  close(): void;
}

interface Waiter {
  go(): void;
  sendAway(why: string): void;
}

export function createWaitingLine({ waitersMax, waitMs }: WaitingLineOptions): WaitingLine {
  const waiters = new Set<Waiter>();
  let isClosed = false;

  return {
    wait() {
      if (isClosed) return Promise.reject(unavailable("the database is closed"));
      if (waiters.size >= waitersMax) return Promise.reject(unavailable("too many calls wait for the database"));
      return new Promise<void>((resolve, reject) => {
        const leave = () => {
          waiters.delete(waiter);
          clearTimeout(timer);
        };
        const waiter: Waiter = {
          go() {
            leave();
            resolve();
          },
          sendAway(why) {
            leave();
            reject(unavailable(why));
          },
        };
        const timer = setTimeout(() => waiter.sendAway(`the database was busy for ${waitMs} ms`), waitMs);
        waiters.add(waiter);
      });
    },
    callNext() {
      const [first] = waiters;
      first?.go();
      return first !== undefined;
    },
    close() {
      isClosed = true;
      for (const waiter of waiters) waiter.sendAway("the database is closed");
    },
  };
}

const unavailable = (why: string) => new UnavailableError("storage", why);
