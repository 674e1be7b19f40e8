import { once } from "node:events";
import { Redis, type RedisOptions } from "ioredis";
import { UnavailableError } from "../../model/errors.ts";

export interface RedisSettings {
  /** `redis://user:password@host:port/db`. SECURITY: holds a password; never logged or put into an error. */
  readonly url: string;
  /** Goes before the names of keys and channels, so that several services can share one Redis. */
  readonly keyPrefix?: string;
  /** Longest that one command waits for Redis. */
  readonly timeoutMs?: number;
  readonly onError?: (error: Error) => void;
}

export interface RedisConnection {
  readonly redis: Redis;
  /** Whether Redis took commands when it was last heard of; one that hangs is noticed by the next command. */
  readonly isUp: boolean;
  /**
   * Runs a command once connected; waits for a connection that is coming up, but not for one that was tried in vain.
   * @throws UnavailableError `storage_unavailable`, in bounded time; the command may have been carried out then or not
   */
  run<Result>(command: (redis: Redis) => Promise<Result>): Promise<Result>;
  /** Hands an error to `onError`. */
  report(error: unknown): void;
  close(): void;
}

export const TIMEOUT_MS = 1000;

/**
 * Connects on first use, or when told to by `redis.connect`, and reconnects for ever in the background.
 *
 * INVARIANT: no command is sent a second time, nor when its caller has given up: without the offline queue and without
 * resending, a command whose connection breaks fails. Whoever sent it does not know whether it was carried out, and a Redis
 * that hangs may do so when it goes on.
 * @throws TypeError when the URL cannot be parsed
 */
export function openConnection(settings: RedisSettings): RedisConnection {
  const { timeoutMs = TIMEOUT_MS, onError = () => {} } = settings;
  const redis = createClient(settings.url, timeoutMs);
  const closing = new AbortController();
  let opening: Promise<void> | undefined;
  /** Why it is known to be away: nobody else has to wait to find out. */
  let fault: unknown;

  function report(error: unknown): void {
    if (!closing.signal.aborted) onError(withoutArguments(error));
  }

  redis.on("error", report);
  redis.on("ready", () => {
    fault = undefined;
  });

  async function open(): Promise<void> {
    const signal = AbortSignal.any([closing.signal, AbortSignal.timeout(timeoutMs)]);
    try {
      // Rejects with the first error of an attempt as well.
      const ready = once(redis, "ready", { signal });
      if (redis.status === "wait") redis.connect().catch(() => {});
      await ready;
    } catch (error) {
      fault = signal.aborted ? new Error(`there was no connection within ${timeoutMs} ms`) : error;
      throw fault;
    } finally {
      opening = undefined;
    }
  }

  async function opened(): Promise<void> {
    if (closing.signal.aborted) throw new Error("the connection is closed");
    if (redis.status === "ready") return;
    if (fault !== undefined) throw fault;
    opening ??= open();
    await opening;
  }

  return {
    redis,
    report,
    get isUp() {
      return redis.status === "ready";
    },
    async run(command) {
      try {
        await opened();
        return await command(redis);
      } catch (error) {
        throw new UnavailableError("storage", "Redis did not answer", withoutArguments(error));
      }
    },
    close() {
      closing.abort();
      redis.disconnect();
    },
  };
}

/** SECURITY: what the URL's parser throws quotes the URL. */
function createClient(url: string, timeoutMs: number): Redis {
  const options = {
    lazyConnect: true,
    autoResubscribe: false,
    autoResendUnfulfilledCommands: false,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    connectTimeout: timeoutMs,
    commandTimeout: timeoutMs,
    // A connection that gives no answer is given up: behind it Redis hangs, or nobody is there any more.
    socketTimeout: timeoutMs,
    retryStrategy: (attempt: number) => Math.min(100 * attempt, 2000),
    // What was the primary is a replica now: the name may lead to another server. Redis 6 puts words of its own before it.
    reconnectOnError: (error: Error) => error.message.includes("READONLY"),
  } satisfies RedisOptions;
  try {
    return new Redis(url, options);
  } catch {
    throw new TypeError("the URL of Redis cannot be parsed");
  }
}

/**
 * SECURITY: ioredis attaches the failed command to its errors, and Redis quotes the arguments of a command that it does not
 * know. Of AUTH and HELLO that is the password.
 */
function withoutArguments(error: unknown): Error {
  const first = error instanceof AggregateError ? (error.errors[0] ?? error) : error;
  const message = first instanceof Error ? first.message : String(first);
  if (first instanceof Error && first.name === "MaxRetriesPerRequestError") return new Error("the connection broke");
  return new Error(message.replace(/, with args beginning with:.*$/s, ""));
}
