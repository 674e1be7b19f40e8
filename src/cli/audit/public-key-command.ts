import { CliError } from "../cli-error.ts";
import type { CliDeps } from "../deps.ts";
import { EXIT } from "../exit-codes.ts";
import type { ServiceTarget } from "../service/target.ts";
import { namesService, withAuditService } from "./target.ts";

/** Every key with which something was signed, as PEM: those of a service, or those in the data directory. */
export async function runAuditPublicKey(deps: CliDeps, target: ServiceTarget): Promise<number> {
  const keys = namesService(deps, target)
    ? await withAuditService(deps, target, (service) => service.keys())
    : await deps.readAuditKeys();
  if (keys.size === 0) {
    throw new CliError("there are no audit keys in the data directory", {
      hint: "Start the service once, which makes them, or set VERDICT_DATA_DIR to the folder that it uses.",
    });
  }
  // What stands before a block explains it (RFC 7468 section 2).
  for (const [id, pem] of keys) deps.stdout(`Verdict audit key ${id}\n${pem.trim()}\n`);
  return EXIT.ok;
}
