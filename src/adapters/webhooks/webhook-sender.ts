import { lookup } from "node:dns/promises";
import { Agent as HttpAgent, request as httpRequest, type RequestOptions } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { isIP, type LookupFunction } from "node:net";
import { VERSION } from "../../model/version.ts";
import { plainHost, type SendResult, type WebhookRequest, type WebhookSender } from "../../webhooks/index.ts";

export interface ResolvedAddress {
  readonly address: string;
  readonly family: number;
}

export interface WebhookSenderOptions {
  /** All addresses of a name. The default asks the operating system, so names in its hosts file work. */
  readonly resolve?: (host: string) => Promise<readonly ResolvedAddress[]>;
  /** For one attempt, from the name's look-up to the end of the answer. */
  readonly timeoutMs?: number;
  /** Epoch milliseconds. */
  readonly now?: () => number;
}

const TIMEOUT_MS = 10_000;

/** An answer's body is read so that the receiver can finish, and thrown away. Beyond this it cannot. */
const ANSWER_BYTES_MAX = 64 * 1024;

/**
 * Sends through `node:http`, which neither follows redirects nor reads proxy variables.
 *
 * SECURITY: a name is looked up once in an attempt, every address that it stands for is checked, and the connection goes to
 * one of exactly those: a name that changes in between (DNS rebinding) changes nothing. No connection is used twice.
 */
export function createWebhookSender(options: WebhookSenderOptions = {}): WebhookSender {
  const { resolve = resolveAll, timeoutMs = TIMEOUT_MS, now = Date.now } = options;
  return {
    async send(request, signal) {
      const attempt = new AbortController();
      const stop = () => attempt.abort(new Error("the service stopped"));
      const timer = setTimeout(() => attempt.abort(new Error(`no answer within ${timeoutMs / 1000} s`)), timeoutMs);
      signal.addEventListener("abort", stop, { once: true });
      if (signal.aborted) stop();
      try {
        const addresses = await orAborted(resolvePermitted(request, resolve), attempt.signal);
        return await exchange(request, addresses, attempt.signal, now);
      } catch (error) {
        return { kind: "failed", error: (error as Error).message };
      } finally {
        clearTimeout(timer);
        signal.removeEventListener("abort", stop);
      }
    },
  };
}

const resolveAll = (host: string) => lookup(host, { all: true, verbatim: true });

/** @throws Error when one of the addresses is not permitted: a name that stands for such a one is not to be trusted */
async function resolvePermitted(
  { url, guard }: WebhookRequest,
  resolve: (host: string) => Promise<readonly ResolvedAddress[]>,
): Promise<readonly ResolvedAddress[]> {
  const host = plainHost(url.hostname);
  const family = isIP(host);
  const addresses = family === 0 ? await resolveName(host, resolve) : [{ address: host, family }];
  const refused = addresses.find(({ address }) => !guard.permits(host, address));
  if (refused === undefined) return addresses;
  throw new Error(`${host} stands for ${refused.address}, which is neither a public address nor in \`allow\``);
}

async function resolveName(
  host: string,
  resolve: (host: string) => Promise<readonly ResolvedAddress[]>,
): Promise<readonly ResolvedAddress[]> {
  const addresses = await resolve(host).catch((error) => {
    throw new Error(`the name ${host} could not be looked up: ${codeOf(error)}`);
  });
  if (addresses.length === 0) throw new Error(`the name ${host} has no address`);
  return addresses;
}

/** Rejects as soon as the signal is aborted, whatever `promise` does then. */
async function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  let fail = () => {};
  const aborted = new Promise<never>((_, reject) => {
    fail = () => reject(signal.reason);
    signal.addEventListener("abort", fail, { once: true });
    if (signal.aborted) fail();
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", fail);
  }
}

/** Resolves once the connection is closed. An answer counts from its status on, however its body ends. */
function exchange(
  request: WebhookRequest,
  addresses: readonly ResolvedAddress[],
  signal: AbortSignal,
  now: () => number,
): Promise<SendResult> {
  const { url, body } = request;
  return new Promise((resolve) => {
    let result: SendResult = { kind: "failed", error: "the connection was closed without an answer" };
    const isTls = url.protocol === "https:";
    const agent = isTls ? new HttpsAgent({ keepAlive: false }) : new HttpAgent({ keepAlive: false });
    const outgoing = (isTls ? httpsRequest : httpRequest)({ ...requestOptions(request, addresses), agent, signal });
    outgoing.on("response", (answer) => {
      result = {
        kind: "answered",
        status: answer.statusCode ?? 0,
        ...retryAfter(answer.headers["retry-after"], now()),
      };
      let bytes = 0;
      answer.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > ANSWER_BYTES_MAX) outgoing.destroy();
      });
      answer.on("error", () => {});
    });
    outgoing.on("error", (error) => {
      if (result.kind === "answered") return;
      const why = signal.aborted
        ? signal.reason.message
        : `the connection to ${plainHost(url.hostname)} failed: ${codeOf(error)}`;
      result = { kind: "failed", error: why };
    });
    outgoing.on("close", () => resolve(result));
    outgoing.end(body);
  });
}

function requestOptions({ url, headers, body }: WebhookRequest, addresses: readonly ResolvedAddress[]): RequestOptions {
  const host = plainHost(url.hostname);
  return {
    method: "POST",
    hostname: host,
    ...(url.port !== "" && { port: url.port }),
    path: `${url.pathname}${url.search}`,
    lookup: onlyTo(addresses),
    // An address has no name to be shown (RFC 6066 section 3); its certificate is checked all the same.
    ...{ servername: isIP(host) === 0 ? host : "", rejectUnauthorized: true },
    headers: {
      ...headers,
      host: url.host,
      "content-type": "application/json",
      "content-length": Buffer.byteLength(body),
      "user-agent": `Verdict/${VERSION}`,
    },
  };
}

/** Answers every look-up with the addresses that were checked. */
function onlyTo(addresses: readonly ResolvedAddress[]): LookupFunction {
  return (_, { all }, callback) => {
    if (all === true) callback(null, [...addresses]);
    else callback(null, addresses[0]!.address, addresses[0]!.family);
  };
}

/** @see RFC 9110 section 10.2.3: seconds, or a date */
function retryAfter(value: string | undefined, now: number): { readonly retryAfterMs?: number } {
  if (value === undefined) return {};
  const ms = /^\d{1,9}$/.test(value) ? Number(value) * 1000 : Date.parse(value) - now;
  return ms > 0 ? { retryAfterMs: ms } : {};
}

/** SECURITY: the message of a system's or TLS' error is not shown; its code says enough. */
function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "unknown";
}
