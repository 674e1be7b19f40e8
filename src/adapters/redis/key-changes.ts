import { Redis, type RedisOptions } from "ioredis";
import type { KeyChanges } from "../../identity/types.ts";
import { UnavailableError } from "../../model/errors.ts";

export interface RedisKeyChangesOptions {
  /** `redis://user:password@host:port/db`. SECURITY: holds a password; never logged or put into an error. */
  readonly url: string;
  /** Goes before the channel's name, so that several services can share one Redis. */
  readonly keyPrefix?: string;
  /** Longest that any call waits for Redis. */
  readonly timeoutMs?: number;
  readonly onError?: (error: Error) => void;
}

export interface RedisKeyChanges extends KeyChanges {
  /** @throws UnavailableError `storage_unavailable` when Redis does not answer in time */
  ping(): Promise<void>;
}

const CHANNEL = "verdict:keys-changed";

/**
 * `KeyChanges` over Redis publish/subscribe. Connects on first use and reconnects for ever in the background. Whenever
 * the subscription comes back after a gap, listeners are called, since a message may have been missed meanwhile.
 */
export function createRedisKeyChanges(options: RedisKeyChangesOptions): RedisKeyChanges {
  const { timeoutMs = 1000, onError = () => {} } = options;
  const channel = `${options.keyPrefix ?? ""}${CHANNEL}`;
  const listeners = new Set<{ readonly notify: () => void }>();
  const settings = {
    lazyConnect: true,
    autoResubscribe: false,
    connectTimeout: timeoutMs,
    commandTimeout: timeoutMs,
    maxRetriesPerRequest: 1,
    retryStrategy: (attempt: number) => Math.min(100 * attempt, 2000),
  } satisfies RedisOptions;
  // A connection that is subscribed cannot publish.
  const publisher = new Redis(options.url, settings);
  const subscriber = new Redis(options.url, settings);
  let isClosed = false;
  let firstTry: Promise<void> | undefined;
  let isFirstTryOver = false;

  /** SECURITY: ioredis attaches the failed command to its errors, and for AUTH that is the password. */
  function report(error: unknown): void {
    if (!isClosed) onError(new Error(error instanceof Error ? error.message : String(error)));
  }

  function notifyAll(): void {
    if (isClosed) return;
    for (const listener of [...listeners]) listener.notify();
  }

  publisher.on("error", report);
  subscriber.on("error", report);
  subscriber.on("message", notifyAll);

  /** Subscribes now and after every reconnection. @returns when it worked once, or was given time enough */
  function listen(): Promise<void> {
    return new Promise((resolve) => {
      const finish = () => {
        isFirstTryOver = true;
        resolve();
      };
      setTimeout(finish, timeoutMs).unref();
      subscriber.on("ready", () => {
        subscriber.subscribe(channel).then(() => {
          if (isFirstTryOver) notifyAll();
          finish();
        }, report);
      });
      subscriber.connect().catch(report);
    });
  }

  return {
    async publish() {
      if (!isClosed) await publisher.publish(channel, "").catch(report);
    },
    async subscribe(notify) {
      const listener = { notify };
      listeners.add(listener);
      firstTry ??= listen();
      await firstTry;
      return async () => {
        listeners.delete(listener);
      };
    },
    async ping() {
      try {
        await publisher.ping();
      } catch (error) {
        const cause = new Error(error instanceof Error ? error.message : String(error));
        throw new UnavailableError("storage", "Redis did not answer", cause);
      }
    },
    async close() {
      isClosed = true;
      listeners.clear();
      publisher.disconnect();
      subscriber.disconnect();
    },
  };
}
