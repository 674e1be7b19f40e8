import { createJudge, type JudgeOptions } from "./judge.ts";
import { createSummary } from "./summary.ts";
import type { ReplayReport } from "./types.ts";

export type ReplayOptions = JudgeOptions;

/** Decides recorded decisions again, line by line: each step is one decision, and memory does not grow with their number. */
export interface Replay {
  /** @param text a line of an export without its line feed; an empty one means nothing */
  line(text: string): void;
  /** A line that could not be read. */
  malformed(detail: string): void;
  /** What was found so far; lines may still come. */
  report(): ReplayReport;
}

/** Bounds what waits to be counted. */
const LINES_MAX = 500;

export function createReplay(options: ReplayOptions): Replay {
  const judge = createJudge(options);
  const summary = createSummary(options.ruleSet.revision, options.examplesMax);
  const countMany = () => {
    if (judge.lines >= LINES_MAX) summary.add(judge.take());
  };
  return {
    line(text) {
      judge.line(text);
      countMany();
    },
    malformed(detail) {
      judge.malformed(detail);
      countMany();
    },
    report() {
      summary.add(judge.take());
      return summary.report();
    },
  };
}
