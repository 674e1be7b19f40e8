import { isUtf8 } from "node:buffer";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { getRequestListener, RequestError } from "@hono/node-server";
import { LIMITS } from "../model/limits.ts";

/** Past this, a body that is too large is answered before its end. */
const DRAIN_BYTES_MAX = 4 * 1024 * 1024;

/** A body that was read before the application is called, or why it could not be. */
export type Body = { readonly text: string } | { readonly fault: "body_too_large" | "not_utf8" };

/** What the application finds in `c.env` when it runs under this server. */
export interface Bindings {
  readonly incoming: IncomingMessage & { body?: Body };
  readonly outgoing: ServerResponse;
}

/**
 * A node:http server for a fetch-style application. It reads each body before it calls the application, which can then
 * answer synchronously: that is what makes the hot route cost little more than bare node:http.
 */
export function createNodeServer(fetch: (request: Request, env: Bindings) => Response | Promise<Response>): Server {
  const listener = getRequestListener(fetch as Parameters<typeof getRequestListener>[0], {
    // A request line or Host that no URL can be made of; the application answers for everything else itself.
    errorHandler: (error) =>
      new Response(UNREADABLE, {
        status: error instanceof RequestError ? 400 : 500,
        headers: { "content-type": "application/problem+json", "x-content-type-options": "nosniff" },
      }),
  });

  const server = createServer(
    { requestTimeout: 30_000, headersTimeout: 10_000, requireHostHeader: false },
    (incoming: Bindings["incoming"], outgoing) => {
      let isAnswered = false;
      const answer = (body: Body) => {
        isAnswered = true;
        incoming.body = body;
        // Draining: a client that asks without a pause would otherwise keep its connection busy until it is cut.
        if (!server.listening) outgoing.setHeader("connection", "close");
        listener(incoming, outgoing);
      };
      const isBodiless =
        incoming.headers["content-length"] === undefined && incoming.headers["transfer-encoding"] === undefined;
      if (isBodiless) return answer(EMPTY);
      const chunks: Buffer[] = [];
      let bytes = 0;
      incoming.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes <= LIMITS.bodyBytesMax) chunks.push(chunk);
        // Closing at once would throw the answer away with the unread bytes; hono reads on for a moment and then closes.
        else if (!isAnswered && bytes > DRAIN_BYTES_MAX) answer(TOO_LARGE);
      });
      incoming.on("end", () => {
        if (isAnswered) return;
        if (bytes > LIMITS.bodyBytesMax) return answer(TOO_LARGE);
        const buffer = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
        answer(isUtf8(buffer) ? { text: buffer.toString("utf8") } : NOT_UTF8);
      });
      // The client went away in the middle of its body: there is nobody to answer.
      incoming.on("error", () => outgoing.destroy());
    },
  );
  server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
    if (!socket.writable) return socket.destroy();
    const status = error.code === "HPE_HEADER_OVERFLOW" ? "431 Request Header Fields Too Large" : "400 Bad Request";
    socket.end(`HTTP/1.1 ${status}\r\n${UNREADABLE_HEADERS}\r\n\r\n${UNREADABLE}`);
  });
  return server;
}

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

const EMPTY: Body = { text: "" };
const TOO_LARGE: Body = { fault: "body_too_large" };
const NOT_UTF8: Body = { fault: "not_utf8" };
