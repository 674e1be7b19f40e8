import { type Config, parseConfig } from "./config/index.ts";
import { nextSignal } from "./next-signal.ts";
import { packageRoot } from "./package-root.ts";
import { type ServiceAddress, toServiceAddress } from "./service-address.ts";
import { type FirstKeys, type RunningService, startService } from "./start-service.ts";
import { createLogger, type Logger } from "./telemetry/index.ts";
import { configOfWorker } from "./workers/directories.ts";
import { openWorkerLink, type WorkerLink } from "./workers/link.ts";

/**
 * Runs the service until SIGINT or SIGTERM; SIGHUP reloads the rules. A second signal stops at once.
 *
 * @param onReady called once this process is ready to decide
 * @returns the exit code: 0 after a clean stop, 1 when the service could not start
 */
export async function runService(env: NodeJS.ProcessEnv, onReady: () => void): Promise<number> {
  const parsed = parseConfig(env, { packageRoot, cwd: process.cwd() });
  if (!parsed.ok) {
    const problems = parsed.problems.map(({ message }) => `  ${message}\n`).join("");
    process.stderr.write(`Verdict cannot start:\n${problems}`);
    return 1;
  }
  const { config } = parsed;
  const logger = createLogger(config.logLevel);
  process.on("unhandledRejection", (error) => crash(logger, error));
  process.on("uncaughtException", (error) => crash(logger, error));
  const worker = openWorkerLink(process);
  try {
    if (worker !== undefined) return await runProcess(configOfWorker(config, worker.number), logger, onReady, worker);
    if (config.workers > 1) return await (await import("./workers/run-workers.ts")).runWorkers(config, logger);
    return await runProcess(config, logger, onReady);
  } catch (error) {
    process.stderr.write(`Verdict cannot start: ${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
}

/** @throws Error that says what to do when it cannot start */
async function runProcess(config: Config, logger: Logger, onReady: () => void, worker?: WorkerLink): Promise<number> {
  const stopSignal = worker === undefined ? nextSignal("SIGINT", "SIGTERM") : toldToStop(worker);
  let running: RunningService | undefined;
  // From the first moment on: without a listener the signal would end the process. The start reads the rules anyway.
  const reload = () => void running?.reloadRules();
  process.on("SIGHUP", reload);
  worker?.onNews("rules", reload);
  running = await startService(config, logger, worker);
  const which = worker === undefined ? undefined : { worker: worker.number, pid: process.pid };
  logger.info({ url: running.url, mode: config.mode, ...which }, "listening");
  worker?.isListening(running.url);
  void reportReady(running, config.allowedHosts, logger, worker);
  void running.ready.then(({ isReady }) => isReady && onReady());
  logger.info({ signal: await stopSignal, ...which }, "stopping");
  if (worker === undefined) process.once("SIGINT", () => process.exit(130));
  process.once("SIGTERM", () => process.exit(143));
  await running.stop();
  logger.info({ ...which }, "stopped");
  return 0;
}

/** Ctrl-C reaches every process of a terminal; a worker stops when the one that started it says so. */
function toldToStop(worker: WorkerLink): Promise<string> {
  process.on("SIGINT", () => {});
  return Promise.race([nextSignal("SIGTERM"), worker.stopped.then(() => "stop")]);
}

async function reportReady(
  { url, ready }: RunningService,
  allowedHosts: readonly string[],
  logger: Logger,
  worker: WorkerLink | undefined,
): Promise<void> {
  const { isReady, made } = await ready;
  if (made !== undefined) process.stdout.write(welcome(toServiceAddress(url, allowedHosts), made));
  if (!isReady) return;
  logger.info("keys loaded");
  worker?.isReady();
}

/** A bug. What was answered is on disk, so the safest thing is to end and be started again. */
function crash(logger: Logger, error: unknown): never {
  logger.fatal({ err: error }, "the service failed and ends");
  process.exit(70);
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
