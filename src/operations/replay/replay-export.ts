import type { AuditFilters } from "../../audit/index.ts";
import { createCelCompiler } from "../../cel/index.ts";
import {
  createJudge,
  createLineCutter,
  createSummary,
  type JudgedLines,
  type ReplayReport,
  readLines,
} from "../../replay/index.ts";
import { createRuleLoader, type RuleSet, type RuleSource } from "../../rules/index.ts";

export type { Groups, Outcome, ReplayExample, ReplayReport, Transition } from "../../replay/index.ts";
export type { JudgedLines };

export interface ReplayedExport {
  /** The bytes of an export (NDJSON), in chunks of any size. */
  readonly chunks: AsyncIterable<Uint8Array>;
  /** The candidate. */
  readonly ruleSet: RuleSet;
  readonly filters: Omit<AuditFilters, "kind">;
  readonly examplesMax: number;
  /** For a large export; without them all is done in this thread. What comes out is the same. */
  readonly threads?: ThreadSource;
}

/** Where threads come from when there is much to do. */
export interface ThreadSource {
  /** They start when deciding has taken this long without them: what ends before has no use for them. */
  readonly afterMs: number;
  /** Milliseconds from an arbitrary origin. */
  now(): number;
  /** @param signal ends them, also while they start @returns undefined when there are none to be had */
  open(signal: AbortSignal): Promise<ReplayThreads | undefined>;
}

/** Threads that decide lines of an export, beside this one. */
export interface ReplayThreads {
  /** Whether a block that came now would soon be worked at. */
  readonly hasRoom: boolean;
  /** May be called again before it has answered. @param block whole lines; given away */
  judge(block: Uint8Array<ArrayBuffer>): Promise<JudgedLines>;
  close(): Promise<void>;
}

/** What a thread needs to know. Plain data. */
export interface ExportCandidate extends Pick<ReplayedExport, "filters" | "examplesMax"> {
  /** That load without an error. */
  readonly sources: readonly RuleSource[];
}

/**
 * What a rule set would have decided on the decisions in an export. Nothing is recorded and nobody is asked.
 * @throws what reading the chunks throws, and what happens to the threads
 */
export async function replayExport({ chunks, threads, ...options }: ReplayedExport): Promise<ReplayReport> {
  const replaying = new Replaying(options, threads);
  // What the cutter has found and nobody has taken yet.
  const found: (Uint8Array | string)[] = [];
  const cutter = createLineCutter({ block: (bytes) => found.push(bytes), malformed: (detail) => found.push(detail) });
  try {
    for await (const chunk of chunks) {
      cutter.write(chunk);
      for (const block of found.splice(0)) await replaying.take(block);
    }
    cutter.end();
    for (const block of found) await replaying.take(block);
    return await replaying.finish();
  } finally {
    await replaying.close();
  }
}

type Options = Pick<ReplayedExport, "ruleSet" | "filters" | "examplesMax">;

/** Bounds what waits to be counted when a thread falls behind the others. */
const UNDER_WAY_MAX = 64;
/** What is smaller is decided sooner than sent. */
const SENT_BYTES_MIN = 64 * 1024;

class Replaying {
  readonly #source: ThreadSource | undefined;
  readonly #ending = new AbortController();
  readonly #judge;
  readonly #summary;
  /** INVARIANT: in the order of the blocks, and counted in that order. */
  readonly #underWay: (JudgedLines | Promise<JudgedLines>)[] = [];
  #spentMs = 0;
  #opening: Promise<void> | undefined;
  #threads: ReplayThreads | undefined;
  #failure: { readonly error: unknown } | undefined;

  constructor(options: Options, source: ThreadSource | undefined) {
    this.#source = source;
    this.#judge = createJudge(options);
    this.#summary = createSummary(options.ruleSet.revision, options.examplesMax);
  }

  /** @param block lines, or what is wrong with one that could not be read */
  async take(block: Uint8Array | string): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure.error;
    this.#underWay.push(this.#send(block) ?? this.#judgeHere(block));
    await this.#count(UNDER_WAY_MAX);
  }

  async finish(): Promise<ReplayReport> {
    await this.#count(0);
    return this.#summary.report();
  }

  async close(): Promise<void> {
    this.#ending.abort();
    await this.#opening;
    await this.#threads?.close();
  }

  /** This thread, too, decides whenever the others have enough to do. */
  #send(block: Uint8Array | string): Promise<JudgedLines> | undefined {
    if (typeof block === "string" || block.length < SENT_BYTES_MIN || this.#threads?.hasRoom !== true) return undefined;
    const judged = this.#threads.judge(new Uint8Array(block));
    // That it fails is seen when it is waited for.
    judged.catch(() => undefined);
    return judged;
  }

  #judgeHere(block: Uint8Array | string): JudgedLines {
    const startedAt = this.#source?.now() ?? 0;
    if (typeof block === "string") this.#judge.malformed(block);
    else readLines(this.#judge, block);
    this.#open(startedAt);
    return this.#judge.take();
  }

  /** Until they have started, this thread goes on. */
  #open(startedAt: number): void {
    const source = this.#source;
    if (source === undefined || this.#opening !== undefined) return;
    this.#spentMs += source.now() - startedAt;
    if (this.#spentMs < source.afterMs) return;
    this.#opening = source.open(this.#ending.signal).then(
      (threads) => {
        this.#threads = threads;
      },
      (error: unknown) => {
        this.#failure = { error };
      },
    );
  }

  /** Counts what is ready at the front, and waits where more than this is left. */
  async #count(underWayMax: number): Promise<void> {
    while (this.#underWay.length > underWayMax) this.#summary.add(await this.#underWay.shift()!);
  }
}

/** Decides blocks of lines in another thread. @throws Error when the rules have errors, which was found out before */
export function createBlockJudge({ sources, ...options }: ExportCandidate): (block: Uint8Array) => JudgedLines {
  const loaded = createRuleLoader({ compiler: createCelCompiler() }).load(sources);
  if (!loaded.ok) throw new Error(`the rules do not load any more: ${loaded.diagnostics[0]?.message}`);
  const judge = createJudge({ ruleSet: loaded.ruleSet, ...options });
  return (block) => {
    readLines(judge, block);
    return judge.take();
  };
}
