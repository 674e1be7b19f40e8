import { existsSync } from "node:fs";
import { join } from "node:path";
import { type AuditService, CliError, createHttpAuditService, type KeyAdminOptions } from "./cli/index.ts";
import { type Config, parseConfig } from "./config/index.ts";
import { openAuditDatabase } from "./open-audit-database.ts";
import { initialAdminKey, lockUnlessRunning, neverStarted } from "./open-key-admin.ts";
import { packageRoot } from "./package-root.ts";
import { toServiceAddress } from "./service-address.ts";

/**
 * The audit log: of a service over HTTP, when an address and a key are given; else in the database that the environment
 * configures. The embedded database belongs to one process, so while the service runs it is asked instead, with the admin
 * key of its data directory.
 */
export async function openAuditService(env: NodeJS.ProcessEnv, { url, key }: KeyAdminOptions): Promise<AuditService> {
  if (url !== undefined && key !== undefined) return createHttpAuditService({ url, key });
  const parsed = parseConfig(env, { packageRoot, cwd: process.cwd() });
  if (!parsed.ok) throw new CliError(parsed.problems.map(({ message }) => message).join("\n"));
  const { config } = parsed;
  return config.mode === "server" ? openAuditDatabase(config) : openEmbedded(config);
}

async function openEmbedded(config: Config): Promise<AuditService> {
  // Opening the folder would make it.
  if (!existsSync(config.dataDir)) throw neverStarted(config);
  const lock = await lockUnlessRunning(config);
  if ("listen" in lock) {
    const { url: address, socketPath, hostHeader } = toServiceAddress(lock.listen, config.allowedHosts);
    const admin = await initialAdminKey(config.dataDir, socketPath === undefined ? address : undefined);
    return createHttpAuditService({ url: address, key: admin, socketPath, hostHeader });
  }
  if (existsSync(join(config.dataDir, "pglite"))) return openAuditDatabase(config, lock.directory);
  await lock.directory.close();
  throw neverStarted(config);
}
