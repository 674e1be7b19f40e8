import { createReadStream, createWriteStream, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ReadableStream } from "node:stream/web";
import { createPgliteDatabase } from "../../src/adapters/pglite/pglite-database.ts";
import { createPostgresDatabase } from "../../src/adapters/postgres/postgres-database.ts";
import {
  activationOf,
  type ChainedRecord,
  createExportVerifier,
  createVerifyingKey,
  type DecisionRecord,
  decisionOfRules,
  type ExportReport,
  type VerifyReport,
} from "../../src/audit/index.ts";
import { createCelCompiler } from "../../src/cel/index.ts";
import { decide } from "../../src/engine/index.ts";
import { createRuleLoader, type RuleSet, type RuleSetArchive } from "../../src/rules/index.ts";
import type { Ledger } from "./audit-ledger.ts";
import type { TestedService } from "./service.ts";
import { temporaryFolder } from "./temporary-folder.ts";

/** What a log was found to be. Lists name what is wrong. */
export interface LogProof {
  /** Answered decisions that are in the log, as they were answered. */
  readonly found: number;
  readonly missing: readonly string[];
  readonly duplicated: readonly string[];
  /** In the log with another decision than the one that was answered. */
  readonly different: readonly string[];
  /** Answered as not recorded, and recorded all the same. */
  readonly unexpected: readonly string[];
  /** API keys whose creation was answered and is not in the log exactly once. */
  readonly keysMissing: readonly string[];
  /** Decisions whose clients never got the answer. */
  readonly unanswered: number;
  /** Decisions that their record and the rule set of its revision gave again. */
  readonly reproduced: number;
  readonly notReproduced: readonly string[];
  /** Left out of that, since what the rules saw is not in the record. */
  readonly redacted: number;
  /** Of the export, with nothing but the public key. */
  readonly offline: ExportReport;
  /** Of the service itself, a moment later. */
  readonly online: VerifyReport;
}

/** The default of `VERDICT_CACHE_TTL_SECONDS`. */
const CACHE_TTL_SECONDS = 5;

/**
 * Holds the whole log of a service against what its clients were told. Exports it, stops the service, and does the rest
 * from the export, the public keys and the archive of rule sets.
 * @param databaseUrl of server mode
 */
export async function proveLog(service: TestedService, ledger: Ledger, databaseUrl?: string): Promise<LogProof> {
  const path = await download(service);
  const online = await verifyOnline(service);
  await service.stop();

  const database =
    databaseUrl === undefined
      ? createPgliteDatabase({ directory: join(service.dataDir, "pglite") })
      : createPostgresDatabase({ url: databaseUrl });
  try {
    const offline = await verifyOffline(path, service.dataDir);
    return { ...(await compare(path, ledger, database.ruleSetArchive)), offline, online };
  } finally {
    await database.close();
  }
}

/** The log as it is now, verified with nothing but the public keys. */
export async function verifyExport(service: TestedService): Promise<ExportReport> {
  return verifyOffline(await download(service), service.dataDir);
}

async function download({ url, keys }: TestedService): Promise<string> {
  const path = join(temporaryFolder(), "export.ndjson");
  const response = await fetch(`${url}/v1/audit/export`, { headers: { authorization: `Bearer ${keys.admin}` } });
  if (!response.ok) throw new Error(`the export was refused: ${response.status} ${await response.text()}`);
  await pipeline(Readable.fromWeb(response.body as ReadableStream), createWriteStream(path));
  return path;
}

export async function verifyOnline(service: TestedService): Promise<VerifyReport> {
  const { status, body } = await service.call<VerifyReport>("POST", "/v1/audit/verify", { key: service.keys.admin });
  if (status !== 200) throw new Error(`verify: ${status} ${JSON.stringify(body)}`);
  return body;
}

async function verifyOffline(path: string, dataDir: string): Promise<ExportReport> {
  const folder = join(dataDir, "audit-keys");
  const pems = readdirSync(folder).filter((name) => name.endsWith(".pub.pem"));
  const keys = pems.map((name) => createVerifyingKey(readFileSync(join(folder, name), "utf8")));
  const verifier = createExportVerifier({ keys });
  for await (const chunk of createReadStream(path)) verifier.write(chunk as Buffer);
  return verifier.end();
}

async function compare(path: string, ledger: Ledger, archive: RuleSetArchive) {
  const replay = createReplay(archive);
  const seen = new Map<string, number>();
  const [different, notReproduced, unexpected]: [string[], string[], string[]] = [[], [], []];
  let [unanswered, reproduced, redacted] = [0, 0, 0];
  for await (const record of recordsOf(path)) {
    const about = record.kind === "key.created" ? String(record.data.key_id) : record.id;
    seen.set(about, (seen.get(about) ?? 0) + 1);
    if (record.kind !== "decision") continue;
    const answered = ledger.decisions.get(record.id);
    if (ledger.unrecorded.has(record.id)) unexpected.push(record.id);
    else if (answered === undefined) unanswered += 1;
    else if (answered !== JSON.stringify(record.decision)) different.push(record.id);
    if (record.redacted !== undefined) redacted += 1;
    else if ((await replay(record)) === JSON.stringify(decisionOfRules(record))) reproduced += 1;
    else notReproduced.push(record.id);
  }
  const ids = [...ledger.decisions.keys()];
  const missing = ids.filter((id) => !seen.has(id));
  return {
    found: ids.length - missing.length - different.length,
    missing,
    duplicated: [...seen].filter(([, times]) => times > 1).map(([id]) => id),
    different,
    unexpected,
    keysMissing: [...ledger.keys].filter((id) => seen.get(id) !== 1),
    unanswered,
    reproduced,
    notReproduced,
    redacted,
  };
}

/** All lines but the trailer. */
async function* recordsOf(path: string): AsyncGenerator<ChainedRecord> {
  for await (const line of createInterface({ input: createReadStream(path) })) {
    const record = JSON.parse(line) as ChainedRecord | { readonly kind: "export.end" };
    if (record.kind !== "export.end") yield record;
  }
}

/** Makes a decision again, as JSON, from its record and the archived rules. */
function createReplay(archive: RuleSetArchive): (record: DecisionRecord) => Promise<string> {
  const ruleSets = new Map<string, RuleSet>();
  return async (record) => {
    const { policy_revision: revision } = decisionOfRules(record);
    const ruleSet = ruleSets.get(revision) ?? (await loadArchived(archive, revision));
    ruleSets.set(revision, ruleSet);
    const activation = activationOf(record);
    return JSON.stringify(decide({ ruleSet, activation, cacheTtlSecondsMax: CACHE_TTL_SECONDS }));
  };
}

async function loadArchived(archive: RuleSetArchive, revision: string): Promise<RuleSet> {
  const sources = await archive.get(revision);
  if (sources === undefined) throw new Error(`the rule set ${revision} is not in the archive`);
  const loaded = createRuleLoader({ compiler: createCelCompiler() }).load(sources);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.diagnostics));
  if (loaded.ruleSet.revision !== revision) throw new Error(`the archive has other rules as ${revision}`);
  return loaded.ruleSet;
}
