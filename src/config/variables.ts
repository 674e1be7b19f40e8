import { z } from "zod";
import {
  parseBytes,
  parseHosts,
  parseInteger,
  parseListen,
  parsePath,
  parsePointers,
  parseSocketPath,
  parseUrl,
} from "./parsers.ts";

/** What `docs/configuration.md` and error messages say of a variable. */
export interface About {
  readonly description: string;
  /** What a value may be; completes the sentence "expected ...". */
  readonly allowed: string;
  /** As one would write it in the environment, or words where the default is not a fixed text. */
  readonly default?: string;
  /** SECURITY: the value is never shown, not even in an error message. */
  readonly secret?: true;
}

/** Least severe first; `silent` turns the log off. */
export const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** `os`: a recorded decision survives the process; `disk`: it survives the machine. */
export const AUDIT_DURABILITIES = ["os", "disk"] as const;
export type AuditDurability = (typeof AUDIT_DURABILITIES)[number];

type Read<T> = (text: string) => T | undefined;

function required<T>(about: About & { default: string }, read: Read<T>) {
  return z
    .string()
    .prefault(about.default)
    .transform(checked(read))
    .meta({ ...about });
}

function optional<T>(about: About, read: Read<T>) {
  return z
    .string()
    .transform(checked(read))
    .optional()
    .meta({ ...about });
}

function checked<T>(read: Read<T>) {
  return (text: string, context: z.RefinementCtx): T => {
    const value = read(text);
    if (value !== undefined) return value;
    context.addIssue({ code: "custom", message: "not allowed" });
    return z.NEVER;
  };
}

