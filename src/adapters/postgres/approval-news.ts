import postgres from "postgres";
import type { ApprovalNews } from "../../approvals/index.ts";
import { withDeadline } from "./deadline.ts";

export interface PostgresNewsOptions {
  /** SECURITY: holds a password; never logged or put into an error. */
  readonly url: string;
  /** How often it listens to itself, to notice that nobody is there any more. */
  readonly heartbeatMs?: number;
  /** Longest wait for an answer of the server, and pause before the next attempt. */
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

  /** Does nothing when that happened already: what is used by then is another one. */
  function drop(failed: postgres.Sql, error: unknown): void {
    void failed.end({ timeout: 0 });
    if (client !== failed) return;
    client = undefined;
    if (isDown || isClosed) return;
    isDown = true;
    if (timer !== undefined) listenLater(timeoutMs);
    onError(new Error(error instanceof Error ? error.message : String(error)));
  }

  /** Also called by the driver when it listens again by itself. */
  function haveBegun(): void {
    if (hasBegun) notifyAll(undefined);
    hasBegun = true;
  }

  /** A connection can be dead without anybody being told, so no answer is an answer as well. @throws Error */
  const answered = <T>(answer: Promise<T>) => withDeadline(answer, timeoutMs, () => {});

  /** Listens, or finds out that it does not any more, and again in a while. */
  async function keepListening(): Promise<void> {
    const used = connection();
    try {
      if (listener === used && !isHeard) throw new Error("PostgreSQL does not pass messages on any more");
      if (listener !== used) {
        await answered(used.listen(CHANNEL, hear, haveBegun));
        listener = used;
      }
      isHeard = false;
      await answered(used.notify(CHANNEL, HEARTBEAT));
      isDown = false;
    } catch (error) {
      drop(used, error);
    }
    listenLater(isDown ? timeoutMs : heartbeatMs);
  }

  function listenLater(ms: number): void {
    clearTimeout(timer);
    if (isClosed) return;
    timer = setTimeout(() => {
      timer = undefined;
      void keepListening();
    }, ms);
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
      const used = connection();
      await answered(used.notify(CHANNEL, id)).then(undefined, (error) => drop(used, error));
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
