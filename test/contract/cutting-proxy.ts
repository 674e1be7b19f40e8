import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** Stands between a client and a server, to break their connections at the worst moment. */
export interface CuttingProxy {
  readonly url: string;
  /** Of the next command that contains the text, the server's answer is not passed on: the connection breaks instead. */
  cutAnswerTo(text: string): void;
  /** How often a text was sent to the server. */
  sent(text: string): number;
  /** Breaks all connections and accepts none. */
  shut(): Promise<void>;
  reopen(): Promise<void>;
  close(): Promise<void>;
}

/** @param target URL of a server, whose host and port are replaced by the proxy's */
export async function startProxy(target: string): Promise<CuttingProxy> {
  const { hostname, port: targetPort } = new URL(target);
  const sockets = new Set<Socket>();
  let log = "";
  let awaited: string | undefined;

  const server = createServer((client) => {
    const upstream = connect(Number(targetPort), hostname);
    let isCutting = false;
    const end = () => {
      client.destroy();
      upstream.destroy();
      sockets.delete(client);
    };
    sockets.add(client);
    for (const socket of [client, upstream]) socket.on("error", end).on("close", end);
    client.on("data", (data) => {
      log += data;
      isCutting ||= awaited !== undefined && String(data).includes(awaited);
      if (isCutting) awaited = undefined;
      upstream.write(data);
    });
    upstream.on("data", (data) => (isCutting ? end() : client.write(data)));
  });

  const listen = (port: number) => new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  await listen(0);
  const { port } = server.address() as AddressInfo;
  const shut = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      for (const socket of sockets) socket.destroy();
    });
  const url = new URL(target);
  url.port = String(port);
  return {
    url: url.href,
    cutAnswerTo(text) {
      awaited = text;
    },
    sent: (text) => log.split(text).length - 1,
    shut,
    reopen: () => listen(port),
    close: shut,
  };
}
