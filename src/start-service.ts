import { setTimeout as delay } from "node:timers/promises";
import { type DataDirectory, openDataDirectory } from "./adapters/fs/data-directory.ts";
import { type Composition, compose } from "./compose.ts";
import { type Config, describeConfig } from "./config/index.ts";
import {
  createApp,
  createDecisionGate,
  createDirectRoutes,
  createHostGuard,
  createNodeServer,
  type Listening,
  listen,
} from "./http/index.ts";
import { VERSION } from "./model/version.ts";
import { createInitialKeys, type InitialKeys } from "./operations/keys/create-initial-keys.ts";
import { recordEvent } from "./operations/service.ts";
import { startRecurringWork } from "./recurring-work.ts";
import { createMetrics, type Logger } from "./telemetry/index.ts";
import { joinWorkers } from "./workers/join-workers.ts";
import type { WorkerLink } from "./workers/link.ts";
import { retireWriters } from "./workers/retire-writers.ts";

/** Pause between attempts of what must succeed before the service is ready; doubles up to the maximum. */
const RETRY_MS = { first: 250, max: 4000 } as const;

/** How long attempts to reach webhooks may go on while the service stops; then another process makes them. */
const WEBHOOKS_GRACE_MS = 2000;

/** How long a stop waits for what could not be told of approvals before. */
const LAST_WORDS_MS = 1000;

/** How long the folder of a worker may still be in use by the one before. */
const LEFT_MS = 3000;
const LEFT_RETRY_MS = 100;

/** What each step of a stop gets although the time for all of them is over. */
const STOP_STEP_MS_MIN = 500;

/** What the start that made them tells the operator, once. */
export interface FirstKeys {
  readonly keys: InitialKeys;
  /** The file that holds them too. */
  readonly path: string;
}

export interface RunningService {
  /** `http://127.0.0.1:8181` or `unix:/path`. */
  readonly url: string;
  /** Settles when the keys are loaded, or the service was stopped before they were. Never rejects. */
  readonly ready: Promise<{ readonly isReady: boolean; readonly made?: FirstKeys }>;
  /** Reads the rule files again, as the reload endpoint does. */
  reloadRules(): Promise<void>;
  /** Answers what is under way, moves the audit records on, closes everything. May be called twice. */
  stop(): Promise<void>;
}

/**
 * Starts in the order that makes the first answer quick and every early answer a deny: rules, listener, then the database
 * and with it the keys.
 *
 * @param worker where several processes are one service; `config` is this one's
 * @throws Error that says what to do when the data directory or the address cannot be used
 */
export async function startService(config: Config, logger: Logger, worker?: WorkerLink): Promise<RunningService> {
  const undo: (() => Promise<void>)[] = [];
  const stopBy = { at: Number.POSITIVE_INFINITY };
  const stop = async () => {
    stopBy.at = Date.now() + config.shutdownTimeoutMs;
    for (let step = undo.pop(); step !== undefined; step = undo.pop()) await step();
  };
  try {
    const msToStop = () => Math.max(stopBy.at - Date.now(), STOP_STEP_MS_MIN);
    return await start({ config, logger, worker }, undo, msToStop, once(stop));
  } catch (error) {
    await stop();
    throw error;
  }
}

interface Start {
  readonly config: Config;
  readonly logger: Logger;
  readonly worker: WorkerLink | undefined;
}

