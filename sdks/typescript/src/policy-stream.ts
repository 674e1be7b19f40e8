import type { DecisionCache } from "./decision-cache.ts";
import { EventReader, type ReceivedEvent } from "./event-reader.ts";
import type { Platform } from "./platform.ts";
import type { Settings } from "./settings.ts";

export interface StreamSurroundings extends Pick<Platform, "openStream" | "random" | "warn"> {
  /** Milliseconds of the cache's clock. */
  readonly now: () => number;
  /** Told of each event once it has had its effect, and of each end; for tests. */
  readonly streamHeard?: ((what: "event" | "end") => void) | undefined;
}

/** More than two of the service's comments, which come every 15 seconds. */
const SILENT_MS = 40_000;

const PAUSE_MS = 500;
const PAUSE_MAX_MS = 30_000;

/**
 * Follows what makes kept answers untrue. INVARIANT: without a stream that told a revision, and was heard of lately, there is
 * no epoch, and without an epoch nothing is kept or read.
 */
export class PolicyStream {
  readonly #settings: Settings;
  readonly #surroundings: StreamSurroundings;
  readonly #answers: Pick<DecisionCache, "see" | "clear">;
  #epoch = 0;
  #isUp = false;
  #heardAt = 0;
  #hasWarned = false;
  #isRunning = false;
  #isClosed = false;
  #stop = () => {};

  constructor(settings: Settings, surroundings: StreamSurroundings, answers: Pick<DecisionCache, "see" | "clear">) {
    this.#settings = settings;
    this.#surroundings = surroundings;
    this.#answers = answers;
  }

  /**
   * Another one after every event that ends answers, and when the stream comes back; undefined while nothing may be kept. The first
   * call opens the stream.
   */
  epoch(): number | undefined {
    if (!this.#isRunning) void this.#run();
    return this.#isUp && !this.#isSilent() ? this.#epoch : undefined;
  }

  close(): void {
    this.#isClosed = true;
    this.#isRunning = true;
    this.#end();
    this.#stop();
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    for (let attempt = 0; !this.#isClosed; attempt += 1) {
      const beganAt = this.#surroundings.now();
      await this.#follow().catch(() => undefined);
      this.#end();
      this.#surroundings.streamHeard?.("end");
      if (this.#surroundings.now() - beganAt > PAUSE_MAX_MS) attempt = 0;
      await this.#pause(this.#surroundings.random() * Math.min(PAUSE_MAX_MS, PAUSE_MS * 2 ** attempt));
    }
  }

  /** Until the stream ends. Rejects when the connection breaks; what with is nobody's matter. */
  async #follow(): Promise<void> {
    const abort = new AbortController();
    this.#stop = () => abort.abort();
    let timer = unreferenced(this.#settings.timeoutMs, this.#stop);
    const rewind = () => {
      clearTimeout(timer);
      timer = unreferenced(SILENT_MS, this.#stop);
    };
    try {
      this.#heardAt = this.#surroundings.now();
      const headers = { accept: "text/event-stream", authorization: `Bearer ${this.#settings.apiKey}` };
      const url = `${this.#settings.url}/v1/policy/stream`;
      const { status, contentType, chunks } = await this.#surroundings.openStream(url, headers, abort.signal);
      if (status !== 200 || !/^text\/event-stream\b/i.test(contentType)) return this.#refused(status);
      rewind();
      const decoder = new TextDecoder();
      const reader = new EventReader();
      for await (const chunk of chunks) {
        if (this.#isClosed || this.#isSilent()) return;
        this.#heardAt = this.#surroundings.now();
        rewind();
        for (const event of reader.read(decoder.decode(chunk, { stream: true }))) this.#take(event);
      }
    } finally {
      clearTimeout(timer);
      abort.abort();
    }
  }

  #take(event: ReceivedEvent): void {
    const revision = event.type === "revision" ? readRevision(event.data) : undefined;
    // INVARIANT: what is not a revision that is known already ends every answer, whatever it is.
    if (revision === undefined) this.#answers.clear();
    if (revision === undefined || this.#answers.see(revision) || !this.#isUp) this.#epoch += 1;
    if (revision !== undefined) {
      this.#isUp = true;
      this.#hasWarned = false;
    }
    this.#surroundings.streamHeard?.("event");
  }

  #end(): void {
    this.#isUp = false;
    this.#answers.clear();
  }

  #isSilent(): boolean {
    return this.#surroundings.now() - this.#heardAt > SILENT_MS;
  }

  /** Nothing of the answer is repeated: it may quote the key. */
  #refused(status: number): void {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    this.#surroundings.warn(`The event stream was refused (HTTP ${status}): until it is there, no answer is kept.`);
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      if (this.#isClosed) return resolve();
      const timer = unreferenced(ms, resolve);
      this.#stop = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

function readRevision(data: string): string | undefined {
  try {
    const { policy_revision } = JSON.parse(data) as { policy_revision?: unknown };
    return typeof policy_revision === "string" && policy_revision !== "" ? policy_revision : undefined;
  } catch {
    return undefined;
  }
}

/** A timer that does not keep a process of Node.js from ending. */
function unreferenced(ms: number, run: () => void): ReturnType<typeof setTimeout> {
  const timer = setTimeout(run, ms);
  (timer as { unref?: () => void }).unref?.();
  return timer;
}
