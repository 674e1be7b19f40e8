import { existsSync } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { basename, dirname, join, resolve, sep } from "node:path";
import { watch } from "chokidar";

export interface WatchDirectoryOptions {
  readonly dir: string;
  readonly debounceMs: number;
  readonly onChange: () => void;
  readonly onError: (error: Error) => void;
}

/** A directory that never is quiet is reloaded all the same, after this many quiet times. */
const WAIT_FACTOR_MAX = 10;

/**
 * Watches a directory tree, also one that does not exist yet. Files that are replaced by a rename and the `..data` link
 * of a mounted Kubernetes ConfigMap count as changes. `onChange` is also called once when the watch is up.
 * @returns stops watching; safe to call twice
 */
export function watchDirectory({ dir, debounceMs, onChange, onError }: WatchDirectoryOptions): () => Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  let pendingSince: number | undefined;
  let isStopped = false;
  const root = resolve(dir);
  const above = nearestAbove(root);
  const watcher = watch([above, root], {
    // What changed between the first read and the moment the watch is up would otherwise go unnoticed.
    ignoreInitial: false,
    ignored: (path) => (path.startsWith(root + sep) ? isHidden(basename(path)) : !isOnTheWay(root, path)),
  });
  const schedule = () => {
    if (isStopped) return;
    const now = performance.now();
    pendingSince ??= now;
    const left = pendingSince + debounceMs * WAIT_FACTOR_MAX - now;
    clearTimeout(timer);
    timer = setTimeout(
      () => {
        pendingSince = undefined;
        onChange();
      },
      Math.max(0, Math.min(debounceMs, left)),
    );
  };
  const stopPolling = pollDirectory(root, schedule);
  watcher.on("all", schedule);
  watcher.on("error", (error) => {
    if (!isStopped) onError(error instanceof Error ? error : new Error(String(error)));
  });
  return async () => {
    isStopped = true;
    clearTimeout(timer);
    stopPolling();
    await watcher.close();
  };
}

/** How late a change may be noticed that the operating system did not tell of. */
const POLL_MS = 3000;

/**
 * Looks for itself as well: notifications get lost when files are replaced in quick succession, and network file systems
 * send none. A rule that somebody has withdrawn must not stay active for want of a notification.
 * @returns stops looking
 */
function pollDirectory(root: string, onDifference: () => void): () => void {
  let last: string | undefined;
  let isLooking = false;
  const look = async () => {
    if (isLooking) return;
    isLooking = true;
    const next = await fingerprintOf(root);
    if (last !== undefined && next !== last) onDifference();
    last = next;
    isLooking = false;
  };
  void look();
  const timer = setInterval(() => void look(), POLL_MS).unref();
  return () => clearInterval(timer);
}

/** Differs when a file below the directory does: in name, size, time of change, or in being another file. */
async function fingerprintOf(root: string): Promise<string> {
  try {
    const names = await readdir(root, { recursive: true });
    const states = await Promise.all(names.sort().map((name) => describeFile(join(root, name), name)));
    return states.join("\n");
  } catch (error) {
    return String((error as NodeJS.ErrnoException).code);
  }
}

async function describeFile(path: string, name: string): Promise<string> {
  // A file that goes away in between is a difference by its own.
  const found = await stat(path).catch(() => undefined);
  return found === undefined ? `${name} gone` : `${name} ${found.size} ${found.mtimeMs} ${found.ctimeMs} ${found.ino}`;
}

/** The nearest directory above that exists: the watched one may come, go and come back. */
function nearestAbove(root: string): string {
  let above = dirname(root);
  while (!existsSync(above) && above !== dirname(above)) above = dirname(above);
  return above;
}

/** True for the watched directory itself and those above it, so that nothing beside it is watched. */
function isOnTheWay(root: string, path: string): boolean {
  return path === root || root.startsWith(path.endsWith(sep) ? path : path + sep);
}

/** Dot-files hold no rules; names with two dots are how a ConfigMap is swapped. */
function isHidden(name: string): boolean {
  return name.startsWith(".") && !name.startsWith("..");
}
