export { createApp, openApiDocument } from "./app.ts";
export { createDecisionGate } from "./decision-gate.ts";
export { createDirectRoutes } from "./evaluate-routes.ts";
export { createHostGuard } from "./host-guard.ts";
export { type Listening, listen, removeStaleSocket } from "./listen.ts";
export { createNodeServer } from "./node-server.ts";
export type { HttpDeps } from "./route.ts";
