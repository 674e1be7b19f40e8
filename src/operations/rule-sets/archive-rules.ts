import type { RuleSetArchive, RuleSetOutbox, RuleSource } from "../../rules/index.ts";
import type { Clock } from "../service.ts";

export interface RuleArchiverOptions {
  readonly outbox: RuleSetOutbox;
  readonly archive: Pick<RuleSetArchive, "put">;
  readonly clock: Pick<Clock, "now">;
  /** Calls `run` once after `ms`; must not keep the process alive. @returns a function that calls it off */
  readonly after: (ms: number, run: () => void) => () => void;
  readonly retryMs: number;
  /** Told of every failed attempt. */
  readonly onError: (error: unknown) => void;
}

/** Keeps the sources of every rule set that becomes active, for as long as its decisions may have to be made again. */
export interface RuleArchiver {
  /**
   * Resolves when they survive the process; they are in the archive as soon as that can be reached, once `move` was called.
   * @throws UnavailableError `audit_unavailable`
   */
  keep(revision: string, sources: readonly RuleSource[]): Promise<void>;
  /** Moves what waits into the archive. Never throws; what could not be moved is tried again. */
  move(): Promise<void>;
  stop(): void;
}

/**
 * Moves what waits into the archive, one rule set after the other. One that cannot be read holds up no other.
 * @returns the errors of what could not be read
 * @throws the archive's error
 */
export async function moveRuleSets(
  outbox: Omit<RuleSetOutbox, "put">,
  archive: Pick<RuleSetArchive, "put">,
  isStopped: () => boolean,
): Promise<readonly unknown[]> {
  const unreadable: unknown[] = [];
  for (const revision of await outbox.list()) {
    if (isStopped()) break;
    const kept = await outbox.read(revision).catch((error: unknown) => void unreadable.push(error));
    if (kept === undefined) continue;
    await archive.put(kept.revision, kept.sources, kept.at);
    await outbox.remove(revision);
  }
  return unreadable;
}

export function createRuleArchiver(options: RuleArchiverOptions): RuleArchiver {
  const { outbox, archive, clock, after, retryMs, onError } = options;
  let cancelRetry = () => {};
  /** Before the first `move` nobody wants the archive to be opened: the start may fail yet. */
  let hasBegun = false;
  let isStopped = false;
  let last: Promise<void> = Promise.resolve();

  async function moveAll(): Promise<void> {
    cancelRetry();
    if (isStopped) return;
    const failures = await moveRuleSets(outbox, archive, () => isStopped).catch((error: unknown) => [error]);
    for (const error of failures) onError(error);
    if (failures.length > 0 && !isStopped) cancelRetry = after(retryMs, move);
  }

  function move(): Promise<void> {
    hasBegun = true;
    last = last.then(moveAll);
    return last;
  }

  return {
    async keep(revision, sources) {
      await outbox.put({ revision, sources, at: clock.now() });
      if (hasBegun) void move();
    },
    move,
    stop() {
      isStopped = true;
      cancelRetry();
    },
  };
}
