import { existsSync } from "node:fs";
import { basename, dirname, resolve, sep } from "node:path";
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
  watcher.on("all", schedule);
  watcher.on("error", (error) => {
    if (!isStopped) onError(error instanceof Error ? error : new Error(String(error)));
  });
  return async () => {
    isStopped = true;
    clearTimeout(timer);
    await watcher.close();
  };
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