/** The variables that the service reads. A variable is added here when something implements it, not before. */
export const serviceVariables = z.object({
  VERDICT_LISTEN: required(
    {
      description: "Where the service listens. Port 0 takes any free port.",
      allowed: "`<IP address or localhost>:<port>` (IPv6 in brackets) or `unix:<path>`",
      default: "127.0.0.1:8181",
    },
    parseListen,
  ),
  VERDICT_LISTEN_SOCKET: optional(
    {
      description:
        "Unix socket to listen on besides, for sidecars, resolved like `VERDICT_DATA_DIR`. Owner and group of the service may connect.",
      allowed: "a path of at most 107 bytes",
    },
    parseSocketPath,
  ),
  VERDICT_DATA_DIR: required(
    {
      description:
        "Folder of the audit spool, the first keys and, in embedded mode, the database. One service at a time. " +
        "A relative path starts at the working directory and is resolved once, at start.",
      allowed: "a path",
      default: ".verdict",
    },
    parsePath,
  ),
  VERDICT_WORKERS: required(
    {
      description:
        "How many processes decide, on one address and one data directory. More than one needs server mode; more than the machine " +
        "has cores is of no use.",
      allowed: "a whole number from 1 to 64",
      default: "1",
    },
    (text) => parseInteger(text, 1, 64),
  ),
  VERDICT_RULES_DIR: optional(
    {
      description: "Folder of the rule files, resolved like `VERDICT_DATA_DIR`. Read at start and on every reload.",
      allowed: "a path",
      default: "the shipped `rules` folder",
    },
    parsePath,
  ),
  VERDICT_SHADOW_RULES_DIR: optional(
    {
      description:
        "Folder of candidate rules that decide the same requests without effect, resolved like `VERDICT_DATA_DIR`: what they would decide " +
        "otherwise is counted and recorded.",
      allowed: "a path",
    },
    parsePath,
  ),
  VERDICT_ALLOWED_HOSTS: required(
    {
      description:
        "Names that a request's `Host` header may have; any other is a 403. An entry without a port allows every port.",
      allowed:
        "host names or IP addresses (IPv6 in brackets), with or without a port, separated by commas, no wildcards",
      default: "localhost,127.0.0.1,[::1]",
    },
    parseHosts,
  ),
  VERDICT_LOG_LEVEL: required(
    {
      description: "The least severe log line that is written.",
      allowed: `one of ${LOG_LEVELS.join(", ")}`,
      default: "info",
    },
    (text) => LOG_LEVELS.find((level) => level === text),
  ),
  VERDICT_AUDIT_SPOOL_BYTES_MAX: required(
    {
      description:
        "How much of the disk records may take that wait for the database. " +
        "Beyond it every decision is a deny with `audit_unavailable`.",
      allowed: "a whole number with the unit B, KiB, MiB or GiB (none means bytes), from 1MiB to 1024GiB",
      default: "1GiB",
    },
    (text) => parseBytes(text, 2 ** 20, 2 ** 40),
  ),
  VERDICT_AUDIT_DURABILITY: required(
    {
      description:
        "When a record counts as written. `os`: the operating system has it, so it survives the process, but not a " +
        "power failure. `disk`: fdatasync has put it on disk, so it survives that too.",
      allowed: `one of ${AUDIT_DURABILITIES.join(", ")}`,
      default: "os",
    },
    (text) => AUDIT_DURABILITIES.find((durability) => durability === text),
  ),
  VERDICT_AUDIT_CHECKPOINT_RECORDS: required(
    {
      description: "After how many records the chain is signed at the latest.",
      allowed: "a whole number from 1 to 1000000",
      default: "1000",
    },
    (text) => parseInteger(text, 1, 1_000_000),
  ),
  VERDICT_AUDIT_CHECKPOINT_SECONDS: required(
    {
      description: "After how long the chain is signed at the latest, when something was recorded.",
      allowed: "a whole number from 1 to 86400",
      default: "60",
    },
    (text) => parseInteger(text, 1, 86_400),
  ),
  VERDICT_AUDIT_SIGNING_KEY_FILE: optional(
    {
      description:
        "File with the Ed25519 private key that signs checkpoints and exports. Its default is `audit-keys/signing.pem` in the data directory.",
      allowed: "a path of a file that holds a private key as PKCS #8 PEM",
      default: "made on the first start",
    },
    parsePath,
  ),
  VERDICT_AUDIT_REDACTION_KEY_FILE: optional(
    {
      description:
        "File with the key of the digests that stand for secrets; replicas that share it give equal digests to equal " +
        "secrets. Its default is `audit-keys/redaction.key` in the data directory.",
      allowed: "a path of a file that holds at least 32 random bytes",
      default: "made on the first start",
    },
    parsePath,
  ),
  VERDICT_AUDIT_REDACT_PATHS: optional(
    {
      description:
        "What is always redacted in a recorded request besides what looks like a secret: JSON pointers into the request " +
        "(RFC 6901), where `*` stands for any one key or index.",
      allowed: "JSON pointers such as `/arguments/ssn` or `/arguments/rows/*/email`, separated by commas",
    },
    parsePointers,
  ),
  VERDICT_AUDIT_REDACT_RULES_FILE: optional(
    {
      description:
        "File with more rules for what looks like a secret, as gitleaks has them; `docs/audit.md` says where to get the " +
        "published ones. It is read at the start.",
      allowed: "a path of a configuration of gitleaks 8 (TOML)",
    },
    parsePath,
  ),
  VERDICT_AUDIT_RETENTION_DAYS: optional(
    {
      description:
        "How long records are kept, in whole months of records: a month is dropped once all of it is older. Without it they " +
        "are kept for ever.",
      allowed: "a whole number from 1 to 36500",
    },
    (text) => parseInteger(text, 1, 36_500),
  ),
  VERDICT_APPROVALS_PENDING_MAX: required(
    {
      description:
        "How many actions of one identity may wait for people at the same time; the next one is a deny with " +
        "`approval_queue_full`. One that was taken back counts for five minutes more.",
      allowed: "a whole number from 1 to 10000",
      default: "50",
    },
    (text) => parseInteger(text, 1, 10_000),
  ),
  VERDICT_WEBHOOKS_FILE: optional(
    {
      description:
        "File of the webhooks that are told of approvals, read once at start; `docs/webhooks.md` says what is in it.",
      allowed: "a path of a YAML file",
    },
    parsePath,
  ),
  VERDICT_APPROVALS_RETENTION_DAYS: required(
    {
      description:
        "How long approvals are kept after they were answered, to show how often an identity asked the same before. The audit log keeps " +
        "what became of them.",
      allowed: "a whole number from 1 to 36500",
      default: "90",
    },
    (text) => parseInteger(text, 1, 36_500),
  ),
  VERDICT_QUEUE_MS_MAX: required(
    {
      description:
        "How long a request for a decision may wait for its turn. When there is more than can be decided, what would wait " +
        "longer is answered with a 503 `overloaded`.",
      allowed: "a whole number from 1 to 10000",
      default: "500",
    },
    (text) => parseInteger(text, 1, 10_000),
  ),
  VERDICT_CACHE_TTL_SECONDS: required(
    {
      description: "The longest time that an answer's `cache_ttl_seconds` lets a client reuse it. 0 forbids reuse.",
      allowed: "a whole number from 0 to 3600",
      default: "5",
    },
    (text) => parseInteger(text, 0, 3_600),
  ),
  VERDICT_SHUTDOWN_TIMEOUT_MS: required(
    {
      description:
        "How long a stop waits: for open requests, before it closes their connections, and for records and the " +
        "sources of rules to reach the database. What is left of those waits in the data directory.",
      allowed: "a whole number from 0 to 600000",
      default: "10000",
    },
    (text) => parseInteger(text, 0, 600_000),
  ),
  VERDICT_KEY_REFRESH_MS: required(
    {
      description:
        "How often API keys are read again in server mode: the longest time that a key revoked on another replica " +
        "still works here when Redis does not deliver the news.",
      allowed: "a whole number from 100 to 60000",
      default: "2000",
    },
    (text) => parseInteger(text, 100, 60_000),
  ),
  DATABASE_URL: optional(
    {
      description: "PostgreSQL. Setting it selects server mode; without it the service is embedded and needs nothing.",
      allowed: "a URL that starts with postgres:// or postgresql:// (write reserved characters of a password as %XX)",
      secret: true,
    },
    (text) => parseUrl(text, ["postgres", "postgresql"]),
  ),
  REDIS_URL: optional(
    {
      description:
        "Redis, only in server mode: keeps approvals, and tells the replicas about changed keys and answered approvals at once.",
      allowed: "a URL that starts with redis:// or rediss:// (write reserved characters of a password as %XX)",
      secret: true,
    },
    (text) => parseUrl(text, ["redis", "rediss"]),
  ),
});

export type ServiceVariable = keyof typeof serviceVariables.shape;

/** Variables that clients of the service read. The service accepts and ignores them: one shell may run both. */
export const CLIENT_VARIABLES = {
  VERDICT_URL: "Address of the service.",
  VERDICT_API_KEY: "Key that the client sends.",
  VERDICT_FAIL_MODE: "What a client does when the service does not answer.",
  VERDICT_TIMEOUT_MS: "How long a client waits for an answer.",
  VERDICT_CACHE_MAX_ENTRIES: "How many answers a client keeps.",
  VERDICT_EVENTS: "Whether a client keeps answers only while it follows the service's event stream: on or off.",
  VERDICT_IDENTITY_NAME: "Identity that a client with `evaluate:as` asks for.",
  VERDICT_IDENTITY_ROLES: "Roles of that identity, separated by commas.",
} as const satisfies Record<string, string>;

/** What is written beside the variable in the schema above. */
export function aboutVariable(name: ServiceVariable): About {
  return serviceVariables.shape[name].meta() as unknown as About;
}

export const SERVICE_VARIABLE_NAMES = Object.keys(serviceVariables.shape) as ServiceVariable[];
