export { compareOutcomes, type Difference } from "./compare-outcomes.ts";
export { createExportReader, type ExportReader } from "./export-reader.ts";
export { createReplay, type Replay, type ReplayOptions } from "./replay.ts";
export type * from "./types.ts";
