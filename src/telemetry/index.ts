export { createLogger, type Logger } from "./logger.ts";
export { createMetrics, type Metrics, type ReloadResult } from "./metrics.ts";
