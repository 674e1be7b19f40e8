import { setMaxListeners } from "node:events";
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import { getRequestListener, RequestError } from "@hono/node-server";
import { LIMITS } from "../model/limits.ts";
import { type Body, bodyOf, EMPTY, TOO_LARGE } from "./body.ts";
import type { DecisionGate } from "./decision-gate.ts";
import { LARGE_BODY_PATHS } from "./large-body-paths.ts";
import { type PlainExchange, servePlainly } from "./plain-connections.ts";

/** Longer than clients and proxies leave a connection idle: theirs to close, or a request may meet the end of one. */
const KEEP_ALIVE_MS = 75_000;

const HEADERS_TIMEOUT_MS = 10_000;

/** Past this, a body that is too large is answered before its end. */
const DRAIN_BYTES_MAX = 4 * 1024 * 1024;

/** What routes need of a request that was read before they are called. */
export interface Heard {
  readonly headers: IncomingHttpHeaders;
  readonly body?: Body;
}

/** What the application finds in `c.env` when it runs under this server. */
export interface Bindings {
  readonly incoming: IncomingMessage & { body?: Body };
  readonly outgoing: ServerResponse;
}

/** What goes back to the client, however it travels. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Goes as `X-Request-ID` beside the headers, which can then be one object for many answers. */
  readonly requestId?: string | undefined;
  readonly body: string;
}

/** By path, without a query. `answer` never throws and never rejects. */
export type DirectRoutes = ReadonlyMap<
  string,
  {
    readonly method: string;
    readonly answer: (c: { readonly env: { readonly incoming: Heard } }) => Answer | Promise<Answer>;
  }
>;

/**
 * A node:http server for a fetch-style application. It reads each body before it calls the application, which can then
 * answer synchronously, but for those of `LARGE_BODY_PATHS`.
 * @param direct answered without the application, which would cost each of them a few microseconds
 * @param gate what refuses requests under overload; without it none is
 */
