import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll } from "vitest";

/** What reached the shop's API, or went out to the network through its proxy. */
export interface SeenCall {
  readonly method: string;
  /** A path of the API, or a whole URL that was to be reached through the proxy. */
  readonly target: string;
  readonly body: unknown;
}

export interface Shop {
  readonly url: string;
  readonly seen: readonly SeenCall[];
}

const CUSTOMERS = [
  { id: "cus_1", name: "Ada", order: "ord_1" },
  { id: "cus_2", name: "Grace", order: "ord_2" },
];

/** A small API of customers and refunds that is also the only way out to the network: nothing leaves this machine. */
export async function startShop(): Promise<Shop> {
  const seen: SeenCall[] = [];
  const server = createServer(async (request, response) => {
    const { method = "", url = "" } = request;
    const body = await readJson(request);
    seen.push({ method, target: url, body });
    const answer = answerOf(method, url, body);
    response.writeHead(answer === undefined ? 404 : 200, { "content-type": "application/json" });
    response.end(JSON.stringify(answer ?? { error: "not found" }));
  });
  // What a proxy sees of HTTPS.
  server.on("connect", ({ url = "" }, socket) => {
    seen.push({ method: "CONNECT", target: url, body: undefined });
    socket.end("HTTP/1.1 403 Forbidden\r\n\r\n");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

function answerOf(method: string, url: string, body: unknown): unknown {
  if (method === "GET" && url === "/customers") return CUSTOMERS;
  if (method === "GET") return CUSTOMERS.find(({ id }) => url === `/customers/${id}`);
  if (method === "POST" && url === "/refunds") return { refunded: body };
  return url.startsWith("http") ? {} : undefined;
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const text = Buffer.concat(await request.toArray()).toString();
  return text === "" ? undefined : JSON.parse(text);
}
