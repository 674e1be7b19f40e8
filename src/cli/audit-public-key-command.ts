import type { AuditCliDeps } from "./audit-deps.ts";
import { type AuditTarget, hasKey, withAuditService } from "./audit-target.ts";
import { CliError } from "./cli-error.ts";
import { EXIT } from "./exit-codes.ts";

/** Every key with which something was signed, as PEM: those of a service, or those in the data directory. */
export async function runAuditPublicKey(deps: AuditCliDeps, target: AuditTarget): Promise<number> {
  const isRemote = target.url !== undefined || hasKey(deps, target);
  const keys = isRemote ? await withAuditService(deps, target, (service) => service.keys()) : deps.readAuditKeys();
  if (keys.size === 0) {
    throw new CliError("there are no audit keys in the data directory", {
      hint: "Start the service once, which makes them, or set VERDICT_DATA_DIR to the folder that it uses.",
    });
  }
  // What stands before a block explains it (RFC 7468 section 2).
  for (const [id, pem] of keys) deps.stdout(`Verdict audit key ${id}\n${pem.trim()}\n`);
  return EXIT.ok;
}
