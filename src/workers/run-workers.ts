import cluster, { type Worker } from "node:cluster";
import { setTimeout as delay } from "node:timers/promises";
import { openAuditKeys } from "../adapters/fs/audit-keys.ts";
import { openDataDirectory } from "../adapters/fs/data-directory.ts";
import type { Config } from "../config/index.ts";
import { removeStaleSocket } from "../http/index.ts";
import { nextSignal } from "../next-signal.ts";
import { countWorkerExits, type Logger } from "../telemetry/index.ts";
import { createWorkerExchange, type WorkerExchange } from "./exchange.ts";
import { type ToPrimary, type ToWorker, WORKER_NUMBER } from "./messages.ts";
import { createWatchdog, type Watched } from "./watchdog.ts";

/** Pause before a worker that died is replaced; doubles while they die young. */
const REPLACE_MS = { first: 250, max: 10_000 } as const;

/** Who was ready for so long did not die young. */
const WELL_AFTER_MS = 60_000;

/** What a worker may take for its stop beyond the three times that each of its steps may take. */
const STOP_GRACE_MS = 2000;

/** One of several processes, and those that took its place. */
interface Place {
  readonly number: number;
  worker?: Worker;
  hasListened: boolean;
  /** Epoch milliseconds; undefined while it is not ready. */
  readyAt: number | undefined;
  /** In a row, of workers that died young. */
  deaths: number;
}

/**
 * Runs as many workers as are configured on one address until SIGINT or SIGTERM, and replaces those that die. The first one
 * makes the keys of a first start, and the others start when it is ready.
 *
 * This process takes connections and hands them on; it decides nothing and has no database.
 * @returns the exit code: 0 after a clean stop, 1 when a worker could not start, which has said why
 * @throws Error that says what to do when the data directory cannot be used
 */
export async function runWorkers(config: Config, logger: Logger): Promise<number> {
  const directory = await openDataDirectory(config.dataDir);
  // Once, before there is anybody to race with.
  openAuditKeys(config);
  for (const path of socketsOf(config)) await removeStaleSocket(path);

  const exits = countWorkerExits(config.workers);
  const exchange = createWorkerExchange(() => exits.render());
  const stopping = new AbortController();
  const places = Array.from({ length: config.workers }, (_, nth) => newPlace(nth + 1));
  const failed = new Promise<"failed">((resolve) => stopping.signal.addEventListener("abort", () => resolve("failed")));
  const onUrl = (url: string) => void directory.announce(url);
  const run = createRunner({
    logger,
    exchange,
    onUrl,
    onExit: exits.count,
    onFailure: () => stopping.abort(),
    stopping,
  });

  const stopSignal = nextSignal("SIGINT", "SIGTERM");
  process.on("SIGHUP", () => exchange.tell("rules"));
  void startInTurn(places, run, stopping.signal).then(() => {
    if (!stopping.signal.aborted) logger.info({ workers: config.workers }, "all workers are ready");
  });
  const ended = await Promise.race([stopSignal, failed]);
  logger.info({ signal: ended }, "stopping");
  stopping.abort();
  process.once("SIGINT", () => killAll(places, 130));
  process.once("SIGTERM", () => killAll(places, 143));
  await stopAll(places, exchange, config.shutdownTimeoutMs * 3 + STOP_GRACE_MS);
  await directory.close();
  logger.info("stopped");
  return ended === "failed" ? 1 : 0;
}

function socketsOf({ listen, listenSocket }: Config): string[] {
  return [listen.kind === "unix" ? listen.path : undefined, listenSocket].filter((path) => path !== undefined);
}

const newPlace = (number: number): Place => ({ number, hasListened: false, readyAt: undefined, deaths: 0 });

interface RunnerDeps {
  readonly logger: Logger;
  readonly exchange: WorkerExchange;
  onUrl(url: string): void;
  onExit(worker: number): void;
  /** A worker could not start. */
  onFailure(): void;
  readonly stopping: AbortController;
}

/** What fills a place, again and again. The function it gives resolves when the place has a worker that is ready. */
function createRunner(deps: RunnerDeps): (place: Place) => Promise<void> {
  const { logger, exchange, stopping } = deps;
  const watchdog = createWatchdog();
  stopping.signal.addEventListener("abort", () => watchdog.stop());

  function run(place: Place, onReady: () => void): void {
    const worker = cluster.fork({ [WORKER_NUMBER]: String(place.number) });
    place.worker = worker;
    place.readyAt = undefined;
    exchange.add(worker);
    const watched: Watched = {
      ping() {
        if (worker.isConnected()) worker.send({ kind: "ping" } satisfies ToWorker);
      },
      end() {
        logger.error({ worker: place.number }, "a worker does not answer any more and is ended");
        worker.process.kill("SIGKILL");
      },
    };
    worker.on("message", (message: ToPrimary) => {
      if (message.kind === "listening") {
        place.hasListened = true;
        watchdog.add(watched);
        deps.onUrl(message.url);
      } else if (message.kind === "ready") {
        place.readyAt = Date.now();
        onReady();
      } else if (message.kind === "pong") watchdog.hear(watched);
    });
    worker.once("exit", (code, signal) => {
      exchange.remove(worker);
      watchdog.remove(watched);
      delete place.worker;
      if (stopping.signal.aborted) return;
      // The worker has said why.
      if (!place.hasListened) return deps.onFailure();
      deps.onExit(place.number);
      const pauseMs = pauseAfter(place);
      logger.error(
        { worker: place.number, code, signal, replaced_in_ms: pauseMs },
        "a worker ended; another one takes its place",
      );
      void replace(place, pauseMs, onReady);
    });
  }

  async function replace(place: Place, pauseMs: number, onReady: () => void): Promise<void> {
    await delay(pauseMs, undefined, { signal: stopping.signal }).catch(() => undefined);
    if (!stopping.signal.aborted) run(place, onReady);
  }

  return (place) => new Promise((resolve) => run(place, resolve));
}

function pauseAfter(place: Place): number {
  const isWell = place.readyAt !== undefined && Date.now() - place.readyAt > WELL_AFTER_MS;
  place.deaths = isWell ? 0 : place.deaths + 1;
  return Math.min(REPLACE_MS.first * 2 ** Math.min(place.deaths - 1, 20), REPLACE_MS.max);
}

async function startInTurn(places: readonly Place[], run: (place: Place) => Promise<void>, signal: AbortSignal) {
  const [first, ...others] = places;
  await run(first!);
  if (!signal.aborted) await Promise.all(others.map(run));
}

async function stopAll(places: readonly Place[], exchange: WorkerExchange, timeoutMs: number): Promise<void> {
  const left = places.flatMap(({ worker }) => worker ?? []);
  const ended = Promise.all(left.map((worker) => new Promise((resolve) => worker.once("exit", resolve))));
  exchange.stop();
  const timer = setTimeout(() => kill(places), timeoutMs);
  await ended;
  clearTimeout(timer);
}

function kill(places: readonly Place[]): void {
  for (const { worker } of places) worker?.process.kill("SIGKILL");
}

function killAll(places: readonly Place[], code: number): void {
  kill(places);
  process.exit(code);
}
