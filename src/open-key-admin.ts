import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { openDataDirectory } from "./adapters/fs/data-directory.ts";
import { INITIAL_KEYS_FILE } from "./adapters/fs/initial-keys-file.ts";
import { LockHeld } from "./adapters/fs/lock-file.ts";
import { createMemoryKeyChanges } from "./adapters/memory/key-changes.ts";
import { CliError, createHttpKeyAdmin, type KeyAdmin, type KeyAdminOptions } from "./cli/index.ts";
import { openDatabase, systemClock } from "./compose.ts";
import { type Config, parseConfig } from "./config/index.ts";
import { type Caller, createKeyRing, SCOPES } from "./identity/index.ts";
import { uuidv7 } from "./model/uuid.ts";
import { createKey, type KeyService, listKeys, revokeKey } from "./operations/manage-keys.ts";
import { packageRoot } from "./package-root.ts";
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
  if (config.mode === "server") return openStore(config, async () => {});
  try {
    const directory = await openDataDirectory(config.dataDir);
    return await openStore(config, () => directory.close());
  } catch (error) {
    const { cause } = error as Error;
    if (!(cause instanceof LockHeld) || cause.holder?.listen === undefined)
      throw new CliError((error as Error).message);
    return createHttpKeyAdmin({ url: cause.holder.listen, key: await initialAdminKey(config.dataDir), fetch });
  }
}

async function initialAdminKey(dataDir: string): Promise<string> {
  const path = join(dataDir, INITIAL_KEYS_FILE);
  try {
    const { admin } = JSON.parse(await readFile(path, "utf8")) as { admin?: unknown };
    if (typeof admin === "string") return admin;
  } catch {
    // Removed after the keys were put away, as it should be: then the operator has the key.
  }
  throw new CliError("the service is running, so its keys are managed over HTTP, and that needs a key", {
    hint: `Set VERDICT_API_KEY to one with \`keys:write\`; there is none in ${path}.`,
  });
}

/** Directly on the database. The records of what is done go straight into the audit log. */
async function openStore(config: Config, release: () => Promise<void>): Promise<KeyAdmin> {
  const database = await openDatabase(config, createLogger("silent"));
  database.open();
  const close = async () => {
    await database.close();
    await release();
  };
  const { keyStore, auditStore } = database;
  const service: KeyService = {
    keyStore,
    keyRing: createKeyRing(keyStore),
    // Running replicas notice by their polling of the store.
    keyChanges: createMemoryKeyChanges(),
    spool: { append: (record) => auditStore.insert([record]) },
    clock: systemClock,
    newId: (now) => uuidv7(now, randomBytes(10)),
    randomSecret: () => randomBytes(32),
  };
  try {
    await keyStore.list();
  } catch (error) {
    await close();
    throw error;
  }
  return {
    list: () => listKeys(service, OPERATOR),
    create: (input) => createKey(service, OPERATOR, input),
    revoke: (id) => revokeKey(service, OPERATOR, id),
    close,
  };
}

/** Whoever can open the database can do anything with it; the audit log names them so. */
const OPERATOR: Caller = {
  keyId: "operator",
  identity: { name: "operator", roles: [], attributes: {} },
  scopes: new Set(SCOPES),
};
