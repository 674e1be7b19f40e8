import { setTimeout as delay } from "node:timers/promises";
import { openDataDirectory } from "./adapters/fs/data-directory.ts";
import { type Composition, compose } from "./compose.ts";
import type { Config } from "./config/index.ts";
import { createApp, createHostGuard, createNodeServer, type Listening, listen } from "./http/index.ts";
import { VERSION } from "./model/version.ts";
import { createInitialKeys, type InitialKeys } from "./operations/create-initial-keys.ts";
import { recordEvent } from "./operations/service.ts";
import { createMetrics, type Logger } from "./telemetry/index.ts";

/** Pause between attempts of what must succeed before the service is ready. */
const RETRY_MS = 500;

export interface RunningService {
  /** `http://127.0.0.1:8181` or `unix:/path`. */
  readonly url: string;
  /** Settles when the keys are loaded: with the first keys, on the start that made them. */
  readonly ready: Promise<{ readonly keys: InitialKeys; readonly path: string } | undefined>;
  /** Reads the rule files again, as the reload endpoint does. */
  reloadRules(): Promise<void>;
  /** Answers what is under way, moves the audit records on, closes everything. May be called twice. */
  stop(): Promise<void>;
}

/**
 * Starts in the order that makes the first answer quick and every early answer a deny: rules, listener, then the database
 * and with it the keys.
 *
 * @throws Error that says what to do when the data directory or the address cannot be used
 */
export async function startService(config: Config, logger: Logger): Promise<RunningService> {
  const undo: (() => Promise<void>)[] = [];
  const stop = async () => {
    for (let step = undo.pop(); step !== undefined; step = undo.pop()) await step();
  };
  try {
    return await start(config, logger, undo, once(stop));
  } catch (error) {
    await stop();
    throw error;
  }
}

async function start(
  config: Config,
  logger: Logger,
  undo: (() => Promise<void>)[],
  stop: () => Promise<void>,
): Promise<RunningService> {
  const stopping = new AbortController();
  const dataDirectory = await openDataDirectory(config.dataDir);
  undo.push(() => dataDirectory.close());

  const composition = await compose(config, logger, createMetrics());
  const { service, shipper, spool, database, keyChanges } = composition;
  let isDatabaseWanted = false;
  undo.push(async () => {
    // A start that failed before leaves its records in the spool rather than open a database for them.
    if (isDatabaseWanted) await shipper.flush(config.shutdownTimeoutMs);
    await shipper.stop();
    await keyChanges.close();
    await database.close();
    await spool.close();
  });

  const reloadRules = createQuietReload(composition, stopping.signal);
  await reloadRules();
  const server = createNodeServer(createApp({ service, assertHost: createHostGuard(config.allowedHosts) }).fetch);
  const listening: Listening = await listen(server, config.listen);
  undo.push(() => listening.drain(config.shutdownTimeoutMs));
  await dataDirectory.announce(listening.url);

  const stopWatching = composition.ruleFiles.watch(
    () => void reloadRules(),
    (error) => logger.error({ err: error }, "the rule files are no longer watched; reload by SIGHUP or the endpoint"),
  );
  undo.push(stopWatching);
  isDatabaseWanted = true;
  database.open();
  const ready = prepare(composition, config, stopping.signal);
  undo.push(async () => {
    stopping.abort();
    await ready.catch(() => undefined);
  });
  return { url: listening.url, ready, reloadRules, stop };
}

/**
 * A reload nobody asked for over HTTP: what goes wrong is logged, and the rules before stay. One that failed for another
 * reason than the rules is tried again until it works, so that a change of the files is not forgotten.
 */
function createQuietReload({ service }: Composition, signal: AbortSignal): () => Promise<void> {
  const reload = () => service.ruleReloader.reload("system");
  let isRetrying = false;
  return async () => {
    try {
      await reload();
    } catch (error) {
      service.logger.error({ err: error }, "the rules were not reloaded");
      if (isRetrying) return;
      isRetrying = true;
      void retry(service.logger, signal, reload).finally(() => {
        isRetrying = false;
      });
    }
  };
}

/** Everything that needs the database. Retried until it works or the service stops. */
async function prepare(composition: Composition, config: Config, signal: AbortSignal) {
  const { service, keyChanges, initialKeysFile } = composition;
  const refresh = () => service.keyRing.refresh();
  const made = await retry(service.logger, signal, async () => {
    const keys = await createInitialKeys(service, initialKeysFile);
    await refresh();
    return keys;
  });
  if (signal.aborted) return undefined;
  // A replica may revoke a key at any time; the message is quick, the poll is certain.
  if (config.mode === "server") {
    const quietly = () =>
      void refresh().catch((error) => service.logger.warn({ err: error }, "keys were not refreshed"));
    const timer = setInterval(quietly, config.keyRefreshMs).unref();
    signal.addEventListener("abort", () => clearInterval(timer));
    await keyChanges.subscribe(quietly);
    // What changed between the first reading and the subscription went unheard.
    quietly();
  }
  await retry(service.logger, signal, () =>
    recordEvent(service, "service.started", "system", { version: VERSION, mode: config.mode, node: process.version }),
  );
  return made === undefined ? undefined : { keys: made, path: initialKeysFile.path };
}

async function retry<T>(logger: Logger, signal: AbortSignal, attempt: () => Promise<T>): Promise<T | undefined> {
  while (!signal.aborted) {
    try {
      return await attempt();
    } catch (error) {
      if (signal.aborted) break;
      logger.warn({ err: error }, "not ready yet; trying again");
      await delay(RETRY_MS, undefined, { signal }).catch(() => undefined);
    }
  }
  return undefined;
}

function once(run: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  return () => {
    running ??= run();
    return running;
  };
}