export function createNodeServer(
  fetch: (request: Request, env: Bindings) => Response | Promise<Response>,
  direct: DirectRoutes = new Map(),
  gate?: DecisionGate,
): Server {
  const listener = getRequestListener(fetch as Parameters<typeof getRequestListener>[0], {
    // A request line or Host that no URL can be made of; the application answers for everything else itself.
    errorHandler: (error) =>
      new Response(UNREADABLE, {
        status: error instanceof RequestError ? 400 : 500,
        headers: { "content-type": "application/problem+json", "x-content-type-options": "nosniff" },
      }),
  });

  function refuse(guard: DecisionGate, incoming: Bindings["incoming"], outgoing: ServerResponse): void {
    if (!server.listening) outgoing.setHeader("connection", "close");
    send(outgoing, guard.refuse(incoming));
  }

  /** @param body undefined where the route reads it */
  function answer(incoming: Bindings["incoming"], outgoing: ServerResponse, body: Body | undefined): void {
    if (body !== undefined) incoming.body = body;
    // Draining: a client that asks without a pause would otherwise keep its connection busy until it is cut.
    if (!server.listening) outgoing.setHeader("connection", "close");
    const route = direct.get(incoming.url!);
    // What was not read to its end has a connection to look after, which Hono's listener does.
    if (route === undefined || route.method !== incoming.method || !incoming.complete) {
      listener(incoming, outgoing);
      return;
    }
    const made = route.answer({ env: { incoming } });
    if (made instanceof Promise) void made.then((answer) => send(outgoing, answer));
    else send(outgoing, made);
  }

  function answerInTurn(incoming: Bindings["incoming"], outgoing: ServerResponse, body: Body): void {
    const guard = guardOf(incoming.url!);
    if (guard === undefined || guard.queue.hasRoom()) {
      answer(incoming, outgoing, body);
      return;
    }
    guard.queue.add({
      // Who has left meanwhile is decided nothing.
      run() {
        if (!outgoing.destroyed) answer(incoming, outgoing, body);
      },
      refuse() {
        if (!outgoing.destroyed) refuse(guard, incoming, outgoing);
      },
    });
  }

  /** As `answerInTurn`, of a request that node:http did not read. */
  function answerPlain(exchange: PlainExchange): void {
    const guard = guardOf(exchange.url);
    // A body that is refused is not decoded, and one that waits not before its turn: that may cost more than a decision.
    if (guard?.queue.isOverloaded() === true) exchange.send(guard.refuse(exchange));
    else if (guard === undefined || guard.queue.hasRoom()) runPlain(exchange, exchange.body);
    else {
      const body = Buffer.from(exchange.body);
      guard.queue.add({
        run() {
          if (exchange.isAwaited()) runPlain(exchange, body);
        },
        refuse() {
          if (exchange.isAwaited()) exchange.send(guard.refuse(exchange));
        },
      });
    }
  }

  function runPlain({ url, headers, send }: PlainExchange, body: Buffer): void {
    const made = direct.get(url)!.answer({ env: { incoming: { headers, body: bodyOf(body) } } });
    if (made instanceof Promise) void made.then(send);
    else send(made);
  }

  const guardOf = (url: string) => (gate?.guards(url) === true ? gate : undefined);

  const server = createServer(
    {
      requestTimeout: 30_000,
      headersTimeout: HEADERS_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      requireHostHeader: false,
    },
    (incoming: Bindings["incoming"], outgoing) => {
      if (outgoing.socket === null) closeWith(incoming, outgoing);
      const { headers } = incoming;
      if (headers["content-length"] === undefined && headers["transfer-encoding"] === undefined) {
        return answerInTurn(incoming, outgoing, EMPTY);
      }
      // The client went away in the middle of its body. Without a listener it depends on Node's version whether that throws.
      incoming.on("error", () => outgoing.destroy());
      if (LARGE_BODY_PATHS.has(incoming.url!)) return answer(incoming, outgoing, undefined);
      const guard = guardOf(incoming.url!);
      // Before the body is read, which costs more than the refusal.
      if (guard?.queue.isOverloaded() === true) return refuse(guard, incoming, outgoing);
      // Nearly every body is one chunk.
      let first: Buffer | undefined;
      let rest: Buffer[] | undefined;
      let bytes = 0;
      let isAnswered = false;
      incoming.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes <= LIMITS.bodyBytesMax) {
          if (first === undefined) first = chunk;
          else if (rest === undefined) rest = [chunk];
          else rest.push(chunk);
        } else if (!isAnswered && bytes > DRAIN_BYTES_MAX) {
          // Closing at once would throw the answer away with the unread bytes; hono reads on for a moment and then closes.
          isAnswered = true;
          answer(incoming, outgoing, TOO_LARGE);
        }
      });
      incoming.on("end", () => {
        if (!isAnswered)
          answerInTurn(incoming, outgoing, bytes > LIMITS.bodyBytesMax ? TOO_LARGE : bodyOf(first, rest));
      });
    },
  );
  if (direct.size > 0) {
    const lines = new Map([...direct].map(([url, { method }]) => [`${method} ${url} HTTP/1.1`, { method, url }]));
    servePlainly(server, { lines, silentMs: HEADERS_TIMEOUT_MS, idleMs: KEEP_ALIVE_MS, answer: answerPlain });
  }
  if (gate !== undefined) server.on("connection", gate.queue.connected);
  server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
    if (!socket.writable) return socket.destroy();
    const status = error.code === "HPE_HEADER_OVERFLOW" ? "431 Request Header Fields Too Large" : "400 Bad Request";
    socket.end(`HTTP/1.1 ${status}\r\n${UNREADABLE_HEADERS}\r\n\r\n${UNREADABLE}`);
  });
  return server;
}

function send(outgoing: ServerResponse, answer: Answer): void {
  const { status, body } = answer;
  const length = Buffer.byteLength(body);
  outgoing.writeHead(status, { ...headersOf(answer), "content-length": length });
  // As many bytes as characters: it is ASCII, which is written faster when it is called Latin-1.
  outgoing.end(body, length === body.length ? "latin1" : "utf8");
}

export const headersOf = ({ headers, requestId }: Pick<Answer, "headers" | "requestId">) =>
  requestId === undefined ? headers : { ...headers, "x-request-id": requestId };

/** What node:http cannot read reaches no route, so the answer is ready-made; a client that looks for a decision finds one. */
const UNREADABLE = JSON.stringify({
  decision: "deny",
  type: "about:blank",
  title: "The request is not HTTP that can be read",
  detail: "Check the request line, the headers and the length of the body.",
});
const UNREADABLE_HEADERS = [
  "Content-Type: application/problem+json",
  `Content-Length: ${Buffer.byteLength(UNREADABLE)}`,
  "Connection: close",
].join("\r\n");

/**
 * Node tells only the answer whose turn it is that its connection has gone. One that waits behind it, as answers to requests
 * that came at once do, is told here; or a stream among them would be open for ever.
 */
function closeWith({ socket }: IncomingMessage, outgoing: ServerResponse): void {
  const close = () => {
    if (outgoing.socket !== null) return;
    outgoing.destroy();
    outgoing.emit("close");
  };
  setMaxListeners(0, socket);
  socket.once("close", close);
  outgoing.once("close", () => socket.off("close", close));
}
