import { randomBytes, randomFillSync, randomUUID } from "node:crypto";
import { openAuditKeys } from "./adapters/fs/audit-keys.ts";
import { createMemorySpool } from "./adapters/memory/spool.ts";
import type { AuditStore, Spool } from "./audit/index.ts";
import type { Config } from "./config/index.ts";
import { createUuidv7 } from "./model/uuid.ts";
import { openRedactor } from "./open-redactor.ts";
import { checkpointText, openSpool } from "./open-spool.ts";
import type { Service } from "./operations/service.ts";
import { createLogger } from "./telemetry/index.ts";

/** Records what a command does, where no service runs that would. */
export interface AuditWriter extends Pick<Service, "redactor" | "newId"> {
  readonly spool: Pick<Spool, "append" | "head" | "storedHead" | "pending">;
  /** Moves what an earlier process left into the store. @throws UnavailableError `storage_unavailable` */
  ship(): Promise<void>;
  /** Signs what was recorded, where there is a key. */
  close(): Promise<void>;
}

type Store = Pick<AuditStore, "insert">;

/** Goes on with the chain of a data directory. This process must have locked it. */
export function openAuditWriter(config: Config, store: Store): AuditWriter {
  const { signer, redactionKey } = openAuditKeys(config);
  const logger = createLogger("error", process.stderr);
  const { spool, newId } = openSpool(config, signer, (problem) =>
    logger.error({ problem }, "the audit spool has a problem"),
  );
  return writerOf(config, spool, store, newId, redactionKey, true);
}

/**
 * Begins a chain of its own: the data directories of a database's services are elsewhere, or in use. Unless the signing key
 * is configured it stays unsigned, and verification says so.
 */
export function openOneOffAuditWriter(config: Config, store: Store): AuditWriter {
  // The keys of this data directory may be another service's.
  const hasKeys = config.auditSigningKeyFile !== undefined;
  const keys = hasKeys ? openAuditKeys(config) : undefined;
  const newId = createUuidv7(randomFillSync);
  const spool = createMemorySpool({
    writer: randomUUID(),
    createCheckpoint: (head) => checkpointText(keys!.signer, newId, head),
  });
  return writerOf(config, spool, store, newId, keys?.redactionKey ?? randomBytes(32), hasKeys);
}

function writerOf(
  config: Config,
  spool: Spool,
  store: Store,
  newId: (now: number) => string,
  redactionKey: Uint8Array,
  isSigned: boolean,
): AuditWriter {
  async function ship(): Promise<void> {
    for (let lines = await spool.peek(1000); lines.count > 0; lines = await spool.peek(1000)) {
      await store.insert(lines.bytes);
      await spool.acknowledge();
    }
  }
  return {
    newId,
    ship,
    redactor: openRedactor(config, redactionKey),
    spool: {
      get head() {
        return spool.head;
      },
      get storedHead() {
        return spool.storedHead;
      },
      get pending() {
        return spool.pending;
      },
      async append(record) {
        await spool.append(record);
        await ship();
      },
    },
    async close() {
      if (isSigned && spool.head.seq > 0) {
        await spool.checkpoint();
        await ship();
      }
      await spool.close();
    },
  };
}
