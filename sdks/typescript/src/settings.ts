import { ConfigurationError } from "./errors.ts";
import type { Identity } from "./wire.ts";

/** An argument wins over the environment, which wins over the default. */
export interface VerdictOptions {
  /** `VERDICT_URL`; `http://127.0.0.1:8181`. */
  readonly url?: string | undefined;
  /** `VERDICT_API_KEY`. */
  readonly apiKey?: string | undefined;
  /** `VERDICT_FAIL_MODE`; `closed`. What becomes of a question when the service cannot be reached. */
  readonly failMode?: "closed" | "open" | undefined;
  /** `VERDICT_TIMEOUT_MS`; 5000. Of a whole call with its retries. */
  readonly timeoutMs?: number | undefined;
  /** `VERDICT_CACHE_TTL_SECONDS`; 5. 0 turns the cache off. */
  readonly cacheTtlSeconds?: number | undefined;
  /** `VERDICT_CACHE_MAX_ENTRIES`; 1000. 0 turns the cache off. */
  readonly cacheMaxEntries?: number | undefined;
  /**
   * `VERDICT_EVENTS`; `off`. With `on`, answers are kept only while the service's event stream tells of changed rules and revoked
   * keys.
   */
  readonly events?: "on" | "off" | undefined;
  /** `VERDICT_IDENTITY_NAME`, `VERDICT_IDENTITY_ROLES` (comma separated); the key's own. */
  readonly identity?: Identity | undefined;
}

export interface Settings {
  /** Without a slash at its end. */
  readonly url: string;
  readonly apiKey: string;
  readonly failMode: "closed" | "open";
  readonly timeoutMs: number;
  readonly cacheTtlSeconds: number;
  readonly cacheMaxEntries: number;
  readonly events: "on" | "off";
  readonly identity: Identity | undefined;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads arguments and environment. What cannot be read is the safe value, with a warning.
 * @throws ConfigurationError when the key or the URL cannot be used; it names neither
 */
export function readSettings(options: VerdictOptions, env: Environment, warn: (message: string) => void): Settings {
  const whole = (value: unknown, name: string, least: number, otherwise: number) => {
    const given = value ?? (env[name] || undefined);
    if (given === undefined) return otherwise;
    const number = readWhole(given, least);
    if (number === undefined) warn(`${name} is not a whole number from ${least} to ${WHOLE_MAX}: using ${otherwise}.`);
    return number ?? otherwise;
  };
  return {
    url: readUrl(options.url ?? (env.VERDICT_URL || "http://127.0.0.1:8181")),
    apiKey: readApiKey(options.apiKey ?? env.VERDICT_API_KEY),
    failMode: readFailMode(options.failMode ?? (env.VERDICT_FAIL_MODE || "closed"), warn),
    timeoutMs: whole(options.timeoutMs, "VERDICT_TIMEOUT_MS", 1, 5000),
    cacheTtlSeconds: whole(options.cacheTtlSeconds, "VERDICT_CACHE_TTL_SECONDS", 0, 5),
    cacheMaxEntries: whole(options.cacheMaxEntries, "VERDICT_CACHE_MAX_ENTRIES", 0, 1000),
    events: readEvents(options.events ?? (env.VERDICT_EVENTS || "off"), warn),
    identity: options.identity ?? readIdentity(env),
  };
}

/** What a timer can wait for, in milliseconds, in every language. */
const WHOLE_MAX = 2_147_483_647;

function readWhole(value: unknown, least: number): number | undefined {
  const number = typeof value === "string" && /^\d{1,10}$/.test(value) ? Number(value) : value;
  return Number.isInteger(number) && (number as number) >= least && (number as number) <= WHOLE_MAX
    ? (number as number)
    : undefined;
}

// SECURITY: only the exact word opens; a misspelt one must not.
function readFailMode(value: string, warn: (message: string) => void): "closed" | "open" {
  if (value !== "open" && value !== "closed") warn("VERDICT_FAIL_MODE is neither `closed` nor `open`: using `closed`.");
  return value === "open" ? "open" : "closed";
}

// SECURITY: what is misspelt keeps fewer answers, not more.
function readEvents(value: string, warn: (message: string) => void): "on" | "off" {
  if (value !== "on" && value !== "off") warn("VERDICT_EVENTS is neither `on` nor `off`: using `on`.");
  return value === "off" ? "off" : "on";
}

// SECURITY: the messages do not quote what they are about, which may hold a password or the key.
function readUrl(text: string): string {
  const url = parseUrl(text);
  if (url === undefined || !/^https?:\/\//i.test(text))
    throw new ConfigurationError("VERDICT_URL is not an http or https URL.");
  if (url.username !== "" || url.password !== "")
    throw new ConfigurationError("VERDICT_URL has a user in it; the key goes into VERDICT_API_KEY.");
  if (/[?#]/.test(text)) throw new ConfigurationError("VERDICT_URL has a query or a fragment.");
  return `${url.origin}${url.pathname.replace(/\/+$/, "")}`;
}

function parseUrl(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}

function readApiKey(key: unknown): string {
  if (key === undefined || key === "")
    throw new ConfigurationError(
      "No API key: give `apiKey` or set VERDICT_API_KEY. The service's first start writes one.",
    );
  if (typeof key !== "string" || !/^[!-~]+$/.test(key))
    throw new ConfigurationError("VERDICT_API_KEY has characters that no key has.");
  return key;
}

function readIdentity(env: Environment): Identity | undefined {
  const name = env.VERDICT_IDENTITY_NAME || undefined;
  const roles = (env.VERDICT_IDENTITY_ROLES ?? "")
    .split(",")
    .map((role) => role.trim())
    .filter((role) => role !== "");
  if (name === undefined && roles.length === 0) return undefined;
  return { ...(name === undefined ? {} : { name }), ...(roles.length === 0 ? {} : { roles }) };
}
