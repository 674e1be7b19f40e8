import { randomFillSync, randomUUID } from "node:crypto";
import { join } from "node:path";
import { currentBoot } from "./adapters/fs/process-identity.ts";
import { type FileSpool, openFileSpool } from "./adapters/fs/spool.ts";
import type { SpoolProblem } from "./adapters/fs/spool-problems.ts";
import { type ChainHead, createCheckpoint, type Signer, serializeRecord } from "./audit/index.ts";
import type { Config } from "./config/index.ts";
import { createUuidv7 } from "./model/uuid.ts";
import { unretire } from "./workers/directories.ts";

export interface OpenedSpool {
  readonly spool: FileSpool;
  /** A new UUIDv7 for the instant `now` (epoch milliseconds); behind every id that the spool's chain has. */
  newId(now: number): string;
}

/** The spool of a writer's folder, which this process must have locked. @throws Error that names the directory */
export function openSpool(config: Config, signer: Signer, onProblem: (problem: SpoolProblem) => void): OpenedSpool {
  unretire(config.writerDir);
  const spool = openFileSpool({
    directory: join(config.writerDir, "spool"),
    bytesMax: config.auditSpoolBytesMax,
    durability: config.auditDurability,
    // PGlite leaves what it takes to the operating system.
    ...(config.mode === "embedded" && config.auditDurability === "disk" ? { syncStore: () => syncPglite(config) } : {}),
    newWriter: () => randomUUID(),
    boot: currentBoot() ?? "unknown",
    createCheckpoint: (head) => checkpointText(signer, newId, head),
    checkpointRecords: config.auditCheckpointRecords,
    onProblem,
  });
  const newId = createUuidv7(randomFillSync, spool.lastId);
  return { spool, newId };
}

/** The checkpoint behind `head`, as a spool takes it. */
export function checkpointText(signer: Signer, newId: (now: number) => string, head: ChainHead): string {
  const now = Date.now();
  return serializeRecord(createCheckpoint(signer, head, newId(now), now));
}

async function syncPglite({ dataDir }: Config): Promise<void> {
  const { syncFolder } = await import("./adapters/pglite/sync-folder.ts");
  await syncFolder(join(dataDir, "pglite"));
}
