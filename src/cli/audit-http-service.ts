import { type IncomingMessage, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { publicKeyPem, type VerifyReport } from "../audit/index.ts";
import { ERROR_CODES } from "../model/errors.ts";
import type { AuditDownload, AuditService } from "./audit-deps.ts";
import { CliError } from "./cli-error.ts";
import { EXIT } from "./exit-codes.ts";
import { isHeaderSafe, parseServiceUrl } from "./http-key-admin.ts";
import { isObject } from "./key-json.ts";
import { redact } from "./redact.ts";

export interface HttpAuditServiceOptions {
  /** Address of the service, `http:` or `https:`, with or without a path; see `parseServiceUrl`. */
  readonly url: string;
  /** A unix socket to reach it at instead. */
  readonly socketPath?: string | undefined;
  /** `Host` to send instead of the address's own. */
  readonly hostHeader?: string | undefined;
  /** Sent as a bearer token; needs the scope `audit:read`. */
  readonly key: string;
  /** How long the service may send nothing. A large log takes minutes to verify. */
  readonly idleMs?: number;
}

const IDLE_MS = 3_600_000;

/** Of an answer that is read whole; a report has some hundred bytes for each writer. */
const ANSWER_BYTES_MAX = 16 * 1024 * 1024;

/**
 * Reads the audit log over the service's HTTP interface. With node:http, because bodies come in pieces over a unix socket
 * too, and `fetch` gives up on an answer that takes more than five minutes to begin.
 *
 * SECURITY: redirects are not followed, because following one would hand the key to another server. No error holds the key.
 */
export function createHttpAuditService(options: HttpAuditServiceOptions): AuditService {
  const { key } = options;
  const base = parseServiceUrl(options.url);
  if (!isHeaderSafe(key)) throw new CliError("the API key has characters that no key has; was it copied whole?");

  async function call(method: string, path: string, body?: unknown): Promise<IncomingMessage> {
    const response = await send(options, base, method, path, body);
    const status = response.statusCode ?? 0;
    if (status >= 200 && status < 300) return response;
    if (status >= 300 && status < 400) {
      response.destroy();
      throw new CliError(`${base.origin} answered with a redirect (HTTP ${status}), which is not followed`, {
        hint: "Give the address of the service itself; a redirect could send the key to another server.",
      });
    }
    throw problemError(await readJson(response, base), status, base, key);
  }

  return {
    async verify(range, publicKeys) {
      if (publicKeys !== undefined) {
        throw new CliError("a service verifies its log with its own keys", {
          exitCode: EXIT.usage,
          hint: "To trust only the key that you have, `verdict audit export` the log and verify the file.",
        });
      }
      const report = await readJson(await call("POST", "v1/audit/verify", range), base);
      if (!isReport(report)) throw notVerdict(base);
      return report;
    },
    async export(format, selection) {
      const query = new URLSearchParams({ ...selection, format });
      return downloadOf(await call("GET", `v1/audit/export?${query}`), base);
    },
    async keys() {
      const answer = await readJson(await call("GET", "v1/audit/keys"), base);
      const items = isObject(answer) && Array.isArray(answer.items) ? answer.items : undefined;
      if (items === undefined || !items.every(isKey)) throw notVerdict(base);
      return new Map(items.map((item) => [item.key_id, publicKeyPem({ publicKey: item.public_key })]));
    },
    async close() {},
  };
}

function send(
  { key, socketPath, hostHeader, idleMs = IDLE_MS }: HttpAuditServiceOptions,
  base: URL,
  method: string,
  path: string,
  body: unknown,
): Promise<IncomingMessage> {
  const request = base.protocol === "https:" ? requestHttps : requestHttp;
  return new Promise((resolve, reject) => {
    const headers = {
      authorization: `Bearer ${key}`,
      ...(hostHeader === undefined ? undefined : { host: hostHeader }),
      ...(body === undefined ? undefined : { "content-type": "application/json" }),
    };
    const target = { method, headers, timeout: idleMs, ...(socketPath === undefined ? undefined : { socketPath }) };
    // No connection stays open that would keep the process from ending.
    const sending = request(new URL(path, base), { ...target, agent: false }, resolve);
    sending.on("timeout", () => sending.destroy(Object.assign(new Error("no answer"), { code: "ETIMEDOUT" })));
    sending.on("error", (error) => reject(unreachable(error, base)));
    sending.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

function downloadOf(response: IncomingMessage, base: URL): AuditDownload {
  const disposition = response.headers["content-disposition"] ?? "";
  // SECURITY: the server's choice; nothing that could be a path or hide a file.
  const fileName = /^attachment; filename="([A-Za-z0-9][A-Za-z0-9-]{0,100}\.(?:ndjson|csv))"$/.exec(disposition)?.[1];
  return { fileName, chunks: wholeBody(response, base) };
}

/** @throws CliError when the body does not come to its end */
async function* wholeBody(response: IncomingMessage, base: URL): AsyncGenerator<Uint8Array, void> {
  try {
    for await (const chunk of response) yield chunk as Uint8Array;
  } catch (error) {
    throw new CliError(`${base.origin} broke off in the middle of its answer${codeOf(error)}`, {
      hint: "Try again; the service's log says why.",
    });
  }
}

async function readJson(response: IncomingMessage, base: URL): Promise<unknown> {
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

/** RFC 9457, when it is one of ours. What the server wrote is not trusted not to repeat the key. */
function problemError(answer: unknown, status: number, base: URL, key: string): CliError {
  if (!isObject(answer) || typeof answer.code !== "string" || !Object.hasOwn(ERROR_CODES, answer.code)) {
    return new CliError(`${base.origin} answered HTTP ${status} without saying why`, {
      hint: "Is this the address of Verdict itself, or of something in front of it?",
    });
  }
  const safe = (text: unknown) => (typeof text === "string" ? redact(text, [key]) : "");
  const faults = (Array.isArray(answer.errors) ? answer.errors : [])
    .filter(isObject)
    .map(({ pointer, detail }) => ({ pointer: safe(pointer), detail: safe(detail) }));
  const hint = HINTS[answer.code];
  return new CliError(`${safe(answer.detail) || safe(answer.title)} [${answer.code}]`, {
    faults,
    ...(hint === undefined ? undefined : { hint }),
  });
}

const NEEDED = "Use a key of this service with the scope `audit:read`, such as one with the role `auditor`.";
const HINTS: Readonly<Record<string, string>> = {
  unauthenticated: NEEDED,
  key_expired: NEEDED,
  key_revoked: NEEDED,
  insufficient_scope: NEEDED,
  host_forbidden: "Use a name that is in the service's VERDICT_ALLOWED_HOSTS.",
  not_found: "Is the address that of Verdict itself, and is it new enough?",
  storage_unavailable: "Try again in a moment; the service's log says more.",
  not_ready: "Try again in a moment; the service's log says more.",
};

const notVerdict = (base: URL) =>
  new CliError(`${base.origin} answered, but not as Verdict does`, { hint: "Check the address." });

function unreachable(error: unknown, base: URL): CliError {
  return new CliError(`${base.origin} cannot be reached${codeOf(error)}`, {
    hint: "Start the service with `verdict serve`, or give its address with --url or VERDICT_URL.",
  });
}

const codeOf = (error: unknown) => (error instanceof Error && "code" in error ? ` (${String(error.code)})` : "");

function isReport(value: unknown): value is VerifyReport {
  if (!isObject(value) || typeof value.valid !== "boolean") return false;
  const counts = [value.records, value.checkpoints, value.records_after_checkpoints, value.unsigned, value.errors];
  if (!counts.every((count) => typeof count === "number") || !Array.isArray(value.writers)) return false;
  // INVARIANT: a report that names an error is never shown as valid.
  return value.valid === (value.errors === 0) && (value.valid || isObject(value.first_error));
}

const isKey = (value: unknown): value is { key_id: string; public_key: string } =>
  isObject(value) &&
  typeof value.key_id === "string" &&
  typeof value.public_key === "string" &&
  /^[A-Za-z0-9+/]{20,200}={0,2}$/.test(value.public_key);
