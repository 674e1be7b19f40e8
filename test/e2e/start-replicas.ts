import { generateKeyPairSync } from "node:crypto";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type ServiceOptions, startService, type TestedService } from "./service.ts";
import { temporaryFolder } from "./temporary-folder.ts";

/**
 * Starts replicas on one database, at once, each with a data directory of its own. They share the keys that one of them
 * made, and the key that signs the log.
 */
export async function startReplicas(count: number, options: ServiceOptions): Promise<TestedService[]> {
  const env = { VERDICT_AUDIT_SIGNING_KEY_FILE: signingKeyFile(), ...options.env };
  const replicas = await Promise.all(Array.from({ length: count }, () => startService({ ...options, env })));
  const maker = replicas.find(({ dataDir }) => existsSync(join(dataDir, "initial-keys.json")));
  if (maker === undefined) throw new Error("no replica made the first keys");
  for (const replica of replicas) if (replica !== maker) replica.useKeys(maker.keys);
  return replicas;
}

/** A new key for the log, in a file. */
export function signingKeyFile(): string {
  const path = join(temporaryFolder(), "signing.pem");
  const { privateKey } = generateKeyPairSync("ed25519");
  writeFileSync(path, privateKey.export({ format: "pem", type: "pkcs8" }), { mode: 0o600 });
  return path;
}
