import { type IncomingMessage, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { CliError } from "../cli-error.ts";
import { type Advice, advised, notVerdict, problemIn, systemCode, unreachable } from "./problem.ts";
import { assertHeaderSafe, parseServiceUrl } from "./url.ts";

/** Where a service is, and with which key it is called. */
export interface ServiceAccess {
  /** Address of the service, `http:` or `https:`, with or without a path; see `parseServiceUrl`. */
  readonly url: string;
  /** A unix socket to reach it at instead. */
  readonly socketPath?: string | undefined;
  /** `Host` to send instead of the address's own. */
  readonly hostHeader?: string | undefined;
  /** Sent as a bearer token. */
  readonly key: string;
}

export interface ServiceCall {
  /** How long the service may send nothing. */
  readonly idleMs: number;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Ends the exchange at any time, its body included. */
  readonly signal?: AbortSignal;
}

/** One service over HTTP. Methods reject with a CliError; paths are relative to its address. */
export interface ServiceClient {
  readonly base: URL;
  /** The answer to a successful request; its body has yet to be read. */
  send(method: string, path: string, call: ServiceCall): Promise<IncomingMessage>;
  /** The same with its body as JSON; undefined when it is not JSON. */
  json(method: string, path: string, call: ServiceCall): Promise<unknown>;
}

/** Of an answer that is read whole: a page of requests at their largest. */
const ANSWER_BYTES_MAX = 64 * 1024 * 1024;

/**
 * With node:http, because bodies come in pieces over a unix socket too, and `fetch` gives up on an answer that takes more
 * than five minutes to begin.
 *
 * SECURITY: redirects are not followed, because following one would hand the key to another server. No error holds the key.
 * @throws CliError when the address or the key cannot be one
 */
export function createServiceClient(access: ServiceAccess, advice: Advice): ServiceClient {
  const base = parseServiceUrl(access.url);
  assertHeaderSafe(access.key);

  async function send(method: string, path: string, call: ServiceCall): Promise<IncomingMessage> {
    const response = await exchange(access, base, method, path, call);
    const status = response.statusCode ?? 0;
    if (status >= 200 && status < 300) return response;
    if (status >= 300 && status < 400) {
      response.destroy();
      throw problemIn(undefined, status, base, access.key);
    }
    throw advised(problemIn(await readJson(response, base), status, base, access.key), advice);
  }

  return {
    base,
    send,
    json: async (method, path, call) => readJson(await send(method, path, call), base),
  };
}

/** @throws CliError when the body does not come to its end */
export async function* wholeBody(response: IncomingMessage, base: URL): AsyncGenerator<Uint8Array, void> {
  try {
    for await (const chunk of response) yield chunk as Uint8Array;
  } catch (error) {
    const code = systemCode(error);
    throw new CliError(
      `${base.origin} broke off in the middle of its answer${code === undefined ? "" : ` (${code})`}`,
      {
        hint: "Try again; the service's log says why.",
        isPassing: true,
      },
    );
  }
}

function exchange(
  { key, socketPath, hostHeader }: ServiceAccess,
  base: URL,
  method: string,
  path: string,
  { idleMs, body, signal }: ServiceCall,
): Promise<IncomingMessage> {
  const request = base.protocol === "https:" ? requestHttps : requestHttp;
  return new Promise((resolve, reject) => {
    const headers = {
      authorization: `Bearer ${key}`,
      ...(hostHeader === undefined ? undefined : { host: hostHeader }),
      ...(body === undefined ? undefined : { "content-type": "application/json" }),
    };
    const target = {
      method,
      headers,
      timeout: idleMs,
      ...(socketPath === undefined ? undefined : { socketPath }),
      ...(signal === undefined ? undefined : { signal }),
    };
    // No connection stays open that would keep the process from ending.
    const sending = request(new URL(path, base), { ...target, agent: false }, resolve);
    sending.on("timeout", () => sending.destroy(Object.assign(new Error("no answer"), { code: "ETIMEDOUT" })));
    sending.on("error", (error) => reject(unreachable(base, systemCode(error))));
    sending.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

/** The whole body; undefined when it is not JSON. @throws CliError when it does not come to its end, or is too long */
export async function readJson(response: IncomingMessage, base: URL): Promise<unknown> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of wholeBody(response, base)) {
    bytes += chunk.length;
    if (bytes > ANSWER_BYTES_MAX) throw notVerdict(base);
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString());
  } catch {
    // Not JSON is no answer of ours; the caller says so.
    return undefined;
  }
}
