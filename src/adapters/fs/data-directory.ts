import { accessSync, constants, mkdirSync, statSync } from "node:fs";
import { hostname } from "node:os";
import { join, resolve } from "node:path";
import { acquireLockFile, type LockFile, LockHeld, type LockHolder } from "./lock-file.ts";

/** The folder of one running service; nothing else may open what is in it meanwhile. */
export interface DataDirectory {
  /** Absolute. */
  readonly path: string;
  /** Tells a second process, which finds the folder in use, where this one listens. */
  announce(listen: string): Promise<void>;
  /** Gives the folder free. May be called twice. */
  close(): Promise<void>;
}

const LOCK_FILE = "verdict.lock";

/**
 * Creates the folder where it is missing (for its owner only) and locks it against other processes.
 * @throws Error whose message says what is wrong and what to do: in use (by whom, since when), no folder, not writable, full
 */
export async function openDataDirectory(directory: string): Promise<DataDirectory> {
  const path = resolve(directory);
  const lockPath = join(path, LOCK_FILE);
  const lock = lockDirectory(path, lockPath);
  return {
    path,
    announce: async (listen) => lock.announce(listen),
    close: async () => lock.release(),
  };
}

function lockDirectory(path: string, lockPath: string): LockFile {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    if (!statSync(path).isDirectory()) throw Object.assign(new Error("not a folder"), { code: "ENOTDIR" });
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
    return acquireLockFile(lockPath);
  } catch (error) {
    if (error instanceof LockHeld) throw new Error(inUseMessage(path, lockPath, error.holder), { cause: error });
    throw new Error(describeDirectoryFault(path, error as NodeJS.ErrnoException), { cause: error });
  }
}

function inUseMessage(path: string, lockPath: string, holder: LockHolder | undefined): string {
  const remedy = "stop that process, or set VERDICT_DATA_DIR to another folder";
  const elsewhere = `; if it is gone for good, start again in a minute or remove ${lockPath}`;
  if (holder === undefined) return `the data directory ${path} is in use by an unknown process: ${remedy}${elsewhere}`;
  const since = new Date(holder.started_at).toISOString();
  const listening = holder.listen === undefined ? "" : `, listening on ${holder.listen}`;
  const isHere = holder.host === hostname();
  const who = `process ${holder.pid}${isHere ? "" : ` on ${holder.host}`} since ${since}${listening}`;
  return `the data directory ${path} is in use by ${who}: ${remedy}${isHere ? "" : elsewhere}`;
}

/** What a system error means for the data directory, and what to do about it. */
export function describeDirectoryFault(path: string, error: NodeJS.ErrnoException): string {
  const choose = "set VERDICT_DATA_DIR to a folder";
  switch (error.code) {
    case "EACCES":
    case "EPERM":
    case "EROFS": {
      const user = process.getuid?.() ?? "this user";
      return `the data directory ${path} is not writable for user ${user}: change its owner, or ${choose} that is`;
    }
    case "ENOTDIR":
    case "EEXIST":
      return `the data directory ${path} cannot be a folder because there is a file in its place: ${choose}`;
    case "ENOSPC":
    case "EDQUOT":
      return `the disk of the data directory ${path} is full: free some space, or ${choose} on another disk`;
    default:
      return `the data directory ${path} cannot be used: ${error.message}`;
  }
}
