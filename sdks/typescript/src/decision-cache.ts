import type { Decision } from "./decision.ts";
import { sha256Hex } from "./sha256.ts";

interface Entry {
  readonly key: string;
  readonly decision: Decision;
  /** By the cache's clock, in milliseconds. */
  readonly until: number;
  /** Used just before this one, and just after it. The end of both is the cache's `#ring`. */
  older: Entry;
  newer: Entry;
}

export interface CacheLimits {
  readonly ttlSeconds: number;
  readonly entriesMax: number;
}

/** Allows and denies for as long as the service and the configuration let them be used again; the least recently used goes. */
export class DecisionCache {
  readonly #limits: CacheLimits;
  readonly #now: () => number;
  readonly #entries = new Map<string, Entry>();
  /** Closes the ring of the entries in the order of their use: reading one moves it, and leaves the map alone. */
  readonly #ring = createRing();
  #revision: string | undefined;
  #changes = 0;

  constructor(limits: CacheLimits, now: () => number) {
    this.#limits = limits;
    this.#now = now;
  }

  /** How often another revision was seen than the one before: what was asked for before the last time is of other rules. */
  get changes(): number {
    return this.#changes;
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
    const entry = this.#entries.get(keyOf(text));
    if (entry === undefined) return undefined;
    if (this.#now() >= entry.until) {
      this.#remove(entry);
      return undefined;
    }
    if (entry !== this.#ring.older) {
      unlink(entry);
      this.#link(entry);
    }
    return entry.decision;
  }

  /** Keeps an answer where that is allowed, and gives it as it will be handed out again; undefined otherwise. */
  keep(text: string, decision: Decision, askedAt: number): Decision | undefined {
    const ttlSeconds = Math.min(decision.cacheTtlSeconds, this.#limits.ttlSeconds);
    const isFinal = decision.decision === "allow" || decision.decision === "deny";
    if (!isFinal || !this.isOn || ttlSeconds <= 0 || decision.policyRevision === undefined) return undefined;
    const kept = Object.freeze({ ...decision, cached: true });
    const key = keyOf(text);
    const before = this.#entries.get(key);
    if (before !== undefined) this.#remove(before);
    const until = askedAt + ttlSeconds * 1000;
    const entry: Entry = { key, decision: kept, until, older: this.#ring, newer: this.#ring };
    this.#entries.set(key, entry);
    this.#link(entry);
    if (this.#entries.size > this.#limits.entriesMax) this.#remove(this.#ring.newer);
    return kept;
  }

  /**
   * INVARIANT: nothing of an earlier rule set outlives the first word of another one.
   * @returns whether it is another one than the one before
   */
  see(revision: string | undefined): boolean {
    if (revision === undefined || revision === this.#revision) return false;
    if (this.#revision !== undefined) {
      this.clear();
      this.#changes += 1;
    }
    this.#revision = revision;
    return true;
  }

  clear(): void {
    this.#entries.clear();
    this.#ring.older = this.#ring;
    this.#ring.newer = this.#ring;
  }

  /** As the one that was used last. */
  #link(entry: Entry): void {
    entry.older = this.#ring.older;
    entry.newer = this.#ring;
    entry.older.newer = entry;
    this.#ring.older = entry;
  }

  #remove(entry: Entry): void {
    this.#entries.delete(entry.key);
    unlink(entry);
  }
}

function unlink(entry: Entry): void {
  entry.older.newer = entry.newer;
  entry.newer.older = entry.older;
}

/** An entry that is none: behind the newest and before the oldest. */
function createRing(): Entry {
  const ring = { key: "", until: 0 } as Entry;
  ring.older = ring;
  ring.newer = ring;
  return ring;
}

/**
 * A short text is its own key: exact, and read in less time than a digest takes. A long one is not kept itself. The two
 * cannot meet: a text begins with a brace, a digest is hex.
 */
const keyOf = (text: string) => (text.length <= 1024 ? text : sha256Hex(text));
