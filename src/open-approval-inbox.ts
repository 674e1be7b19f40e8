import { existsSync } from "node:fs";
import { type ApprovalInbox, CliError, createHttpApprovalInbox, type KeyAdminOptions } from "./cli/index.ts";
import { parseConfig } from "./config/index.ts";
import { initialAdminKey, lockUnlessRunning, neverStarted } from "./open-key-admin.ts";
import { packageRoot } from "./package-root.ts";
import { toServiceAddress } from "./service-address.ts";

/**
 * The approvals of a service: of that at an address, with a key; else of the one that runs on the data directory of this
 * environment, with the admin key in it. Never of a database alone: who answers is who holds a key, and only a running
 * service tells the agent that waits.
 */
export async function openApprovalInbox(env: NodeJS.ProcessEnv, { url, key }: KeyAdminOptions): Promise<ApprovalInbox> {
  if (url !== undefined && key !== undefined) return createHttpApprovalInbox({ url, key });
  const parsed = parseConfig(env, { packageRoot, cwd: process.cwd() });
  if (!parsed.ok) throw new CliError(parsed.problems.map(({ message }) => message).join("\n"));
  const { config } = parsed;
  if (config.mode === "server") {
    throw new CliError("a key is needed to see and answer the approvals of a service", {
      hint: "Set VERDICT_API_KEY to one with the role `approver`, and VERDICT_URL to the address of the service.",
    });
  }
  // Opening the folder would make it.
  if (!existsSync(config.dataDir)) throw neverStarted(config);
  const lock = await lockUnlessRunning(config);
  if (!("listen" in lock)) {
    await lock.directory.close();
    throw new CliError("the service is not running, so there is nobody who waits for an answer", {
      hint: "Start it with `verdict serve`, or give the address and a key of another with VERDICT_URL and VERDICT_API_KEY.",
    });
  }
  const { url: address, socketPath, hostHeader } = toServiceAddress(lock.listen, config.allowedHosts);
  const admin = await initialAdminKey(config.dataDir, socketPath === undefined ? address : undefined);
  return createHttpApprovalInbox({ url: address, key: admin, socketPath, hostHeader });
}
