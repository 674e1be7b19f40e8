import { UnavailableError } from "../../model/errors.ts";

export interface OpenerState {
  readonly status: "opening" | "open" | "closed";
  /** Why the last attempt failed; gone once one succeeds. */
  readonly lastError?: Error;
}

export interface OpenerOptions<T> {
  /** One attempt. What it gives back after `close` is disposed of. */
  open(): Promise<T>;
  dispose(opened: T): Promise<void>;
  /** Milliseconds to wait after the n-th failed attempt in a row, n from 1. */
  backoffMs(attempt: number): number;
  /** Longest that `get` waits for an attempt that is under way. */
  waitMs: number;
  onError(error: Error): void;
}

export interface Opener<T> {
  readonly state: OpenerState;
  /** Starts trying; does nothing when it has been started. */
  start(): void;
  /**
   * What was opened. Starts when nobody has yet. Waits for an attempt that is under way, but not for the pause between attempts.
   * @throws UnavailableError `storage_unavailable`
   */
  get(): Promise<T>;
  /** Throws away what was opened, because it is broken, and starts again. Does nothing when that happened already. */
  reopen(broken: T): void;
  /** Stops trying and disposes of what was opened. May be called twice. */
  close(): Promise<void>;
}

/** Opens something that may be away, in the background, again and again until it is there. */
export function createOpener<T>(options: OpenerOptions<T>): Opener<T> {
  let status: OpenerState["status"] = "opening";
  let lastError: Error | undefined;
  let opened: { readonly value: T } | undefined;
  let attempts = 0;
  let retryTimer: NodeJS.Timeout | undefined;
  let current: Promise<void> | undefined;

  async function attempt(): Promise<void> {
    try {
      const value = await options.open();
      if (isClosed()) return await options.dispose(value);
      opened = { value };
      status = "open";
      lastError = undefined;
      attempts = 0;
    } catch (error) {
      if (!isClosed()) retryLater(error instanceof Error ? error : new Error(String(error)));
    }
  }

  function retryLater(error: Error): void {
    lastError = error;
    attempts += 1;
    retryTimer = setTimeout(() => {
      retryTimer = undefined;
      current = attempt();
    }, options.backoffMs(attempts));
    retryTimer.unref();
    options.onError(error);
  }

  function start(): void {
    if (!isClosed()) current ??= attempt();
  }

  function isClosed(): boolean {
    return status === "closed";
  }

  return {
    get state() {
      return lastError === undefined ? { status } : { status, lastError };
    },
    start,
    async get() {
      start();
      if (status === "opening" && retryTimer === undefined) await settledWithin(current!, options.waitMs);
      if (opened !== undefined && !isClosed()) return opened.value;
      const why = isClosed() ? "the database is closed" : "the database is not open yet";
      throw new UnavailableError("storage", why, lastError);
    },
    reopen(broken) {
      if (isClosed() || opened?.value !== broken) return;
      opened = undefined;
      status = "opening";
      current = options.dispose(broken).catch(options.onError).then(attempt);
    },
    async close() {
      if (isClosed()) return;
      status = "closed";
      clearTimeout(retryTimer);
      if (opened !== undefined) await options.dispose(opened.value);
    },
  };
}

/** Resolves when `promise` does, or after `ms`. */
function settledWithin(promise: Promise<void>, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    void promise.finally(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/** 250 ms, doubling to at most 10 s, each shortened at random by up to half so that replicas do not retry in step. */
export function databaseBackoffMs(attempt: number): number {
  const ceiling = Math.min(10_000, 250 * 2 ** Math.min(attempt - 1, 10));
  return ceiling * (0.5 + Math.random() / 2);
}
