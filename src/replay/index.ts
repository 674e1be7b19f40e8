export { compareOutcomes, type Difference } from "./compare-outcomes.ts";
export { createLineCutter } from "./cut-lines.ts";
export { createJudge, type JudgedLines } from "./judge.ts";
export { readLines } from "./read-lines.ts";
export { createReplay, type Replay } from "./replay.ts";
export { createSummary } from "./summary.ts";
export type * from "./types.ts";
