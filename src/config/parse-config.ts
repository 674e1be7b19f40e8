import { resolve } from "node:path";
import type { z } from "zod";
import type { ListenAddress } from "./parsers.ts";
import { describeUnknown, findUnknownVariables } from "./unknown-variables.ts";
import {
  type AuditDurability,
  aboutVariable,
  type LogLevel,
  SERVICE_VARIABLE_NAMES,
  serviceVariables,
} from "./variables.ts";

interface CommonConfig {
  readonly listen: ListenAddress;
  /** Absolute. */
  readonly listenSocket?: string;
  /** Absolute. */
  readonly dataDir: string;
  /** Absolute. For the audit spool and rule sets on their way to the archive: one process at a time. */
  readonly writerDir: string;
  /** 1 in embedded mode. */
  readonly workers: number;
  /** Absolute. */
  readonly rulesDir: string;
  /** Absolute. */
  readonly shadowRulesDir?: string;
  /** Lower case, IPv6 in brackets; an entry without a port allows every port. Never empty. */
  readonly allowedHosts: readonly string[];
  readonly logLevel: LogLevel;
  readonly auditSpoolBytesMax: number;
  readonly auditDurability: AuditDurability;
  readonly auditCheckpointRecords: number;
  readonly auditCheckpointSeconds: number;
  /** Absolute. */
  readonly auditSigningKeyFile?: string;
  /** Absolute. */
  readonly auditRedactionKeyFile?: string;
  readonly auditRedactPaths: readonly string[];
  readonly auditRedactRulesFile?: string;
  readonly auditRetentionDays?: number;
  readonly approvalsPendingMax: number;
  readonly approvalsRetentionDays: number;
  /** Absolute. */
  readonly webhooksFile?: string;
  readonly queueMsMax: number;
  readonly cacheTtlSeconds: number;
  readonly shutdownTimeoutMs: number;
  readonly keyRefreshMs: number;
}

interface EmbeddedConfig extends CommonConfig {
  readonly mode: "embedded";
}

/** SECURITY: both URLs may hold a password and must not be logged. */
interface ServerConfig extends CommonConfig {
  readonly mode: "server";
  readonly databaseUrl: string;
  readonly redisUrl?: string;
}

/** Everything that the environment decides, read once at start. Frozen. */
export type Config = EmbeddedConfig | ServerConfig;

/** One reason why the service does not start. `message` begins with the variable's name and holds no secret. */
export interface ConfigProblem {
  readonly variable: string;
  readonly message: string;
}

export type ConfigResult =
  | { readonly ok: true; readonly config: Config }
  | { readonly ok: false; readonly problems: readonly ConfigProblem[] };

