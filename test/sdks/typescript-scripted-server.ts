import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { waitFor } from "../e2e/wait-for.ts";
import type { ScriptedAnswer, StreamAct } from "./typescript-vectors.ts";

export interface ScriptedServer {
  readonly url: string;
  /** How many requests came. */
  readonly requests: number;
  /** What was not as the script said. */
  readonly faults: readonly string[];
  /** Does with the event stream that is open what it says, once one is. */
  act(act: StreamAct): Promise<void>;
  close(): Promise<void>;
}

export interface Script {
  readonly server: readonly ScriptedAnswer[];
  readonly stream?: readonly ScriptedAnswer[];
}

const STREAM_PATH = "/v1/policy/stream";

/**
 * Does with each request what the script says, in order; those for the event stream have one of their own.
 * @param whenTaken resolves once the client has taken in what the stream did
 */
export async function startScriptedServer(
  script: Script,
  variables: Readonly<Record<string, string>> = {},
  whenTaken: (act: StreamAct) => Promise<void> = async () => {},
): Promise<ScriptedServer> {
  const faults: string[] = [];
  const streams: ServerResponse[] = [];
  const counts = { requests: 0, streams: 0 };

  async function act({ delay_ms, send, close, ...taken }: StreamAct): Promise<void> {
    if (delay_ms !== undefined) await pause(delay_ms);
    const isOpen = () => streams.findLast((stream) => !stream.destroyed);
    if (send !== undefined || close) {
      const stream = await waitFor("the client opens no stream", isOpen, 5000);
      if (send !== undefined) stream.write(send);
      if (close) stream.destroy();
    }
    await whenTaken(taken);
  }

  const server = createServer(async (request, response) => {
    const kind = request.url?.split("?")[0] === STREAM_PATH ? "stream" : "request";
    const number = kind === "stream" ? counts.streams++ : counts.requests++;
    const body = await readBody(request);
    const answer = (kind === "stream" ? script.stream : script.server)?.[number];
    if (answer === undefined) {
      faults.push(`${kind} ${number + 1} is more than the script has`);
      response.writeHead(500).end();
      return;
    }
    faults.push(...compare(answer.when, request, body).map((fault) => `${kind} ${number + 1}: ${fault}`));
    if (answer.open !== undefined) {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.flushHeaders();
      response.write(answer.open);
      streams.push(response);
      return;
    }
    if (answer.stream !== undefined) await act(answer.stream).catch((error: Error) => faults.push(error.message));
    await respondAs(answer, request, response, variables);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get requests() {
      return counts.requests;
    },
    faults,
    act,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function readBody(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of request.setEncoding("utf8")) text += chunk;
  return text;
}

function compare(when: ScriptedAnswer["when"], request: IncomingMessage, body: string): string[] {
  if (when === undefined) return [];
  const { pathname, search } = new URL(request.url ?? "", "http://127.0.0.1");
  const pairs: [string, unknown, unknown][] = [
    ["method", request.method, when.method],
    ["path", pathname, when.path],
    ...(when.query === undefined ? [] : [["query", search.slice(1), when.query] as [string, unknown, unknown]]),
    ...(when.body === undefined ? [] : [["body", JSON.parse(body), when.body] as [string, unknown, unknown]]),
  ];
  for (const [name, value] of Object.entries(when.headers ?? {})) pairs.push([name, request.headers[name], value]);
  return pairs
    .filter(([, actual, expected]) => !isDeepStrictEqual(actual, expected))
    .map(([what, actual, expected]) => `${what} ${JSON.stringify(actual)} is not ${JSON.stringify(expected)}`);
}

async function respondAs(
  answer: ScriptedAnswer,
  request: IncomingMessage,
  response: ServerResponse,
  variables: Readonly<Record<string, string>>,
): Promise<void> {
  switch (answer.behaviour) {
    case "hang":
      return;
    case "reset":
      request.socket.destroy();
      return;
    case "redirect":
      response.writeHead(307, { location: request.url ?? "/" }).end();
      return;
    case "close_midway":
    case "hang_midway":
      response.writeHead(answer.status ?? 200, {
        "content-type": "application/json",
        "content-length": String(HALF.length * 2),
      });
      response.write(HALF, () => {
        if (answer.behaviour === "close_midway") request.socket.destroy();
      });
      return;
    case undefined:
      await respond(answer.respond!, response, variables);
  }
}

const HALF = '{"decision":"allow","reason":"Rea';

async function respond(
  { status, headers, body, raw, delay_ms }: NonNullable<ScriptedAnswer["respond"]>,
  response: ServerResponse,
  variables: Readonly<Record<string, string>>,
): Promise<void> {
  if (delay_ms !== undefined) await pause(delay_ms);
  const put = (text: string) => text.replaceAll(/\{\{(\w+)\}\}/g, (all, name: string) => variables[name] ?? all);
  const own = Object.entries(headers ?? {}).map(([name, value]) => [name, put(value)]);
  const type = body === undefined ? {} : { "content-type": "application/json" };
  response.writeHead(status, { ...type, ...Object.fromEntries(own) });
  response.end(put(raw ?? (body === undefined ? "" : JSON.stringify(body))));
}
