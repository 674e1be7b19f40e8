import { createHostGuard } from "./http/host-guard.ts";

/** How a process on the same machine calls the service. */
export interface ServiceAddress {
  /** Without a path; for a socket `http://localhost`. */
  readonly url: string;
  readonly socketPath?: string;
  /** `Host` to send, when that of `url` would be refused. */
  readonly hostHeader?: string;
}

/** A wildcard listens everywhere but is no address to call. */
const LOOPBACK_OF: Readonly<Record<string, string>> = { "0.0.0.0": "127.0.0.1", "[::]": "[::1]" };

/**
 * @param listen where the service listens: `http://<host>:<port>` or `unix:<absolute path>`
 * @param allowedHosts the service's own, as `Config` has them; never empty
 */
export function toServiceAddress(listen: string, allowedHosts: readonly string[]): ServiceAddress {
  const socketPath = listen.startsWith("unix:") ? listen.slice("unix:".length) : undefined;
  const url = new URL(socketPath === undefined ? listen : "http://localhost");
  url.hostname = LOOPBACK_OF[url.hostname] ?? url.hostname;
  return {
    url: url.origin,
    ...(socketPath === undefined ? undefined : { socketPath }),
    ...(isServed(url.host, allowedHosts) ? undefined : { hostHeader: allowedHosts[0]! }),
  };
}

function isServed(host: string, allowedHosts: readonly string[]): boolean {
  try {
    createHostGuard(allowedHosts)(host);
    return true;
  } catch {
    return false;
  }
}
