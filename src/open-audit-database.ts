import { existsSync } from "node:fs";
import { join } from "node:path";
import { openAuditKeys, readPublicKeyFiles } from "./adapters/fs/audit-keys.ts";
import type { DataDirectory } from "./adapters/fs/data-directory.ts";
import { type AuditFilters, createVerifyingKey, GENESIS, type Signer } from "./audit/index.ts";
import { type AuditSelection, type AuditService, CliError } from "./cli/index.ts";
import { openDatabase, systemClock } from "./compose.ts";
import type { Config } from "./config/index.ts";
import { type AuditWriter, openAuditWriter } from "./open-audit-writer.ts";
import { OPERATOR } from "./open-key-admin.ts";
import { exportAudit } from "./operations/audit/export-audit.ts";
import { verifyAudit } from "./operations/audit/verify-audit.ts";
import { createLogger } from "./telemetry/index.ts";

/**
 * The audit log in the database that the environment configures, without a service. It is verified here, with the keys that
 * are given or those in the data directory.
 * @param directory locked: what a killed service left in its spool is moved into the database first
 */
export async function openAuditDatabase(config: Config, directory?: DataDirectory): Promise<AuditService> {
  const database = await openDatabase(config, createLogger("silent"));
  database.open();
  const { auditStore, auditPartitions } = database;
  // Opening the keys would make them: a signature by a new key would prove nothing.
  const writer = directory !== undefined && hasSigningKey(config) ? openAuditWriter(config, auditStore) : undefined;
  const service = {
    auditStore,
    auditPartitions,
    clock: systemClock,
    // What a service elsewhere holds in its spool is not known here.
    spool: writer?.spool ?? NO_SPOOL,
    async flushAudit() {
      await writer?.ship();
      return directory === undefined || writer !== undefined;
    },
  };
  const publicKeys = () => readPublicKeyFiles(config.dataDir);
  return {
    async verify(range, pems) {
      const texts = pems ?? [...publicKeys().values()];
      if (texts.length === 0) throw noPublicKey();
      return verifyAudit({ ...service, verifyingKeys: texts.map(createVerifyingKey) }, OPERATOR, filtersOf(range));
    },
    async export(format, selection) {
      const exported = await exportAudit(
        { ...service, signer: signerOf(config) },
        OPERATOR,
        format,
        filtersOf(selection),
      );
      return { fileName: exported.fileName, chunks: exported.chunks };
    },
    keys: async () => publicKeys(),
    async close() {
      await database.close();
      await directory?.close();
    },
  };
}

const NO_SPOOL: AuditWriter["spool"] = {
  append: () => Promise.reject(new Error("nothing is recorded here")),
  head: { writer: "", seq: 0, hash: GENESIS },
  storedHead: undefined,
  pending: 0,
};

function signerOf(config: Config): Signer {
  if (hasSigningKey(config)) return openAuditKeys(config).signer;
  throw new CliError("an export is signed, and the signing key is not here", {
    hint: "Export through the service, with VERDICT_URL and VERDICT_API_KEY, or set VERDICT_AUDIT_SIGNING_KEY_FILE.",
  });
}

const hasSigningKey = ({ auditSigningKeyFile, dataDir }: Config) =>
  auditSigningKeyFile !== undefined || existsSync(join(dataDir, "audit-keys", "signing.pem"));

const noPublicKey = () =>
  new CliError("a public key is needed to verify the log", {
    hint: "Give it with --public-key; `verdict audit public-key` prints it where the service runs.",
  });

function filtersOf({ from, to, ...others }: AuditSelection): AuditFilters {
  return {
    ...others,
    ...(from === undefined ? undefined : { from: Date.parse(from) }),
    ...(to === undefined ? undefined : { to: Date.parse(to) }),
  };
}
