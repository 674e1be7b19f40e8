import type { KeyView } from "../../operations/keys/manage-keys.ts";
import { CliError } from "../cli-error.ts";
import type { KeyAdmin } from "../deps.ts";
import { isObject, parseKeyJson, timeText } from "../key-json.ts";
import { notVerdict, problemIn, systemCode, unreachable } from "../service/problem.ts";
import { assertHeaderSafe, parseServiceUrl } from "../service/url.ts";

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
  assertHeaderSafe(key);

  const call = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const { status, text } = await exchange(method, path, body);
    const answer = parseJson(text);
    if (status >= 200 && status < 300) return answer;
    throw problemIn(answer, status, base, key);
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
      throw failedExchange(error, base, timeoutMs);
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

/** Node wraps the reason of a failed connection in `cause`. */
function failedExchange(error: unknown, base: URL, timeoutMs: number): CliError {
  if (error instanceof Error && error.name === "TimeoutError") {
    return new CliError(`${base.origin} did not answer within ${timeoutMs / 1000} s`, { hint: "Is it overloaded?" });
  }
  return unreachable(base, error instanceof Error ? systemCode(error.cause) : undefined);
}
