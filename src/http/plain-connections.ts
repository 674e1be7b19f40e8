import { type Server, STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import type { Answer } from "./node-server.ts";
import { createPlainReader, type PlainRequest } from "./plain-request.ts";
import { readInPlace } from "./read-in-place.ts";

/** One plain request that waits for its answer. */
export interface PlainExchange extends Pick<PlainRequest, "url" | "headers"> {
  /** SECURITY: another connection's bytes as soon as `answer` returns: who waits keeps a copy. */
  readonly body: Buffer;
  /** Whether somebody is there who would read an answer. Asked behind a wait; a client that closed its side is let go then. */
  isAwaited(): boolean;
  /** Call it once. */
  send(answer: Answer): void;
}

export interface PlainConnectionsOptions {
  /** By the request line, without its end. */
  readonly lines: ReadonlyMap<string, Pick<PlainRequest, "method" | "url">>;
  /** For how long a new connection may say nothing, and one in the middle of a request. */
  readonly silentMs: number;
  /** For how long a connection may be idle between two requests. */
  readonly idleMs: number;
  answer(exchange: PlainExchange): void;
}

/** For how long a connection that said nothing yet may go on saying nothing when idle ones are closed. */
const FRESH_MS = 200;

/**
 * Reads plain requests (`createPlainReader`) on the connections of a server itself: node:http spends some ten microseconds on
 * an exchange for what these do not need. With the first request that is not plain, comes in more than two pieces, or comes
 * before the answer to the one before it, a connection goes over to node:http with all that was not read, for the rest of its life.
 */
export function servePlainly(server: Server, options: PlainConnectionsOptions): void {
  const { lines, silentMs, idleMs, answer } = options;
  const [toNodeHttp] = server.listeners("connection");
  if (toNodeHttp === undefined) throw new Error("this version of node:http does not take connections as expected");
  /** And what ends each in a while, provided that it is idle. */
  const connections = new Map<Socket, () => void>();

  function serve(accepted: Socket): void {
    const inPlace = readInPlace(accepted, read);
    const socket = inPlace ?? accepted;
    const readPlain = createPlainReader(lines);
    /** From a request until its answer is in the hands of the system. */
    let isBusy = false;
    let hasAnswered = false;
    /** Many clients send the head first and then the body. */
    let begun: Buffer | undefined;
    let timeoutMs = silentMs;
    let isNodes = false;

    /** SECURITY: keeps nothing of `chunk`, which may be others' bytes next: only copies and what is made of it. */
    function read(chunk: Buffer): boolean {
      // Where node:http wants it as a stream.
      if (isNodes) return socket.push(Buffer.from(chunk));
      // Who is being hung up on is not listened to any more.
      if (socket.writableEnded) return true;
      const bytes = begun === undefined ? chunk : Buffer.concat([begun, chunk]);
      const request = isBusy ? undefined : readPlain(bytes);
      if (request === "cut" && begun === undefined) {
        begun = Buffer.from(bytes);
        setTimeoutMs(silentMs);
      } else if (request === "cut" || request === undefined) {
        socket.pause();
        socket.unshift(Buffer.from(bytes));
        if (!isBusy) handOver();
      } else {
        begun = undefined;
        isBusy = true;
        const { url, headers, body } = request;
        answer({ url, headers, body, isAwaited, send });
      }
      return true;
    }

    function isAwaited(): boolean {
      if (socket.readableEnded) socket.destroy();
      return !socket.destroyed;
    }

    function send(made: Answer): void {
      if (socket.destroyed) return;
      hasAnswered = true;
      // As long as node:http waits behind the time that it promises.
      setTimeoutMs(idleMs + 1000);
      // Draining: a client that asks without a pause would otherwise keep its connection busy until it is cut.
      const isLast = !server.listening || socket.readableEnded;
      const length = Buffer.byteLength(made.body);
      const text = headText(made, length, isLast, idleMs) + made.body;
      // As many bytes as characters: it is ASCII, which is written faster when it is called Latin-1.
      const encoding = length === made.body.length ? "latin1" : "utf8";
      if (isLast) {
        socket.end(text, encoding);
        // Not when the client has closed its side as well, which it may never do.
        socket.destroySoon();
      }
      // Who does not read answers is not asked for more.
      else if (socket.write(text, encoding)) becomeIdle();
      else socket.once("drain", becomeIdle);
    }

    function becomeIdle(): void {
      isBusy = false;
      if (socket.isPaused()) handOver();
      else if (socket.readableEnded) socket.destroySoon();
    }

    function handOver(): void {
      isNodes = true;
      forget();
      for (const [event, listener] of listeners) socket.off(event, listener);
      socket.setTimeout(0);
      toNodeHttp!.call(server, socket);
      socket.resume();
    }

    /** The client sends nothing more; whom an answer is due gets it first. */
    function endReading(): void {
      if (begun !== undefined) tellIsCut();
      else if (!isBusy) socket.destroySoon();
    }

    function timeOut(): void {
      if (socket.writableNeedDrain || socket.writableEnded) socket.destroy();
      else if (!isBusy) endSilence();
    }

    /** What came while this process was busy with something else is read first. */
    function endSilence(): void {
      const { bytesRead } = socket;
      setImmediate(() => {
        if (socket.bytesRead !== bytesRead || socket.writableEnded || socket.destroyed) return;
        if (begun === undefined) socket.destroy();
        else tellIsCut();
      });
    }

    /** As node:http does; the server's listener answers. */
    function tellIsCut(): void {
      begun = undefined;
      if (!server.emit("clientError", new Error("the request is cut short"), socket)) socket.destroy();
    }

    function sweep(): void {
      if (isBusy || begun !== undefined || socket.writableEnded) return;
      // The first request of a new connection may be on its way.
      if (hasAnswered) socket.destroySoon();
      else setTimeoutMs(FRESH_MS);
    }

    function setTimeoutMs(ms: number): void {
      if (ms !== timeoutMs) socket.setTimeout(ms);
      timeoutMs = ms;
    }

    const forget = () => void connections.delete(socket);
    const listeners = [
      ...(inPlace === undefined ? [["data", read] as const] : []),
      ["end", endReading],
      ["timeout", timeOut],
      // It is destroyed already, and there is nobody to tell.
      ["error", () => {}],
      ["close", forget],
    ] as const;
    for (const [event, listener] of listeners) socket.on(event, listener);
    connections.set(socket, sweep);
    socket.setTimeout(silentMs);
  }

  server.off("connection", toNodeHttp as (socket: Socket) => void);
  server.on("connection", serve);

  const { closeIdleConnections, closeAllConnections } = server;
  server.closeIdleConnections = () => {
    closeIdleConnections.call(server);
    for (const sweep of connections.values()) sweep();
  };
  server.closeAllConnections = () => {
    closeAllConnections.call(server);
    for (const socket of connections.keys()) socket.destroy();
  };
}

/** The head of an answer as node:http writes it. @throws TypeError for a header's value that cannot be sent */
function headText(answer: Answer, length: number, isLast: boolean, idleMs: number): string {
  const id = answer.requestId === undefined ? "" : fieldText("x-request-id", answer.requestId);
  const connection = isLast ? "close" : `keep-alive\r\nKeep-Alive: timeout=${idleMs / 1000}`;
  return `${steadyText(answer)}${id}content-length: ${length}\r\nDate: ${dateText()}\r\nConnection: ${connection}\r\n\r\n`;
}

/** By the headers of answers that have an id beside them. */
const steadyTexts = new WeakMap<Answer["headers"], { readonly status: number; readonly text: string }>();

/** The status line and the headers that can be the same for many answers. */
function steadyText({ status, headers, requestId }: Answer): string {
  const known = requestId === undefined ? undefined : steadyTexts.get(headers);
  if (known?.status === status) return known.text;
  const fields = Object.entries(headers).map(([name, value]) => fieldText(name, value));
  const text = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${fields.join("")}`;
  if (requestId !== undefined) steadyTexts.set(headers, { status, text });
  return text;
}

function fieldText(name: string, value: string): string {
  // What is not visible ASCII could end the header. A regular expression takes several times as long.
  for (let at = 0; at < value.length; at++) {
    const code = value.charCodeAt(at);
    if (code < 0x20 || code > 0x7e) throw new TypeError(`the header ${name} has a character that it may not have`);
  }
  return `${name}: ${value}\r\n`;
}

let dateSecond = 0;
let date = "";

/** RFC 9110 section 5.6.7; made once a second. */
function dateText(): string {
  const now = Date.now();
  const second = Math.floor(now / 1000);
  if (second !== dateSecond) {
    dateSecond = second;
    date = new Date(now).toUTCString();
  }
  return date;
}
