// The service as `verdict serve` runs it, but for one thing: it records no decisions. Only to measure what recording costs.
import { compose } from "../dist/compose.js";
import { parseConfig } from "../dist/config/index.js";
import {
  createApp,
  createDecisionGate,
  createDirectRoutes,
  createHostGuard,
  createNodeServer,
  listen,
} from "../dist/http/index.js";
import { createInitialKeys } from "../dist/operations/keys/create-initial-keys.js";
import { createLogger, createMetrics } from "../dist/telemetry/index.js";

const { config } = parseConfig(process.env, { packageRoot: process.cwd(), cwd: process.cwd() });
const { service, database, initialKeysFile } = await compose(config, createLogger("silent"), createMetrics());
service.recordDecision = async () => {};
await service.ruleReloader.reload("system");
const http = { service, assertHost: createHostGuard(config.allowedHosts) };
const gate = createDecisionGate(service, config.queueMsMax);
await listen(createNodeServer(createApp(http).fetch, createDirectRoutes(http), gate), config.listen);
database.open();
await createInitialKeys(service, initialKeysFile);
await service.keyRing.refresh();
process.once("SIGTERM", () => process.exit(0));
