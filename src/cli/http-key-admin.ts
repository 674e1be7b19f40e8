import { AppError, ERROR_CODES, type ErrorCode, type FieldFault } from "../model/errors.ts";
import type { KeyView } from "../operations/manage-keys.ts";
import { CliError } from "./cli-error.ts";
import type { KeyAdmin } from "./deps.ts";
import { isObject, parseKeyJson, timeText } from "./key-json.ts";
import { redact } from "./redact.ts";

export interface HttpKeyAdminOptions {
  /** Address of the service, `http:` or `https:`, with or without a path; see `parseServiceUrl`. */
  readonly url: string;
  /** Sent as a bearer token; see `isHeaderSafe`. */
  readonly key: string;
  readonly fetch: typeof fetch;
  /** For the whole exchange, body included. */
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 10_000;

/**
 * Manages keys over the service's HTTP interface.
 *
 * SECURITY: redirects are refused, because following one would hand the key to another server. No error holds the key.
 * Methods reject with the service's AppError, or with a CliError when something else than a service answers.
 */
export function createHttpKeyAdmin({ url, key, fetch, timeoutMs = TIMEOUT_MS }: HttpKeyAdminOptions): KeyAdmin {
  const base = parseServiceUrl(url);
  if (!isHeaderSafe(key)) throw new CliError("the API key has characters that no key has; was it copied whole?");

  const call = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const { status, text } = await exchange(method, path, body);
    if (status >= 300 && status < 400) {
      throw new CliError(`${base.origin} answered with a redirect (HTTP ${status}), which is not followed`, {
        hint: "Give the address of the service itself; a redirect could send the key to another server.",
      });
    }
    const answer = parseJson(text);
    if (status >= 200 && status < 300) return answer;
    throw problemError(answer, status, base, key);
  };

  const exchange = async (method: string, path: string, body: unknown) => {
    try {
      const response = await fetch(new URL(path, base), {
        method,
        redirect: "manual",
        signal: AbortSignal.timeout(timeoutMs),
        headers: {
          authorization: `Bearer ${key}`,
          accept: "application/json",
          ...(body === undefined ? undefined : { "content-type": "application/json" }),
        },
        ...(body === undefined ? undefined : { body: JSON.stringify(body) }),
      });
      return { status: response.status, text: await response.text() };
    } catch (error) {
      throw unreachable(error, base, timeoutMs);
    }
  };

  return {
    async list() {
      const answer = await call("GET", "v1/keys");
      const items = isObject(answer) && Array.isArray(answer.items) ? answer.items : undefined;
      if (items === undefined) throw notVerdict(base);
      return items.map((item) => keyOf(item, base));
    },
    async create({ identity, roles, scopes = [], expiresAt }) {
      const expiry = expiresAt === undefined ? undefined : { expires_at: timeText(expiresAt) };
      const answer = await call("POST", "v1/keys", { identity, roles, scopes, ...expiry });
      if (!isObject(answer) || typeof answer.key !== "string") throw notVerdict(base);
      return { key: keyOf(answer, base), secret: answer.key };
    },
    async revoke(id) {
      return keyOf(await call("DELETE", `v1/keys/${encodeURIComponent(id)}`), base);
    },
    async close() {},
  };
}

/**
 * The address that paths such as `v1/keys` are resolved against.
 * @throws CliError, which does not repeat the address: it may hold a password
 */
export function parseServiceUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isHttp = url?.protocol === "http:" || url?.protocol === "https:";
  if (url === undefined || !isHttp || url.username !== "" || url.password !== "" || url.search + url.hash !== "") {
    throw new CliError("the address of the service is not one", {
      hint: "Write it as http://127.0.0.1:8181 or https://host/path, without user, password, `?` or `#`.",
    });
  }
  if (!url.pathname.endsWith("/")) url.pathname += "/";
  return url;
}

/** Visible ASCII: anything else cannot stand in a header, and `fetch` would quote it in its error message. */
export const isHeaderSafe = (key: string) => /^[\x21-\x7e]+$/.test(key);

function keyOf(value: unknown, base: URL): KeyView {
  const key = parseKeyJson(value);
  if (key === undefined) throw notVerdict(base);
  return key;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not JSON is not a key list and not a problem either; the caller says so.
    return undefined;
  }
}

/** RFC 9457, when it is one of ours. What the server wrote is not trusted not to repeat the key. */
function problemError(answer: unknown, status: number, base: URL, key: string): Error {
  if (!isObject(answer) || typeof answer.code !== "string" || !Object.hasOwn(ERROR_CODES, answer.code)) {
    return new CliError(`${base.origin} answered HTTP ${status} without saying why`, {
      hint: "Is this the address of Verdict itself, or of something in front of it?",
    });
  }
  const safe = (text: unknown) => (typeof text === "string" ? redact(text, [key]) : "");
  const faults = (Array.isArray(answer.errors) ? answer.errors : [])
    .filter(isObject)
    .map(({ pointer, detail }): FieldFault => ({ pointer: safe(pointer), detail: safe(detail) }));
  return new AppError(answer.code as ErrorCode, safe(answer.detail) || safe(answer.title), { faults });
}

const notVerdict = (base: URL) =>
  new CliError(`${base.origin} answered, but not as Verdict does`, { hint: "Check the address." });

/** Node wraps the reason of a failed connection in `cause`; only its code is repeated. */
function unreachable(error: unknown, base: URL, timeoutMs: number): CliError {
  if (error instanceof Error && error.name === "TimeoutError") {
    return new CliError(`${base.origin} did not answer within ${timeoutMs / 1000} s`, { hint: "Is it overloaded?" });
  }
  const cause = error instanceof Error ? error.cause : undefined;
  const code = cause instanceof Error && "code" in cause ? ` (${String(cause.code)})` : "";
  return new CliError(`${base.origin} cannot be reached${code}`, {
    hint: "Start the service with `verdict serve`, or give its address with --url or VERDICT_URL.",
  });
}
