import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { openDataDirectory } from "../adapters/fs/data-directory.ts";
import { createRuleSetOutbox } from "../adapters/fs/rule-set-outbox.ts";
import { GENESIS } from "../audit/index.ts";
import type { Composition } from "../compose.ts";
import type { Config } from "../config/index.ts";
import { checkpointText, openSpool } from "../open-spool.ts";
import { moveRuleSets } from "../operations/rule-sets/archive-rules.ts";
import { isRetired, leftWriterDirs, markRetired } from "./directories.ts";

/** Records of one insert. */
const BATCH = 1000;

/** Pause before what failed is tried again. */
const RETRY_MS = 5000;

/**
 * Signs the ends of the chains that were written with another number of workers, and moves what is left of them into the
 * database. Tried again until it is done. Never rejects.
 */
export async function retireWriters(config: Config, composition: Composition, signal: AbortSignal): Promise<void> {
  while (!signal.aborted && !(await retireAll(config, composition, signal)))
    await delay(RETRY_MS, undefined, { signal }).catch(() => undefined);
}

/** @returns whether nothing is left to retire */
async function retireAll(config: Config, composition: Composition, signal: AbortSignal): Promise<boolean> {
  const { logger } = composition.service;
  try {
    for (const directory of await leftWriterDirs(config)) {
      if (isRetired(directory)) continue;
      await retire({ ...config, writerDir: directory }, composition, signal);
      if (signal.aborted) return false;
      logger.info({ path: directory }, "the records of an earlier worker are in the database");
    }
    return true;
  } catch (error) {
    logger.warn({ err: error }, "records of earlier workers wait in their folders");
    return false;
  }
}

/** A rule set that cannot be read holds up nothing; each start tries it, tells of it and signs the end of that chain again. */
async function retire(config: Config, { service, database }: Composition, signal: AbortSignal): Promise<void> {
  const { writerDir, dataDir } = config;
  // Of the data directory itself there is a lock already.
  const lock = writerDir === dataDir ? undefined : await openDataDirectory(writerDir);
  try {
    const outbox = createRuleSetOutbox(join(writerDir, "rule-sets"));
    const unreadable = await moveRuleSets(outbox, database.ruleSetArchive, () => signal.aborted);
    for (const error of unreadable)
      service.logger.error({ err: error }, "a rule set of an earlier worker stays where it is");
    await moveRecords(config, service, database.auditStore, signal);
    if (!signal.aborted && unreadable.length === 0) markRetired(writerDir);
  } finally {
    await lock?.close();
  }
}

async function moveRecords(
  config: Config,
  { signer, logger }: Composition["service"],
  store: Composition["database"]["auditStore"],
  signal: AbortSignal,
): Promise<void> {
  // What waits there was let in before; the last signature needs a place, too.
  const unbounded = { ...config, auditSpoolBytesMax: Number.MAX_SAFE_INTEGER };
  const { spool, newId } = openSpool(unbounded, signer, (problem) =>
    logger.error({ problem }, "the audit spool of an earlier worker has a problem"),
  );
  try {
    if (spool.head.hash !== GENESIS) await spool.append(checkpointText(signer, newId, spool.head));
    while (spool.pending > 0 && !signal.aborted) {
      const { bytes, count } = await spool.peek(BATCH);
      if (count > 0) await store.insert(bytes);
      await spool.acknowledge();
    }
  } finally {
    await spool.close();
  }
}
