import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import type { ScriptedAnswer } from "./typescript-vectors.ts";

export interface ScriptedServer {
  readonly url: string;
  /** How many requests came. */
  readonly requests: number;
  /** What was not as the script said. */
  readonly faults: readonly string[];
  close(): Promise<void>;
}

/** Does with each request what the script says, in order. */
export async function startScriptedServer(
  script: readonly ScriptedAnswer[],
  variables: Readonly<Record<string, string>> = {},
): Promise<ScriptedServer> {
  const faults: string[] = [];
  let requests = 0;
  const server = createServer(async (request, response) => {
    const number = requests;
    requests += 1;
    const body = await readBody(request);
    const answer = script[number];
    if (answer === undefined) {
      faults.push(`request ${number + 1} is more than the script has`);
      response.writeHead(500).end();
      return;
    }
    faults.push(...compare(answer.when, request, body).map((fault) => `request ${number + 1}: ${fault}`));
    await act(answer, request, response, variables);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get requests() {
      return requests;
    },
    faults,
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

async function act(
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
      response.writeHead(200, { "content-type": "application/json", "content-length": String(HALF.length * 2) });
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
