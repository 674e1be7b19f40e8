import { setTimeout as delay } from "node:timers/promises";
import type { LiveTerminal } from "./deps.ts";

/** The part of `process` that is needed. */
export interface TerminalProcess {
  on(event: EndSignal, listener: () => void): unknown;
  off(event: EndSignal, listener: () => void): unknown;
  readonly stdout: {
    readonly rows?: number;
    on(event: "error", listener: () => void): unknown;
  };
}

type EndSignal = (typeof END_SIGNALS)[number];
const END_SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** What terminals have had since the VT100. */
const ROWS_DEFAULT = 24;

/** The real terminal. A second Ctrl-C does what it does by default: it ends the process. */
export function createLiveTerminal(events: TerminalProcess): LiveTerminal {
  return {
    rows: () => events.stdout.rows ?? ROWS_DEFAULT,
    onEnd(listener) {
      let isOver = false;
      const stop = () => {
        isOver = true;
        for (const signal of END_SIGNALS) events.off(signal, end);
      };
      const end = () => {
        if (isOver) return;
        stop();
        listener();
      };
      for (const signal of END_SIGNALS) events.on(signal, end);
      // A reader that went away, as `head` does. Never taken off: what is still written fails in the same way.
      events.stdout.on("error", end);
      return stop;
    },
    async wait(ms, signal) {
      await delay(ms, undefined, { signal }).catch(() => {});
    },
  };
}