export interface ConfigPlace {
  /** Absolute path of the folder that holds `package.json` and the shipped `rules`. */
  readonly packageRoot: string;
  /** Absolute path that relative paths start from. */
  readonly cwd: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads the environment. Pure. A variable set to the empty string counts as unset.
 * @returns all problems at once: wrong values in the order of `docs/configuration.md`, then unknown names
 */
export function parseConfig(env: Environment, place: ConfigPlace): ConfigResult {
  const given = Object.fromEntries(SERVICE_VARIABLE_NAMES.map((name) => [name, env[name] || undefined]));
  const parsed = serviceVariables.safeParse(given);
  const problems = [
    ...(parsed.success ? [] : valueProblems(parsed.error, given)),
    ...modeProblems(given, parsed.data?.VERDICT_WORKERS),
    ...findUnknownVariables(env).map(unknownProblem),
  ];
  if (!parsed.success || problems.length > 0) return { ok: false, problems };
  return { ok: true, config: toConfig(parsed.data, place) };
}

function valueProblems(error: z.ZodError, given: Environment): ConfigProblem[] {
  const wrong = new Set(error.issues.map((issue) => issue.path[0]));
  return SERVICE_VARIABLE_NAMES.filter((name) => wrong.has(name)).map((name) => {
    const about = aboutVariable(name);
    const shown = about.secret ? "its value (not shown)" : quote(given[name] ?? "");
    return { variable: name, message: `${name}: ${shown} is not allowed; expected ${about.allowed}` };
  });
}

function modeProblems(given: Environment, workers = 1): ConfigProblem[] {
  if (given.DATABASE_URL !== undefined) return [];
  const wrong: ConfigProblem[] = [];
  const add = (variable: string, why: string) => wrong.push({ variable, message: `${variable}: ${why}` });
  if (workers > 1) {
    add(
      "VERDICT_WORKERS",
      "more than 1 without DATABASE_URL; set DATABASE_URL as well for server mode, or unset it: the embedded database is for one process",
    );
  }
  if (given.REDIS_URL !== undefined) {
    add(
      "REDIS_URL",
      "set without DATABASE_URL; set DATABASE_URL as well for server mode, or unset REDIS_URL for embedded mode",
    );
  }
  return wrong;
}

/** SECURITY: the value is not shown: it may be a secret under a misspelt name. */
function unknownProblem(name: string): ConfigProblem {
  return { variable: name, message: `${name}: ${describeUnknown(name)}` };
}

const QUOTED_CHARACTERS_MAX = 100;

function quote(value: string): string {
  const shown = value.length > QUOTED_CHARACTERS_MAX ? `${value.slice(0, QUOTED_CHARACTERS_MAX)}...` : value;
  return JSON.stringify(shown);
}

function toConfig(read: z.output<typeof serviceVariables>, place: ConfigPlace): Config {
  const { VERDICT_LISTEN: listen, DATABASE_URL: databaseUrl, REDIS_URL: redisUrl } = read;
  const common: CommonConfig = {
    listen: Object.freeze(listen.kind === "unix" ? { kind: "unix", path: resolve(place.cwd, listen.path) } : listen),
    ...absolute(place, "listenSocket", read.VERDICT_LISTEN_SOCKET),
    dataDir: resolve(place.cwd, read.VERDICT_DATA_DIR),
    writerDir: resolve(place.cwd, read.VERDICT_DATA_DIR),
    workers: read.VERDICT_WORKERS,
    rulesDir: resolve(place.cwd, read.VERDICT_RULES_DIR ?? resolve(place.packageRoot, "rules")),
    ...absolute(place, "shadowRulesDir", read.VERDICT_SHADOW_RULES_DIR),
    allowedHosts: Object.freeze(read.VERDICT_ALLOWED_HOSTS),
    logLevel: read.VERDICT_LOG_LEVEL,
    auditSpoolBytesMax: read.VERDICT_AUDIT_SPOOL_BYTES_MAX,
    auditDurability: read.VERDICT_AUDIT_DURABILITY,
    auditCheckpointRecords: read.VERDICT_AUDIT_CHECKPOINT_RECORDS,
    auditCheckpointSeconds: read.VERDICT_AUDIT_CHECKPOINT_SECONDS,
    ...absolute(place, "auditSigningKeyFile", read.VERDICT_AUDIT_SIGNING_KEY_FILE),
    ...absolute(place, "auditRedactionKeyFile", read.VERDICT_AUDIT_REDACTION_KEY_FILE),
    auditRedactPaths: Object.freeze(read.VERDICT_AUDIT_REDACT_PATHS ?? []),
    ...absolute(place, "auditRedactRulesFile", read.VERDICT_AUDIT_REDACT_RULES_FILE),
    ...(read.VERDICT_AUDIT_RETENTION_DAYS === undefined
      ? {}
      : { auditRetentionDays: read.VERDICT_AUDIT_RETENTION_DAYS }),
    approvalsPendingMax: read.VERDICT_APPROVALS_PENDING_MAX,
    approvalsRetentionDays: read.VERDICT_APPROVALS_RETENTION_DAYS,
    ...absolute(place, "webhooksFile", read.VERDICT_WEBHOOKS_FILE),
    queueMsMax: read.VERDICT_QUEUE_MS_MAX,
    cacheTtlSeconds: read.VERDICT_CACHE_TTL_SECONDS,
    shutdownTimeoutMs: read.VERDICT_SHUTDOWN_TIMEOUT_MS,
    keyRefreshMs: read.VERDICT_KEY_REFRESH_MS,
  };
  if (databaseUrl === undefined) return Object.freeze({ ...common, mode: "embedded" });
  return Object.freeze({ ...common, mode: "server", databaseUrl, ...(redisUrl === undefined ? {} : { redisUrl }) });
}

const absolute = <K extends string>({ cwd }: ConfigPlace, name: K, path: string | undefined) =>
  (path === undefined ? {} : { [name]: resolve(cwd, path) }) as { readonly [_ in K]?: string };

/** What may be shown and recorded of a configuration: everything but where the database is and how it is entered. */
export function describeConfig(config: Config): Readonly<Record<string, unknown>> {
  const { databaseUrl: _, redisUrl, ...shown } = { databaseUrl: undefined, redisUrl: undefined, ...config };
  return { ...shown, hasRedis: redisUrl !== undefined };
}
