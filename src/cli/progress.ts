/** A line on a terminal that says how far something is. */
export interface Progress {
  /** @param done how much more is done */
  add(done: number): void;
  /** Takes the line away. */
  end(): void;
}

export interface ProgressOptions {
  readonly label: string;
  /** Bytes; undefined when nobody knows how many. */
  readonly total: number | undefined;
  readonly write: (text: string) => void;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

const WIDTH = 24;
const INTERVAL_MS = 100;
const MEGABYTE = 1_000_000;

/** Shows nothing during the first moment: what is done by then needs no bar. */
export function createProgress({ label, total, write, now }: ProgressOptions): Progress {
  let done = 0;
  let shownAt = now();
  let isShown = false;
  return {
    add(more) {
      done += more;
      const at = now();
      if (at - shownAt < INTERVAL_MS) return;
      shownAt = at;
      isShown = true;
      write(`\r${label}  ${barOf(done, total)}\u001b[K`);
    },
    end() {
      if (isShown) write("\r\u001b[K");
      isShown = false;
    },
  };
}

/** For a stderr that is no terminal. */
export const NO_PROGRESS: Progress = { add: () => undefined, end: () => undefined };

function barOf(done: number, total: number | undefined): string {
  const megabytes = `${Math.round(done / MEGABYTE)} MB`;
  if (total === undefined || total === 0) return megabytes;
  const part = Math.min(done / total, 1);
  const filled = Math.floor(part * WIDTH);
  return `[${"#".repeat(filled)}${"-".repeat(WIDTH - filled)}] ${String(Math.floor(part * 100)).padStart(3)} %  ${megabytes}`;
}