async function start(
  { config, logger, worker }: Start,
  undo: (() => Promise<void>)[],
  msToStop: () => number,
  stop: () => Promise<void>,
): Promise<RunningService> {
  const stopping = new AbortController();
  const directory = await (worker === undefined ? openDataDirectory : openLeftDirectory)(config.writerDir);
  undo.push(() => directory.close());

  const labels = worker && { worker: String(worker.number) };
  const composed = await compose(config, logger, createMetrics(labels));
  const service = worker === undefined ? composed.service : joinWorkers(composed.service, worker);
  const composition = { ...composed, keyChanges: service.keyChanges };
  const { shipper, spool, ruleArchiver, database, keyChanges } = composition;
  let isDatabaseWanted = false;
  undo.push(async () => {
    // What is not told by then is told by the next process to look.
    await Promise.race([
      service.approvalAnnouncer
        .settle()
        .catch((error) => logger.warn({ err: error }, "steps of approvals may be told again")),
      delay(Math.min(msToStop(), LAST_WORDS_MS), undefined, { ref: false }),
    ]);
    await composition.webhooks.stop(Math.min(msToStop(), WEBHOOKS_GRACE_MS));
    // A start that failed before leaves its records in the spool rather than open a database for them.
    await spool.checkpoint().catch((error) => logger.error({ err: error }, "the audit log was not signed at the end"));
    if (isDatabaseWanted) {
      const ms = msToStop();
      // A database that takes no records takes no rule sets: both wait for the next start.
      const moved = shipper.flush(ms).then((haveArrived) => (haveArrived ? ruleArchiver.move() : undefined));
      await Promise.race([moved, delay(ms, undefined, { ref: false })]);
    }
    ruleArchiver.stop();
    await shipper.stop();
    await keyChanges.close();
    await composition.approvals.close();
    await database.close();
    await spool.close();
  });

  const reloadRules = createQuietReload(composition, stopping.signal);
  await reloadRules();
  const http = { service, assertHost: createHostGuard(config.allowedHosts), stopping: stopping.signal };
  const gate = createDecisionGate(service, config.queueMsMax);
  const [{ fetch }, direct] = [createApp(http), createDirectRoutes(http)];
  const listening: Listening[] = [];
  undo.push(async () => void (await Promise.all(listening.map((each) => each.drain(msToStop())))));
  const url = await listenAll(config, () => createNodeServer(fetch, direct, gate), listening);
  await directory.announce(url);

  const stopWatching = composition.ruleFiles.watch(
    () => void reloadRules(),
    (error) => logger.error({ err: error }, "the rule files are no longer watched; reload by SIGHUP or the endpoint"),
  );
  undo.push(stopWatching);
  if (composition.shadow !== undefined) undo.push(await composition.shadow.start());
  isDatabaseWanted = true;
  database.open();
  composition.webhooks.start();
  const ready = prepare(composition, config, stopping.signal);
  const isFirst = worker === undefined || worker.number === 1;
  const retired = ready.then(() => (isFirst ? retireWriters(config, composition, stopping.signal) : undefined));
  undo.push(async () => {
    stopping.abort();
    await retired;
  });
  return { url, ready, reloadRules, stop };
}

/** A worker whose primary died ends as soon as it notices. @throws Error as `openDataDirectory` */
async function openLeftDirectory(path: string): Promise<DataDirectory> {
  for (const giveUpAt = Date.now() + LEFT_MS; ; await delay(LEFT_RETRY_MS)) {
    try {
      return await openDataDirectory(path);
    } catch (error) {
      if (Date.now() > giveUpAt) throw error;
    }
  }
}

/**
 * @param listening gets each listener as soon as it is there
 * @returns the address of the first
 * @throws Error as `listen`
 */
async function listenAll(
  { listen: address, listenSocket: path }: Config,
  newServer: () => ReturnType<typeof createNodeServer>,
  listening: Listening[],
): Promise<string> {
  const first = await listen(newServer(), address);
  listening.push(first);
  if (path !== undefined) listening.push(await listen(newServer(), { kind: "unix", path }, "VERDICT_LISTEN_SOCKET"));
  return first.url;
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
async function prepare(
  composition: Composition,
  config: Config,
  signal: AbortSignal,
): Promise<{ isReady: boolean; made?: FirstKeys }> {
  const { service, keyChanges, initialKeysFile } = composition;
  const refresh = () => service.keyRing.refresh();
  const made = await retry(service.logger, signal, async () => {
    const keys = await createInitialKeys(service, initialKeysFile);
    await refresh();
    return keys;
  });
  if (!service.keyRing.isReady) return { isReady: false };
  // A replica may revoke a key at any time; the message is quick, the poll is certain.
  if (config.mode === "server") {
    const quietly = () =>
      void refresh().catch((error) => service.logger.warn({ err: error }, "keys were not refreshed"));
    const timer = setInterval(quietly, config.keyRefreshMs).unref();
    signal.addEventListener("abort", () => clearInterval(timer));
    await keyChanges.subscribe(quietly).catch((error) => {
      service.logger.warn({ err: error }, "key changes are noticed by polling only");
    });
    // What changed between the first reading and the subscription went unheard.
    quietly();
  }
  await retry(service.logger, signal, () =>
    recordEvent(service, "service.started", "system", startOf(service, config)),
  );
  void composition.approvals.checkPersistence();
  startRecurringWork(composition, config, signal);
  return made === undefined ? { isReady: true } : { isReady: true, made: { keys: made, path: initialKeysFile.path } };
}

/** What an auditor wants to know of a process: which program it was, how it was set up, and who signs what it records. */
function startOf({ signer }: Composition["service"], config: Config): Readonly<Record<string, unknown>> {
  return {
    version: VERSION,
    node: process.version,
    configuration: describeConfig(config),
    audit_key: { key_id: signer.keyId, algorithm: "Ed25519", public_key: signer.publicKey },
  };
}

async function retry<T>(logger: Logger, signal: AbortSignal, attempt: () => Promise<T>): Promise<T | undefined> {
  for (let pauseMs: number = RETRY_MS.first; !signal.aborted; pauseMs = Math.min(pauseMs * 2, RETRY_MS.max)) {
    try {
      return await attempt();
    } catch (error) {
      if (signal.aborted) break;
      logger.warn({ err: error }, "not ready yet; trying again");
      await delay(pauseMs, undefined, { signal }).catch(() => undefined);
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
