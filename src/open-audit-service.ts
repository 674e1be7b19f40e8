import { existsSync } from "node:fs";
import { type AuditService, CliError, createHttpAuditService, type KeyAdminOptions } from "./cli/index.ts";
import { parseConfig } from "./config/index.ts";
import { initialAdminKey, lockUnlessRunning, neverStarted } from "./open-key-admin.ts";
import { packageRoot } from "./package-root.ts";
import { toServiceAddress } from "./service-address.ts";

/**
 * The audit log of a service, over HTTP: at the address that is given, with the key; or of the one that runs with this
 * environment's data directory, with the admin key in it.
 */
export async function openAuditService(env: NodeJS.ProcessEnv, { url, key }: KeyAdminOptions): Promise<AuditService> {
  if (url !== undefined && key !== undefined) return createHttpAuditService({ url, key });
  const parsed = parseConfig(env, { packageRoot, cwd: process.cwd() });
  if (!parsed.ok) throw new CliError(parsed.problems.map(({ message }) => message).join("\n"));
  const { config } = parsed;
  // Opening the folder would make it.
  if (!existsSync(config.dataDir)) throw neverStarted(config);
  const lock = await lockUnlessRunning(config);
  if ("directory" in lock) {
    await lock.directory.close();
    throw new CliError("the service does not run, and the log is read through it", {
      hint: "Start it with `verdict serve`, name one with VERDICT_URL and VERDICT_API_KEY, or verify an export of it.",
    });
  }
  const { url: address, socketPath, hostHeader } = toServiceAddress(lock.listen, config.allowedHosts);
  const admin = await initialAdminKey(config.dataDir, socketPath === undefined ? address : undefined);
  return createHttpAuditService({ url: address, key: admin, socketPath, hostHeader });
}
