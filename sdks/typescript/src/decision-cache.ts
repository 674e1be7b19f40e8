import type { Decision } from "./decision.ts";
import { sha256Hex } from "./sha256.ts";

interface Entry {
  readonly decision: Decision;
  /** By the cache's clock, in milliseconds. */
  readonly until: number;
}

export interface CacheLimits {
  readonly ttlSeconds: number;
  readonly entriesMax: number;
}

/** Allows and denies for as long as the service and the configuration let them be used again; the least recently used goes. */
export class DecisionCache {
  readonly #limits: CacheLimits;
  readonly #now: () => number;
  /** The least recently used first. */
  readonly #entries = new Map<string, Entry>();
  #revision: string | undefined;

  constructor(limits: CacheLimits, now: () => number) {
    this.#limits = limits;
    this.#now = now;
  }

  get isOn(): boolean {
    return this.#limits.ttlSeconds > 0 && this.#limits.entriesMax > 0;
  }

  /** To be read before the question is sent: an answer lives from then on. */
  now(): number {
    return this.#now();
  }

  /** @param text a request in canonical form */
  get(text: string): Decision | undefined {
    const key = keyOf(text);
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    if (this.#now() >= entry.until) return undefined;
    this.#entries.set(key, entry);
    return entry.decision;
  }

  /** Keeps an answer where that is allowed, and gives it as it will be handed out again; undefined otherwise. */
  keep(text: string, decision: Decision, askedAt: number): Decision | undefined {
    const ttlSeconds = Math.min(decision.cacheTtlSeconds, this.#limits.ttlSeconds);
    const isFinal = decision.decision === "allow" || decision.decision === "deny";
    if (!isFinal || !this.isOn || ttlSeconds <= 0 || decision.policyRevision === undefined) return undefined;
    const kept = Object.freeze({ ...decision, cached: true });
    const key = keyOf(text);
    this.#entries.delete(key);
    this.#entries.set(key, { decision: kept, until: askedAt + ttlSeconds * 1000 });
    if (this.#entries.size > this.#limits.entriesMax) this.#entries.delete(this.#entries.keys().next().value!);
    return kept;
  }

  /** INVARIANT: nothing of an earlier rule set outlives the first answer of another one. */
  see(revision: string | undefined): void {
    if (revision === undefined || revision === this.#revision) return;
    if (this.#revision !== undefined) this.#entries.clear();
    this.#revision = revision;
  }

  clear(): void {
    this.#entries.clear();
  }
}

/**
 * A short text is its own key: exact, and read in less time than a digest takes. A long one is not kept itself. The two
 * cannot meet: a text begins with a brace, a digest is hex.
 */
const keyOf = (text: string) => (text.length <= 1024 ? text : sha256Hex(text));
