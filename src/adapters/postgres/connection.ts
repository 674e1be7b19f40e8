import { Socket } from "node:net";
import { drizzle } from "drizzle-orm/postgres-js";
import postgres from "postgres";
import type { Drizzle } from "./database.ts";

/** One connection to PostgreSQL, which connects when it is used. Its first use has to be `settle`. */
export interface Connection {
  readonly client: postgres.Sql;
  readonly db: Drizzle;
  /** Then it is never used again. */
  isBroken: boolean;
  /** Tells the server what to keep to on this connection; does nothing once it has. */
  settle(): Promise<void>;
  /** As `performance.now()`: what a server keeps for a connection grows, and it may have moved since. Different for each. */
  readonly renewAt: number;
}

export interface ConnectionOptions {
  /** `postgres://user:password@host:port/database`. SECURITY: holds a password; never logged or put into an error. */
  readonly url: string;
  readonly connectTimeoutMs?: number;
  /** After this time, or up to twice of it, a connection is not used again, and ends with the next use of any. */
  readonly renewAfterMs?: number;
}

const SETTINGS = {
  // No statement here is worth compiling: the first of a connection costs hundreds of milliseconds.
  jit: "off",
  // In a minute the server notices that we are gone, whether it waits for us (seconds) or for our acknowledgement of what it
  // sent (milliseconds): until then a COPY keeps it from cleaning up (VACUUM).
  tcp_keepalives_idle: 30,
  tcp_keepalives_interval: 10,
  tcp_keepalives_count: 3,
  tcp_user_timeout: 60_000,
};

const RENEW_AFTER_MS = 30 * 60_000;

export type Timeouts = Partial<Record<"statement_timeout" | "lock_timeout", number>>;

/** The driver's types leave `socket` out. */
type Settings = postgres.Options<Record<string, never>> & {
  readonly socket: (options: postgres.ParsedOptions) => Socket;
};

/**
 * One connection. Once it broke, the driver would connect again by itself, but with what it had not sent yet to the old one
 * before everything else; so it is given up then.
 * @param timeouts milliseconds, kept by the server
 * @throws TypeError when `url` is not a connection string
 */
export function connect(options: ConnectionOptions, timeouts: Timeouts): Connection {
  const client = parseAndConnect(options.url, {
    max: 1,
    socket: createSockets(() => connection.isBroken),
    connect_timeout: (options.connectTimeoutMs ?? 3000) / 1000,
    // The driver would also renew one that is lent, between two statements of the same work.
    max_lifetime: null,
    // A query that finds no connection tries at once; pausing between attempts is the callers' business.
    backoff: () => 0.05,
    // Drizzle reads arrays itself.
    fetch_types: false,
    onnotice: () => {},
    onclose: () => {
      connection.isBroken = true;
    },
    connection: { application_name: "verdict" },
  });
  const begin = client.begin.bind(client) as Begin;
  const beginWhole: Begin = (work) =>
    begin(async (tx) => {
      try {
        return await work(tx);
      } catch (error) {
        // The driver would send a rollback into the socket that is gone, and what it throws then nobody can catch. It has
        // told our caller already.
        if (connection.isBroken) return new Promise<never>(() => {});
        throw error;
      }
    });
  let settled: Promise<unknown> | undefined;
  const connection = {
    client,
    async settle() {
      // Not when it begins: a pooler refuses a connection for settings that it does not know.
      settled ??= client.unsafe(statementsOf({ ...SETTINGS, ...timeouts })).catch((error) => {
        settled = undefined;
        throw error;
      });
      await settled;
    },
    db: drizzle(Object.assign(client, { begin: beginWhole })) as unknown as Drizzle,
    isBroken: false,
    renewAt: performance.now() + (options.renewAfterMs ?? RENEW_AFTER_MS) * (1 + Math.random()),
  };
  return connection;
}

const statementsOf = (settings: object) =>
  Object.entries(settings)
    .map(([name, value]) => `set ${name} = ${value}`)
    .join("; ");

type Begin = (work: (tx: postgres.TransactionSql) => Promise<unknown>) => Promise<unknown>;

export const disconnect = ({ client }: Connection) => client.end({ timeout: 0 });

/**
 * As the driver makes its own, but for two things: what follows a large message does not wait until that is acknowledged, and
 * one that broke is not made again, in the middle of some work and without its settings.
 */
function createSockets(isBroken: () => boolean): Settings["socket"] {
  let attempts = 0;
  return ({ host, port, path }) => {
    const nth = attempts % host.length;
    attempts += 1;
    // The driver names the server by its host where the connection is encrypted.
    const socket = Object.assign(new Socket().setNoDelay(), { host: host[nth], port: port[nth] });
    // Not at once: what fails at once would be told before the driver listens. It may be written to before it is connected.
    queueMicrotask(() => {
      if (isBroken()) {
        socket.destroy(new Error("the connection has broken"));
        return;
      }
      try {
        if (path) socket.connect(path);
        else socket.connect(port[nth]!, host[nth]!);
      } catch (error) {
        socket.destroy(error as Error);
      }
    });
    return socket;
  };
}

function parseAndConnect(url: string, settings: Settings): postgres.Sql {
  try {
    return postgres(url, settings);
  } catch {
    // SECURITY: the parser's error carries the whole string, password included, so it is not passed on.
    throw new TypeError("the PostgreSQL connection string cannot be parsed");
  }
}
