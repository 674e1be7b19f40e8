import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { setTimeout as delay, setImmediate as nextTurn } from "node:timers/promises";
import { openAuditKeys } from "./adapters/fs/audit-keys.ts";
import { createInitialKeysFile } from "./adapters/fs/initial-keys-file.ts";
import { createRuleDirectory } from "./adapters/fs/rule-directory.ts";
import { createRuleSetOutbox } from "./adapters/fs/rule-set-outbox.ts";
import { createMemoryKeyChanges } from "./adapters/memory/key-changes.ts";
import type { Database } from "./adapters/postgres/database.ts";
import { createWebhookSender } from "./adapters/webhooks/webhook-sender.ts";
import { readWebhooksFile } from "./adapters/webhooks/webhooks-file.ts";
import { createShipper, type Shipper, type Spool } from "./audit/index.ts";
import { createCelCompiler } from "./cel/index.ts";
import type { Config } from "./config/index.ts";
import { createKeyRing, type KeyChanges } from "./identity/index.ts";
import { type OpenedApprovals, openApprovals } from "./open-approvals.ts";
import { openPolicyChecker } from "./open-policy-checker.ts";
import { openRedactor } from "./open-redactor.ts";
import { type OpenedShadowRules, openShadowRules } from "./open-shadow-rules.ts";
import { openSpool } from "./open-spool.ts";
import { createApprovalAnnouncer } from "./operations/approvals/announce-approvals.ts";
import { createDecisionRecorder } from "./operations/decisions/record-decision.ts";
import type { InitialKeysFile } from "./operations/keys/create-initial-keys.ts";
import { createActiveRules } from "./operations/rule-sets/active-rules.ts";
import { createRuleArchiver, type RuleArchiver } from "./operations/rule-sets/archive-rules.ts";
import { loadParsers } from "./operations/rule-sets/load-parsers.ts";
import { createRuleReloader } from "./operations/rule-sets/reload-rules.ts";
import { runInSlices } from "./operations/run-in-slices.ts";
import type { Clock, DependencyState, Service } from "./operations/service.ts";
import { createWebhooks, type Webhooks } from "./operations/webhooks/notify-webhooks.ts";
import { createRuleLoader, type RuleFiles } from "./rules/index.ts";
import type { Logger, Metrics } from "./telemetry/index.ts";

/** The service with its adapters, and what starting and stopping it need besides. */
export interface Composition {
  readonly service: Service;
  readonly ruleFiles: RuleFiles;
  readonly database: Database;
  readonly spool: Spool;
  readonly shipper: Shipper;
  readonly ruleArchiver: RuleArchiver;
  readonly keyChanges: KeyChanges;
  readonly approvals: OpenedApprovals;
  readonly shadow?: OpenedShadowRules;
  readonly webhooks: Webhooks;
  readonly initialKeysFile: InitialKeysFile & { readonly path: string };
}

export const systemClock: Clock = { now: () => Date.now(), microseconds: () => performance.now() * 1000 };

/** How long a read waits for records that were answered a moment ago. */
const FLUSH_DEADLINE_MS = 2000;

/** PGlite runs in this thread, and a batch of 50 blocks it for 5 to 10 ms. */
const BATCH = { embedded: 50, server: 1000 } as const;

