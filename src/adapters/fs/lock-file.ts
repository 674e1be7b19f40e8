import {
  closeSync,
  futimes,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { currentProcess, type ProcessIdentity, processState } from "./process-identity.ts";

/** What a lock file holds, as JSON. Times are epoch milliseconds. */
export interface LockHolder extends ProcessIdentity {
  readonly started_at: number;
  /** Where the holder listens, once it does. */
  readonly listen?: string;
}

export interface LockFile {
  /** Writes into the file where this process listens. */
  announce(listen: string): void;
  /** Removes the file. May be called twice. */
  release(): void;
}

/** The lock is another process's. */
export class LockHeld extends Error {
  override readonly name = "LockHeld";
  readonly holder: LockHolder | undefined;
  constructor(path: string, holder: LockHolder | undefined) {
    super(`${path} is held by ${holder === undefined ? "an unknown process" : `process ${holder.pid}`}`);
    this.holder = holder;
  }
}

/** A holder whose process cannot be seen from here touches its file this often, and counts as gone after that long. */
const HEARTBEAT_MS = 10_000;
const HEARTBEAT_MISSED_MS = 60_000;

/** A lock is taken over under a lock of its own, which in turn may have been left behind; this deep it is a bug. */
const TAKEOVER_DEPTH_MAX = 3;

/** What file systems say that have no hard links; there a reader may see the file a moment before its content. */
const NO_LINKS = ["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"];

/**
 * Takes an exclusive lock by a file that names its holder. A file left by a process that is gone is taken over.
 *
 * INVARIANT: of any number of processes that try at once exactly one succeeds, and a live holder is never displaced.
 * @throws LockHeld
 * @throws the system's error when the file cannot be written
 */
export function acquireLockFile(path: string): LockFile {
  const identity = { ...currentProcess(), started_at: Date.now() };
  acquire(path, JSON.stringify(identity), TAKEOVER_DEPTH_MAX);
  return held(path, identity);
}

function acquire(path: string, content: string, depth: number): void {
  const prepared = `${path}.${process.pid}-${Math.random().toString(36).slice(2)}`;
  writeFileSync(prepared, content, { flag: "wx", mode: 0o600 });
  try {
    // Unlike an exclusive open, a link shows others the whole content from the first moment.
    while (!tryLink(prepared, path, content)) {
      if (takeOver(prepared, path, depth)) return;
    }
  } finally {
    removeIfThere(prepared);
  }
}

/** @returns false when the file was gone or had changed by the time: try again */
function takeOver(prepared: string, path: string, depth: number): boolean {
  const stale = read(path);
  if (stale === undefined) return false;
  if (!isStale(path, stale) || depth === 0) throw new LockHeld(path, parse(stale));
  const guard = `${path}.takeover`;
  acquire(guard, readFileSync(prepared, "utf8"), depth - 1);
  try {
    // Only who holds the guard replaces a stale file, so if it is still the one we judged, nobody else has it.
    if (read(path) !== stale) return false;
    renameSync(prepared, path);
    return true;
  } finally {
    removeIfThere(guard);
  }
}

function isStale(path: string, content: string): boolean {
  const holder = parse(content);
  const state = holder === undefined ? "unknown" : processState(holder);
  if (state !== "unknown") return state === "dead";
  return Date.now() - lastHeartbeat(path) > HEARTBEAT_MISSED_MS;
}

function lastHeartbeat(path: string): number {
  try {
    return statSync(path).mtimeMs;
  } catch (error) {
    if (isMissing(error)) return Date.now();
    throw error;
  }
}

function held(path: string, identity: LockHolder): LockFile {
  // By descriptor, so that the heartbeat never touches a file that is not ours.
  const fd = openSync(path, "r+");
  // A missed beat is what the generous limit is for, so its error means nothing.
  const beat = () => futimes(fd, new Date(), new Date(), () => {});
  const heartbeat = setInterval(beat, HEARTBEAT_MS).unref();
  let isReleased = false;
  return {
    announce(listen) {
      // Longer than what was there and far shorter than a page: readers see the old text or the new one.
      if (!isReleased) writeSync(fd, JSON.stringify({ ...identity, listen }), 0);
    },
    release() {
      if (isReleased) return;
      isReleased = true;
      clearInterval(heartbeat);
      closeSync(fd);
      const content = read(path);
      const holder = content === undefined ? undefined : parse(content);
      if (holder?.pid === identity.pid && holder.started_at === identity.started_at) removeIfThere(path);
    },
  };
}

function parse(content: string): LockHolder | undefined {
  try {
    const holder: unknown = JSON.parse(content);
    const isHolder = typeof holder === "object" && holder !== null && "pid" in holder && typeof holder.pid === "number";
    return isHolder ? (holder as LockHolder) : undefined;
  } catch {
    return undefined;
  }
}

/** @returns false when there is such a file */
function tryLink(from: string, to: string, content: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "";
    if (code === "EEXIST") return false;
    if (NO_LINKS.includes(code)) return tryCreate(to, content);
    throw error;
  }
}

function tryCreate(path: string, content: string): boolean {
  try {
    writeFileSync(path, content, { flag: "wx", mode: 0o600 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

function removeIfThere(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === "ENOENT";
}
