import { chmod, lstat, rm } from "node:fs/promises";
import type { Server } from "node:http";
import { connect } from "node:net";

export type ListenAddress =
  | { readonly kind: "tcp"; readonly host: string; readonly port: number }
  | { readonly kind: "unix"; readonly path: string };

export interface Listening {
  /** `http://127.0.0.1:8181` or `unix:/path`; the port is the real one when 0 was asked for. */
  readonly url: string;
  /** Takes no new connections, lets answers under way finish, and cuts what is left after `timeoutMs`. */
  drain(timeoutMs: number): Promise<void>;
}

/**
 * Connections that wait to be taken. The system may allow fewer. Of more than that the system ignores the first packet, and
 * who is ignored tries again after one, three and seven seconds.
 */
const BACKLOG = 4096;

/** Owner and group may connect: a sidecar that runs as another user shares the group. Everybody needs a key besides. */
const SOCKET_MODE = 0o660;

/**
 * @param variable that the address was configured by
 * @throws Error that says what to do when the address cannot be used
 */
export async function listen(server: Server, address: ListenAddress, variable = "VERDICT_LISTEN"): Promise<Listening> {
  if (address.kind === "unix") await removeStaleSocket(address.path);
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => reject(describe(error as NodeJS.ErrnoException, address, variable)));
    if (address.kind === "unix") server.listen({ path: address.path, backlog: BACKLOG }, resolve);
    else server.listen({ host: address.host, port: address.port, backlog: BACKLOG }, resolve);
  });
  if (address.kind === "unix") await chmod(address.path, SOCKET_MODE);
  return { url: urlOf(server, address), drain: (timeoutMs) => drain(server, timeoutMs) };
}

function describe(error: NodeJS.ErrnoException, address: ListenAddress, variable: string): Error {
  const where = address.kind === "unix" ? address.path : `${address.host}:${address.port}`;
  const hint: Readonly<Record<string, string>> = {
    EADDRINUSE: `something else listens there; stop it, or set ${variable} to another address`,
    EACCES: `this user may not listen there; set ${variable} to another address`,
    EADDRNOTAVAIL: `this machine does not have that address; set ${variable} to one that it has`,
  };
  return new Error(`cannot listen on ${where}: ${hint[error.code ?? ""] ?? error.message}`, { cause: error });
}

/** A process that was killed leaves its socket file behind. One that somebody answers on is left alone. */
export async function removeStaleSocket(path: string): Promise<void> {
  // Connecting to an ordinary file is refused as well, and that one is somebody's.
  const found = await lstat(path).catch(() => undefined);
  if (found?.isSocket() !== true) return;
  const isStale = await new Promise<boolean>((resolve) => {
    const socket = connect({ path });
    socket.once("connect", () => {
      socket.destroy();
      resolve(false);
    });
    socket.once("error", (error: NodeJS.ErrnoException) => resolve(error.code === "ECONNREFUSED"));
  });
  if (isStale) await rm(path, { force: true });
}

function urlOf(server: Server, address: ListenAddress): string {
  if (address.kind === "unix") return `unix:${address.path}`;
  const bound = server.address();
  const port = typeof bound === "object" && bound !== null ? bound.port : address.port;
  return `http://${address.host.includes(":") ? `[${address.host}]` : address.host}:${port}`;
}

/** How long a connection may be idle while the server drains. */
const SWEEP_MS = 100;

async function drain(server: Server, timeoutMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), timeoutMs);
  // A connection whose answer was already being written stays open after it, for the seconds of a keep-alive.
  const sweep = setInterval(() => server.closeIdleConnections(), SWEEP_MS);
  await closed;
  clearInterval(sweep);
  clearTimeout(timer);
}