/** Chooses the adapters. The writer's folder must be locked by this process. Nothing is opened that takes long. */
export async function compose(config: Config, logger: Logger, metrics: Metrics): Promise<Composition> {
  const clock = systemClock;
  const { signer, verifyingKeys, redactionKey } = openAuditKeys(config);
  const configuredWebhooks = config.webhooksFile === undefined ? [] : readWebhooksFile(config.webhooksFile);
  const database = await openDatabase(config, logger);
  const { spool, newId } = openSpool(config, signer, (problem) =>
    logger.error({ problem }, "the audit spool has a problem"),
  );
  metrics.observeSpool(spool, clock.now);
  const shipper = createShipper({
    spool,
    store: database.auditStore,
    clock: { now: clock.now, after, random: Math.random, nextTurn },
    batchMax: BATCH[config.mode],
    intervalMs: 200,
    backoffMinMs: 250,
    backoffMaxMs: 10_000,
    onError: (error) => logger.warn({ err: error, pending: spool.pending }, "audit records wait in the spool"),
  });
  const redactor = openRedactor(config, redactionKey);
  const keyChanges = await openKeyChanges(config, logger);
  const approvals = await openApprovals(config, database.approvalStore, logger);
  const { approvalStore, approvalNews } = approvals;
  const webhooks = createWebhooks({
    webhooks: configuredWebhooks,
    queue: database.webhookQueue,
    sender: createWebhookSender(),
    ...{ clock, newId, random: Math.random, after, logger },
  });
  const approvalAnnouncer = createApprovalAnnouncer({
    ...{ spool, redactor, clock, newId, logger, approvalStore, news: approvalNews, wait: delay },
    notifier: webhooks.notifier,
  });
  const settings = { cacheTtlSecondsMax: config.cacheTtlSeconds, approvalsPendingMax: config.approvalsPendingMax };
  const shadow =
    config.shadowRulesDir === undefined
      ? undefined
      : openShadowRules(config.shadowRulesDir, {
          ...{ spool, redactor, clock, newId, logger, metrics, settings, nextTurn },
        });
  const ruleFiles = createRuleDirectory({ dir: config.rulesDir });
  const loader = createRuleLoader({ compiler: createCelCompiler() });
  const parts = {
    activeRules: createActiveRules(),
    policyChecker: openPolicyChecker(),
    keyRing: createKeyRing(database.keyStore),
    keyStore: database.keyStore,
    keyChanges,
    spool,
    redactor,
    recordDecision: createDecisionRecorder(spool, redactor),
    approvalStore,
    approvalNews,
    approvalAnnouncer,
    webhookQueue: database.webhookQueue,
    auditStore: database.auditStore,
    auditPartitions: database.auditPartitions,
    signer,
    verifyingKeys,
    async flushAudit() {
      return spool.pending === 0 || shipper.flush(FLUSH_DEADLINE_MS);
    },
    dependencies: new Map([databaseDependency(database, shipper), ...approvals.dependencies]),
    clock,
    newId,
    randomSecret: () => randomBytes(32),
    metrics,
    logger,
    settings,
    ...(shadow && { shadowRules: shadow.shadowRules }),
  };
  const load = async () => {
    const read = await ruleFiles.read();
    if (!read.ok) return read;
    await loadParsers(read.sources);
    const loaded = await runInSlices(loader.loadSteps(read.sources), { clock, nextTurn });
    return loaded.ok ? { ...loaded, sources: read.sources } : loaded;
  };
  const ruleArchiver = createRuleArchiver({
    outbox: createRuleSetOutbox(join(config.writerDir, "rule-sets")),
    archive: database.ruleSetArchive,
    clock,
    after,
    retryMs: 5000,
    onError: (error) => logger.warn({ err: error }, "rule sets wait to be archived"),
  });
  const keepSources = ruleArchiver.keep;
  const service: Service = { ...parts, ruleReloader: createRuleReloader({ ...parts, load, keepSources }) };
  return {
    service,
    ruleFiles,
    database,
    spool,
    shipper,
    ruleArchiver,
    keyChanges,
    approvals,
    ...(shadow && { shadow }),
    webhooks,
    initialKeysFile: createInitialKeysFile(config.dataDir),
  };
}

/**
 * The database of the mode; it opens in the background. Drivers are imported only where they are used: each costs megabytes
 * and a tenth of a second of the start.
 */
export async function openDatabase(config: Config, logger: Logger): Promise<Database> {
  const onError = (error: Error) => logger.error({ err: error }, "the database cannot be opened; trying again");
  if (config.mode === "server") {
    const { createPostgresDatabase } = await import("./adapters/postgres/postgres-database.ts");
    return createPostgresDatabase({ url: config.databaseUrl, onError });
  }
  const { createPgliteDatabase } = await import("./adapters/pglite/pglite-database.ts");
  return createPgliteDatabase({ directory: join(config.dataDir, "pglite"), onError });
}

async function openKeyChanges(config: Config, logger: Logger): Promise<KeyChanges> {
  if (config.mode === "embedded" || config.redisUrl === undefined) return createMemoryKeyChanges();
  const { createRedisKeyChanges } = await import("./adapters/redis/key-changes.ts");
  return createRedisKeyChanges({
    url: config.redisUrl,
    onError: (error) => logger.warn({ err: error }, "Redis does not answer; key changes are noticed by polling"),
  });
}

function databaseDependency(database: Database, shipper: Shipper): readonly [string, () => DependencyState] {
  return [
    "database",
    () => {
      const isUp = database.state.status === "open" && shipper.state.lastError === undefined;
      const detail = `${shipper.state.pending} audit records wait for it`;
      return isUp ? { isUp, isRequired: false } : { isUp, isRequired: false, detail };
    },
  ];
}

function after(ms: number, run: () => void): () => void {
  const timer = setTimeout(run, ms).unref();
  return () => clearTimeout(timer);
}
