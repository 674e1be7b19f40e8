import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** Stands between a client and a server, to be a network that loses everything and tells nobody. */
export interface SilentProxy {
  readonly url: string;
  /** Passes nothing on any more in either direction on the connections that there are, and closes none. New ones work. */
  silence(): void;
  close(): Promise<void>;
}

/** @param target URL of a server, whose host and port are replaced by the proxy's */
export async function startSilentProxy(target: string): Promise<SilentProxy> {
  const { hostname, port: targetPort } = new URL(target);
  const pairs = new Set<{ readonly sockets: readonly Socket[]; isSilent: boolean }>();

  const server = createServer((client) => {
    const upstream = connect(Number(targetPort), hostname);
    const pair = { sockets: [client, upstream], isSilent: false };
    pairs.add(pair);
    const pass = (from: Socket, to: Socket) =>
      from
        .on("data", (data) => pair.isSilent || to.write(data))
        .on("error", () => {})
        .on("close", () => pair.isSilent || to.destroy());
    pass(client, upstream);
    pass(upstream, client);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));

  const url = new URL(target);
  url.port = String((server.address() as AddressInfo).port);
  return {
    url: url.href,
    silence() {
      for (const pair of pairs) pair.isSilent = true;
    },
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        for (const { sockets } of pairs) for (const socket of sockets) socket.destroy();
      }),
  };
}
