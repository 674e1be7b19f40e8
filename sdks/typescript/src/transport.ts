import { ServerUnreachable, VerdictError } from "./errors.ts";
import type { Platform } from "./platform.ts";
import type { Settings } from "./settings.ts";
import type { Problem } from "./wire.ts";

export interface Call {
  readonly method: "GET" | "POST";
  /** With its query; begins with a slash. */
  readonly path: string;
  /** JSON text. */
  readonly body?: string;
  /** Of the whole call, from now on. */
  readonly timeoutMs: number;
  /** Whether it may be sent again when the connection broke before the answer began. */
  readonly mayRepeatBroken: boolean;
  /** Whether it may be sent again when the service says when. */
  readonly mayRepeatBusy: boolean;
}

/** An answer that asks to come back later. */
export class Busy extends VerdictError {
  readonly retryAfterMs: number;

  constructor(error: VerdictError, retryAfterMs: number) {
    super(error.status, error.code, error.detail, error.problem);
    this.retryAfterMs = retryAfterMs;
  }
}

interface Answer {
  readonly status: number;
  readonly retryAfter: string | null;
  readonly text: string;
}

const REPEATS_MAX = 2;
const BACKOFF_MS = 50;
/** A timer of JavaScript that is to wait for longer ends at once. */
const TIMER_MAX_MS = 2_147_483_647;

/** Sends JSON to the configured service, and to nothing else. */
export class Transport {
  readonly #settings: Settings;
  readonly #platform: Platform;

  constructor(settings: Settings, platform: Platform) {
    this.#settings = settings;
    this.#platform = platform;
  }

  /** The JSON of a 200. @throws ServerUnreachable, VerdictError (a `Busy` where it may be asked again) */
  async send(call: Call): Promise<unknown> {
    const deadline = this.#platform.now() + call.timeoutMs;
    for (let attempt = 0; ; attempt += 1) {
      try {
        return this.#read(await this.#exchange(call, deadline));
      } catch (error) {
        const waitMs = attempt < REPEATS_MAX ? waitBeforeRepeat(error, call) : undefined;
        if (waitMs === undefined) throw error;
        const pauseMs = waitMs + this.#platform.random() * BACKOFF_MS * 2 ** attempt;
        if (this.#platform.now() + pauseMs >= deadline) throw error;
        await this.#platform.sleep(pauseMs);
      }
    }
  }

  async #exchange(call: Call, deadline: number): Promise<Answer> {
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), Math.min(TIMER_MAX_MS, deadline - this.#platform.now()));
    let hasBegun = false;
    try {
      const response = await this.#platform.fetch(`${this.#settings.url}${call.path}`, {
        method: call.method,
        headers: this.#headers(call),
        ...(call.body === undefined ? {} : { body: call.body }),
        // SECURITY: a redirect would take the key to wherever it says.
        redirect: "manual",
        signal: abort.signal,
      });
      hasBegun = true;
      const text = await response.text();
      return { status: response.status, retryAfter: response.headers.get("retry-after"), text };
    } catch (error) {
      const isTimeout = abort.signal.aborted;
      throw new Broken(this.#describe(error, isTimeout), !hasBegun && !isTimeout);
    } finally {
      clearTimeout(timer);
    }
  }

  #headers(call: Call): Record<string, string> {
    const headers = { accept: "application/json", authorization: `Bearer ${this.#settings.apiKey}` };
    return call.body === undefined ? headers : { ...headers, "content-type": "application/json" };
  }

  #read({ status, retryAfter, text }: Answer): unknown {
    const body = parseJson(this.#withoutKey(text));
    if (status === 200) {
      if (body !== undefined) return body;
      throw new VerdictError(200, "malformed_answer", "The answer is not JSON.");
    }
    const error = toVerdictError(status, body);
    const isBusy = (status === 429 || status === 503) && retryAfter !== null && /^\d{1,9}$/.test(retryAfter);
    throw isBusy ? new Busy(error, Number(retryAfter) * 1000) : error;
  }

  /** The cause itself stays behind: a `fetch` of somebody else may put the request, and so the key, into it. */
  #describe(error: unknown, isTimeout: boolean): string {
    const { origin } = new URL(this.#settings.url);
    if (isTimeout) return `Verdict did not answer in time at ${origin}.`;
    const { cause, message } = error as { cause?: { code?: string; message?: string }; message?: string };
    const why = cause?.code ?? cause?.message ?? message ?? "";
    return this.#withoutKey(`Verdict could not be reached at ${origin}: ${why}.`);
  }

  // SECURITY: an answer may quote what it was asked with, and ends up in logs and in front of models.
  #withoutKey(text: string): string {
    return text.includes(this.#settings.apiKey) ? text.split(this.#settings.apiKey).join("[the API key]") : text;
  }
}

class Broken extends ServerUnreachable {
  readonly #mayRepeat: boolean;

  constructor(message: string, mayRepeat: boolean) {
    super(message);
    this.#mayRepeat = mayRepeat;
  }

  /** Not a getter: callers see a `ServerUnreachable` and nothing more. */
  static mayRepeat(error: unknown): boolean {
    return error instanceof Broken && error.#mayRepeat;
  }
}

function waitBeforeRepeat(error: unknown, call: Call): number | undefined {
  if (Broken.mayRepeat(error)) return call.mayRepeatBroken ? 0 : undefined;
  return error instanceof Busy && call.mayRepeatBusy ? error.retryAfterMs : undefined;
}

function toVerdictError(status: number, body: unknown): VerdictError {
  const problem = typeof body === "object" && body !== null ? (body as Partial<Problem>) : undefined;
  if (typeof problem?.code !== "string")
    return new VerdictError(status, "http_error", isRedirect(status) ? REDIRECTED : "The answer says nothing more.");
  return new VerdictError(status, problem.code, typeof problem.detail === "string" ? problem.detail : "", problem);
}

/** A browser shows one that is not followed with the status 0. */
const isRedirect = (status: number) => status === 0 || (status >= 300 && status < 400);
const REDIRECTED =
  "A redirect, which is not followed: the API key would go along. Is VERDICT_URL the service's own address?";

/** Undefined when it is not JSON; no JSON text is undefined. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
