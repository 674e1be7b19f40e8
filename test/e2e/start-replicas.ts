import { existsSync } from "node:fs";
import { join } from "node:path";
import { type ServiceOptions, startService, type TestedService } from "./service.ts";

/** Starts replicas on one database, at once, each with a data directory of its own; they share the keys that one of them made. */
export async function startReplicas(count: number, options: ServiceOptions): Promise<TestedService[]> {
  const replicas = await Promise.all(Array.from({ length: count }, () => startService(options)));
  const maker = replicas.find(({ dataDir }) => existsSync(join(dataDir, "initial-keys.json")));
  if (maker === undefined) throw new Error("no replica made the first keys");
  for (const replica of replicas) if (replica !== maker) replica.useKeys(maker.keys);
  return replicas;
}
