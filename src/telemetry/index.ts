export { createLogger, type Logger } from "./logger.ts";
export { mergeExpositions } from "./merge-expositions.ts";
export { createMetrics, type Metrics, type ReloadResult } from "./metrics.ts";
export { countWorkerExits, type WorkerExits } from "./worker-exits.ts";
