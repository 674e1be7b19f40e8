import { ServerUnreachable, VerdictError } from "./errors.ts";
import { chunksOf } from "./open-stream.ts";
import { type Platform, TIMER_MAX_MS } from "./platform.ts";
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
/** More than the largest page of approvals; whoever sends more would only fill the memory. */
const ANSWER_BYTES_MAX = 64 * 1024 * 1024;

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
    const leftMs = deadline - this.#platform.now();
    if (leftMs <= 0) throw new Broken(this.#describe(undefined, true), false);
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), Math.min(TIMER_MAX_MS, leftMs));
    let head: Omit<Answer, "text"> | undefined;
    try {
      const response = await this.#platform.fetch(`${this.#settings.url}${call.path}`, {
        method: call.method,
        headers: this.#headers(call),
        ...(call.body === undefined ? {} : { body: call.body }),
        // SECURITY: a redirect would take the key to wherever it says.
        redirect: "manual",
        signal: abort.signal,
      });
      head = { status: response.status, retryAfter: response.headers.get("retry-after") };
      return { ...head, text: await readText(response) };
    } catch (error) {
      // SECURITY: an error is one whatever becomes of its body: as an outage it would be allowed in the fail mode open.
      if (head !== undefined && head.status !== 200) return { ...head, text: "" };
      const isTimeout = abort.signal.aborted;
      throw new Broken(this.#describe(error, isTimeout), head === undefined && !isTimeout);
    } finally {
      clearTimeout(timer);
    }
  }

  #headers(call: Call): Record<string, string> {
    const headers = { accept: "application/json", authorization: `Bearer ${this.#settings.apiKey}` };
    return call.body === undefined ? headers : { ...headers, "content-type": "application/json" };
  }

  #read({ status, retryAfter, text }: Answer): unknown {
    const body = this.#parse(text);
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
    return withoutKey(`Verdict could not be reached at ${origin}: ${why}.`, this.#settings.apiKey) as string;
  }

  /**
   * Undefined when it is not JSON, or nested too deep; no JSON text is undefined.
   * SECURITY: an answer may quote what it was asked with, in whatever spelling, and ends up in logs and in front of models.
   */
  #parse(text: string): unknown {
    const { apiKey } = this.#settings;
    const value = parseJson(text);
    if (isTooDeep(value, 0)) return undefined;
    return text.includes("\\") || text.includes(apiKey) ? withoutKey(value, apiKey) : value;
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

/** Empty when it is too long. */
async function readText(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let length = 0;
  for await (const chunk of chunksOf(response.body)) {
    length += chunk.length;
    if (length > ANSWER_BYTES_MAX) return "";
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

/** Deeper than the service answers; what reads an answer may go down level by level. */
const DEPTH_MAX = 128;

function isTooDeep(value: unknown, depth: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  return depth === DEPTH_MAX || Object.values(value).some((item) => isTooDeep(item, depth + 1));
}

/** The same with the key replaced in every text and name. */
function withoutKey(value: unknown, key: string): unknown {
  if (typeof value === "string") return value.split(key).join("[the API key]");
  if (Array.isArray(value)) return value.map((item) => withoutKey(item, key));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [withoutKey(name, key), withoutKey(item, key)]),
  );
}

/** Undefined when it is not JSON; no JSON text is undefined. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
