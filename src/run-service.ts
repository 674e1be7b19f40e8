import { parseConfig } from "./config/index.ts";
import { packageRoot } from "./package-root.ts";
import { type ServiceAddress, toServiceAddress } from "./service-address.ts";
import { type FirstKeys, type RunningService, startService } from "./start-service.ts";
import { createLogger, type Logger } from "./telemetry/index.ts";

/**
 * Runs the service until SIGINT or SIGTERM; SIGHUP reloads the rules. A second signal stops at once.
 * @returns the exit code: 0 after a clean stop, 1 when the service could not start
 */
export async function runService(env: NodeJS.ProcessEnv): Promise<number> {
  const parsed = parseConfig(env, { packageRoot, cwd: process.cwd() });
  if (!parsed.ok) {
    const problems = parsed.problems.map(({ message }) => `  ${message}\n`).join("");
    process.stderr.write(`Verdict cannot start:\n${problems}`);
    return 1;
  }
  const logger = createLogger(parsed.config.logLevel);
  process.on("unhandledRejection", (error) => crash(logger, error));
  process.on("uncaughtException", (error) => crash(logger, error));
  const stopSignal = nextSignal("SIGINT", "SIGTERM");
  let running: RunningService | undefined;
  // From the first moment on: without a listener the signal would end the process. The start reads the rules anyway.
  process.on("SIGHUP", () => void running?.reloadRules());
  try {
    running = await startService(parsed.config, logger);
  } catch (error) {
    process.stderr.write(`Verdict cannot start: ${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
  logger.info({ url: running.url, mode: parsed.config.mode }, "listening");
  void reportReady(running, parsed.config.allowedHosts, logger);
  logger.info({ signal: await stopSignal }, "stopping");
  process.once("SIGINT", () => process.exit(130));
  process.once("SIGTERM", () => process.exit(143));
  await running.stop();
  logger.info("stopped");
  return 0;
}

async function reportReady(
  { url, ready }: RunningService,
  allowedHosts: readonly string[],
  logger: Logger,
): Promise<void> {
  const { isReady, made } = await ready;
  if (made !== undefined) process.stdout.write(welcome(toServiceAddress(url, allowedHosts), made));
  if (isReady) logger.info("keys loaded");
}

/** A bug. What was answered is on disk, so the safest thing is to end and be started again. */
function crash(logger: Logger, error: unknown): never {
  logger.fatal({ err: error }, "the service failed and ends");
  process.exit(70);
}

function nextSignal(...signals: NodeJS.Signals[]): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of signals) process.once(signal, resolve);
  });
}

function welcome(address: ServiceAddress, made: FirstKeys): string {
  const { admin, agent, gateway } = made.keys;
  const { url, socketPath, hostHeader } = address;
  const socket = socketPath === undefined ? "" : `--unix-socket ${socketPath} `;
  const host = hostHeader === undefined ? "" : `-H "Host: ${hostHeader}" `;
  return `
  Verdict is ready. These keys are shown once; they are also in ${made.path}

    admin    ${admin}
    agent    ${agent}
    gateway  ${gateway}

  Try it:

    curl -s ${socket}${host}${url}/v1/policy/evaluate \\
      -H "Authorization: Bearer ${agent}" \\
      -H "Content-Type: application/json" \\
      -d '{"action_type":"tool_call","action_name":"crm.get_customer","arguments":{"id":"cus_1"}}'

`;
}
