import { UnavailableError } from "../../model/errors.ts";
import { withDeadline } from "./deadline.ts";
import { createWaitingLine, type WaitingLine, type WaitingLineOptions } from "./waiting-line.ts";

/** @typeParam Connection one connection, which may connect only when it is used */
export interface PoolOptions<Connection> extends WaitingLineOptions {
  connect(): Connection;
  /** Whether it has broken or is too old: then it is never lent again. */
  isSpent(connection: Connection): boolean;
  /** Frees a connection at once; work that still runs on it fails. */
  disconnect(connection: Connection): Promise<void>;
  readonly connectionsMax: number;
  /** Longest that work may have its connection. Longer than the server lets a statement run: who takes longer is cut off. */
  readonly workMs: number;
}

/**
 * Lends a connection to `work`, which has it alone until it settles.
 * @throws UnavailableError `storage_unavailable` when none is free in time; work that takes too long fails with an `Error`
 */
export type Lend<Connection> = <T>(work: (connection: Connection) => Promise<T>) => Promise<T>;

export interface ConnectionPool<Connection> {
  /** Lends at most so many at the same time. Shares have lines of their own and are served in turn. */
  share(connectionsMax: number): Lend<Connection>;
  /** Waits for nothing that runs. May be called twice. */
  close(): Promise<void>;
}

interface Share {
  readonly connectionsMax: number;
  readonly line: WaitingLine;
  lent: number;
}

/**
 * Waiting for a connection and using one have bounds of their own: a crowd is not a server that hangs. When work takes too
 * long, its connection goes, and the idle ones, of which the same may be true; work that runs on others goes on.
 */
export function createConnectionPool<Connection>(options: PoolOptions<Connection>): ConnectionPool<Connection> {
  // One is there from the beginning, so that options that cannot work are refused here.
  const idle: Connection[] = [options.connect()];
  const lent = new Set<Connection>();
  /** Those served least recently first. */
  const shares: Share[] = [];
  let lentCount = 0;
  let isClosed = false;

  const hasRoom = (share: Share) => lentCount < options.connectionsMax && share.lent < share.connectionsMax;

  function admit(share: Share): void {
    lentCount += 1;
    share.lent += 1;
  }

  function leave(share: Share): void {
    lentCount -= 1;
    share.lent -= 1;
    for (const [at, next] of shares.entries()) {
      if (!hasRoom(next) || !next.line.callNext()) continue;
      admit(next);
      shares.push(...shares.splice(at, 1));
      return;
    }
  }

  function take(): Connection {
    if (isClosed) throw new UnavailableError("storage", "the database is closed");
    let connection = idle.pop();
    while (connection !== undefined && options.isSpent(connection)) {
      void options.disconnect(connection);
      connection = idle.pop();
    }
    connection ??= options.connect();
    lent.add(connection);
    return connection;
  }

  function giveBack(connection: Connection): void {
    if (!lent.delete(connection)) return;
    idle.push(connection);
    for (const spent of idle.filter((each) => options.isSpent(each))) {
      idle.splice(idle.indexOf(spent), 1);
      void options.disconnect(spent);
    }
  }

  function discard(connection: Connection): void {
    if (!lent.delete(connection)) return;
    for (const each of [connection, ...idle.splice(0)]) void options.disconnect(each);
  }

  async function use<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
    const connection = take();
    try {
      return await withDeadline(work(connection), options.workMs, () => discard(connection));
    } finally {
      giveBack(connection);
    }
  }

  return {
    share(connectionsMax) {
      const share: Share = { connectionsMax, line: createWaitingLine(options), lent: 0 };
      shares.push(share);
      return async (work) => {
        if (hasRoom(share)) admit(share);
        else await share.line.wait();
        try {
          return await use(work);
        } finally {
          leave(share);
        }
      };
    },
    async close() {
      isClosed = true;
      for (const { line } of shares) line.close();
      const all = [...idle.splice(0), ...lent];
      lent.clear();
      await Promise.all(all.map((each) => options.disconnect(each)));
    },
  };
}
