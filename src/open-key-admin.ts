import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { type DataDirectory, openDataDirectory } from "./adapters/fs/data-directory.ts";
import { INITIAL_KEYS_FILE } from "./adapters/fs/initial-keys-file.ts";
import { LockHeld } from "./adapters/fs/lock-file.ts";
import { createMemoryKeyChanges } from "./adapters/memory/key-changes.ts";
import { createAddressFetch } from "./address-fetch.ts";
import type { AuditStore } from "./audit/index.ts";
import { CliError, createHttpKeyAdmin, type KeyAdmin, type KeyAdminOptions } from "./cli/index.ts";
import { openDatabase, systemClock } from "./compose.ts";
import { type Config, parseConfig } from "./config/index.ts";
import { type Caller, createKeyRing, SCOPES } from "./identity/index.ts";
import { type AuditWriter, openAuditWriter, openOneOffAuditWriter } from "./open-audit-writer.ts";
import { createKey, type KeyService, listKeys, revokeKey } from "./operations/keys/manage-keys.ts";
import { packageRoot } from "./package-root.ts";
import { toServiceAddress } from "./service-address.ts";
import { createLogger } from "./telemetry/index.ts";

/**
 * The keys of a service: over HTTP when an address and a key are given; else in the database that the environment
 * configures. The embedded database belongs to one process, so while the service runs it is asked instead, with the admin
 * key of its data directory.
 */
export async function openKeyAdmin(env: NodeJS.ProcessEnv, { url, key }: KeyAdminOptions): Promise<KeyAdmin> {
  if (url !== undefined && key !== undefined) return createHttpKeyAdmin({ url, key, fetch });
  const parsed = parseConfig(env, { packageRoot, cwd: process.cwd() });
  if (!parsed.ok) throw new CliError(parsed.problems.map(({ message }) => message).join("\n"));
  const { config } = parsed;
  return config.mode === "server" ? openStore(config, openOneOffAuditWriter, async () => {}) : openEmbedded(config);
}

async function openEmbedded(config: Config): Promise<KeyAdmin> {
  // Opening the folder would make it.
  if (!existsSync(config.dataDir)) throw neverStarted(config);
  const lock = await lockUnlessRunning(config);
  if ("listen" in lock) {
    const { url, ...address } = toServiceAddress(lock.listen, config.allowedHosts);
    const key = await initialAdminKey(config.dataDir, address.socketPath === undefined ? url : undefined);
    return createHttpKeyAdmin({ url, key, fetch: createAddressFetch({ url, ...address }) });
  }
  const release = () => lock.directory.close();
  if (existsSync(join(config.dataDir, "pglite"))) return openStore(config, openAuditWriter, release);
  await release();
  throw neverStarted(config);
}

/** The folder, locked, or where the process listens that holds it. @throws CliError */
export async function lockUnlessRunning({
  dataDir,
}: Config): Promise<{ directory: DataDirectory } | { listen: string }> {
  try {
    return { directory: await openDataDirectory(dataDir) };
  } catch (error) {
    const { cause, message } = error as Error;
    const holder = cause instanceof LockHeld ? cause.holder : undefined;
    // An address of another machine means something else here.
    if (holder?.listen !== undefined && holder.host === hostname()) return { listen: holder.listen };
    throw new CliError(message);
  }
}

export const neverStarted = ({ dataDir }: Config) =>
  new CliError(`there is no Verdict data in ${dataDir}`, {
    hint: "Start the service once, which makes the first keys, or set VERDICT_DATA_DIR to the folder that it uses.",
  });

/** @param url of the service, when a command line could name it */
export async function initialAdminKey(dataDir: string, url: string | undefined): Promise<string> {
  const path = join(dataDir, INITIAL_KEYS_FILE);
  try {
    const { admin } = JSON.parse(await readFile(path, "utf8")) as { admin?: unknown };
    if (typeof admin === "string") return admin;
  } catch {
    // Removed after the keys were put away, as it should be: then the operator has the key.
  }
  throw new CliError("the service is running, so it is asked over HTTP, and that needs a key", {
    hint:
      url === undefined
        ? `There is none in ${path}, and over a socket no other can be given; stop the service, or call its HTTP interface yourself.`
        : `There is none in ${path}; set VERDICT_API_KEY to one that may do this, and VERDICT_URL=${url}.`,
  });
}

/** Directly on the database. What is done is recorded in the audit log at once. */
async function openStore(
  config: Config,
  openWriter: (config: Config, store: AuditStore) => AuditWriter,
  release: () => Promise<void>,
): Promise<KeyAdmin> {
  const database = await openDatabase(config, createLogger("silent"));
  const { keyStore, auditStore } = database;
  const { close: closeWriter, ship: _, ...writer } = openWriter(config, auditStore);
  database.open();
  const close = async () => {
    try {
      await closeWriter();
    } finally {
      await database.close();
      await release();
    }
  };
  const service: KeyService = {
    keyStore,
    keyRing: createKeyRing(keyStore),
    // Running replicas notice by their polling of the store.
    keyChanges: createMemoryKeyChanges(),
    ...writer,
    clock: systemClock,
    randomSecret: () => randomBytes(32),
  };
  let hasKeys: boolean;
  try {
    hasKeys = (await keyStore.list()).length > 0;
  } catch (error) {
    await close();
    throw error;
  }
  return {
    list: () => listKeys(service, OPERATOR),
    async create(input) {
      // A service that finds a key does not make the first ones, and then nobody might have an admin's.
      if (!hasKeys)
        throw new CliError("there are no keys yet", { hint: "Start the service once: it makes the first." });
      return createKey(service, OPERATOR, input);
    },
    revoke: (id) => revokeKey(service, OPERATOR, id),
    close,
  };
}

/** Whoever can open the database can do anything with it; the audit log names them so. */
export const OPERATOR: Caller = {
  keyId: "operator",
  identity: { name: "operator", roles: [], attributes: {} },
  scopes: new Set(SCOPES),
};
