import postgres from "postgres";
import type { ApprovalNews } from "../../approvals/index.ts";

export interface PostgresNewsOptions {
  /** SECURITY: holds a password; never logged or put into an error. */
  readonly url: string;
  /** How often it listens to itself, to notice that nobody is there any more. */
  readonly heartbeatMs?: number;
  /** Longest that a listener waits for its first connection, and pause before the next attempt. */
  readonly timeoutMs?: number;
  /** Told once per outage. */
  readonly onError?: (error: Error) => void;
}

const CHANNEL = "verdict_approvals_changed";

/** No approval's id. */
const HEARTBEAT = "";

/**
 * `ApprovalNews` by LISTEN and NOTIFY, over connections of its own that are made on first use. Behind a pooler that hands
 * connections from transaction to transaction nothing is heard, and waiting is looking again.
 */
export function createPostgresApprovalNews(options: PostgresNewsOptions): ApprovalNews {
  const { heartbeatMs = 10_000, timeoutMs = 3000, onError = () => {} } = options;
  const listeners = new Set<{ readonly notify: (id: string | undefined) => void }>();
  let client: postgres.Sql | undefined;
  /** The client that listens: one that only publishes may have been made after it. */
  let listener: postgres.Sql | undefined;
  let listening: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let isHeard = false;
  let hasBegun = false;
  let isDown = false;
  let isClosed = false;

  function notifyAll(id: string | undefined): void {
    if (isClosed) return;
    for (const { notify } of [...listeners]) notify(id);
  }

  function hear(message: string): void {
    if (message === HEARTBEAT) isHeard = true;
    else notifyAll(message);
  }

  function connection(): postgres.Sql {
    client ??= postgres(options.url, {
      max: 1,
      connect_timeout: timeoutMs / 1000,
      backoff: () => 0.05,
      fetch_types: false,
      onnotice: () => {},
      connection: { application_name: "verdict-news" },
    });
    return client;
  }

  function drop(error: unknown): void {
    const dropped = client;
    client = undefined;
    void dropped?.end({ timeout: 0 });
    if (!isDown && !isClosed) onError(new Error(error instanceof Error ? error.message : String(error)));
    isDown = true;
  }

  /** Also called by the driver when it listens again by itself. */
  function haveBegun(): void {
    if (hasBegun) notifyAll(undefined);
    hasBegun = true;
  }

  /** Listens, or finds out that it does not any more, and again in a while. */
  async function keepListening(): Promise<void> {
    try {
      if (listener === client && client !== undefined && !isHeard) {
        throw new Error("PostgreSQL does not pass messages on any more");
      }
      if (listener !== connection()) {
        await connection().listen(CHANNEL, hear, haveBegun);
        listener = client;
      }
      isHeard = false;
      await connection().notify(CHANNEL, HEARTBEAT);
      isDown = false;
    } catch (error) {
      drop(error);
    }
    if (isClosed) return;
    timer = setTimeout(() => void keepListening(), isDown ? timeoutMs : heartbeatMs);
    timer.unref();
  }

  function within(ms: number, promise: Promise<void>): Promise<void> {
    return new Promise((resolve) => {
      const limit = setTimeout(resolve, ms);
      void promise.finally(() => {
        clearTimeout(limit);
        resolve();
      });
    });
  }

  return {
    async publish(id) {
      if (isClosed) return;
      await within(timeoutMs, connection().notify(CHANNEL, id).then(undefined, drop));
    },
    async subscribe(notify) {
      const entry = { notify };
      listeners.add(entry);
      listening ??= keepListening();
      await within(timeoutMs, listening);
      return async () => {
        listeners.delete(entry);
      };
    },
    async close() {
      isClosed = true;
      listeners.clear();
      clearTimeout(timer);
      await client?.end({ timeout: 0 });
      client = undefined;
    },
  };
}
