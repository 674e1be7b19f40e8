import { openConnection, type RedisSettings, TIMEOUT_MS } from "./connection.ts";

export interface RedisChannel {
  /** Never throws: a message that cannot be sent is lost. */
  publish(message: string): Promise<void>;
  /** @param listener given a message, or undefined when messages may have been missed */
  subscribe(listener: (message: string | undefined) => void): Promise<() => Promise<void>>;
  /** @throws UnavailableError `storage_unavailable` when Redis does not answer in time */
  ping(): Promise<void>;
  /** From then on nobody hears anything. May be called twice. */
  close(): Promise<void>;
}

/** A subscriber that hears nothing says nothing either: only by asking does it notice that nobody is there any more. */
const HEARTBEAT_TIMEOUTS = 5;

/**
 * Redis publish/subscribe, over connections of its own that are made on first use. Whenever the subscription comes back
 * after a gap, listeners are called with undefined.
 */
export function openChannel(settings: RedisSettings, name: string): RedisChannel {
  const { timeoutMs = TIMEOUT_MS } = settings;
  const channel = `${settings.keyPrefix ?? ""}${name}`;
  const listeners = new Set<{ readonly notify: (message: string | undefined) => void }>();
  // A connection that is subscribed cannot publish, before RESP3.
  const publisher = openConnection(settings);
  const subscriber = openConnection(settings);
  let firstTry: Promise<void> | undefined;
  let isFirstTryOver = false;
  let heartbeat: NodeJS.Timeout | undefined;
  let isClosed = false;

  function notifyAll(message: string | undefined): void {
    if (isClosed) return;
    for (const listener of [...listeners]) listener.notify(message);
  }

  /** Subscribes now and after every reconnection. @returns when it worked once, or was given time enough */
  function listen(): Promise<void> {
    const { redis } = subscriber;
    heartbeat = setInterval(() => subscriber.run(() => redis.ping()).catch(() => {}), timeoutMs * HEARTBEAT_TIMEOUTS);
    heartbeat.unref();
    redis.on("message", (_, message) => notifyAll(message));
    return new Promise((resolve) => {
      const finish = () => {
        isFirstTryOver = true;
        resolve();
      };
      setTimeout(finish, timeoutMs).unref();
      redis.on("ready", () => {
        redis.subscribe(channel).then(() => {
          if (isFirstTryOver) notifyAll(undefined);
          finish();
        }, subscriber.report);
      });
      // What fails here is reported as the connection's error.
      redis.connect().catch(() => {});
    });
  }

  return {
    async publish(message) {
      if (!isClosed) await publisher.run((redis) => redis.publish(channel, message)).catch(publisher.report);
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
      await publisher.run((redis) => redis.ping());
    },
    async close() {
      isClosed = true;
      listeners.clear();
      clearInterval(heartbeat);
      publisher.close();
      subscriber.close();
    },
  };
}
