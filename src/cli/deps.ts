import type { NewApiKey } from "../identity/index.ts";
import type { KeyView } from "../operations/keys/manage-keys.ts";
import type { ExportCandidate, ReplayThreads } from "../operations/replay/replay-export.ts";
import type { ReadResult } from "../operations/rule-sets/check-rules.ts";
import type { ApprovalInbox, LiveTerminal } from "./approvals/deps.ts";
import type { AuditFiles, AuditService } from "./audit/deps.ts";
import type { DecisionService } from "./hook/deps.ts";
import type { LintFiles } from "./lint/files.ts";
import type { TestFiles } from "./testing/deps.ts";

/** Everything that the commands reach outside themselves. */
export interface CliDeps {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  stdout(text: string): void;
  stderr(text: string): void;
  /** Bytes, because text that is not UTF-8 must be refused, not repaired. */
  readStdin(): Promise<Uint8Array>;
  /** @param path absolute */
  readFile(path: string): Promise<Uint8Array>;
  /** Whether stdout is a terminal. */
  readonly isInteractive: boolean;
  /** Whether stderr is one. */
  readonly isErrorInteractive: boolean;
  /** Runs the service until it is stopped. @returns the exit code */
  serve(): Promise<number>;
  /** Absolute. */
  readonly defaultRulesDir: string;
  /** Every rule file below a directory. @param dir absolute */
  readRules(dir: string): Promise<ReadResult>;
  readonly testFiles: TestFiles;
  readonly lintFiles: LintFiles;
  openKeyAdmin(options: KeyAdminOptions): Promise<KeyAdmin>;
  readonly auditFiles: AuditFiles;
  /** The public keys in the data directory that this environment configures, as PEM, by key id; empty when it has none. */
  readAuditKeys(): Promise<ReadonlyMap<string, string>>;
  /** The log of the service at `url`; without one, of the service that runs in this environment. */
  openAuditService(options: KeyAdminOptions): Promise<AuditService>;
  /** Threads for a large export, as `replayExport` takes them. */
  openReplayThreads(candidate: ExportCandidate, signal: AbortSignal): Promise<ReplayThreads | undefined>;
  /** The approvals of the service at `url`; without one, of the service that runs in this environment. */
  openApprovalInbox(options: KeyAdminOptions): Promise<ApprovalInbox>;
  /** Who decides for the holder of the key. @throws CliError when the address or the key cannot be one */
  openDecisionService(target: { readonly url: string; readonly key: string }): DecisionService;
  readonly terminal: LiveTerminal;
  /** Epoch milliseconds. */
  now(): number;
}

/**
 * Whose keys are managed. Either both are set: those of the service at `url`. Or none: those in the store that this
 * environment configures.
 */
export interface KeyAdminOptions {
  readonly url?: string;
  readonly key?: string;
}

export type CreateKeyInput = Pick<NewApiKey, "identity" | "roles" | "scopes" | "expiresAt">;

/** The API keys of one service. Methods reject with an AppError, or a CliError when no service answers as it should. */
export interface KeyAdmin {
  /** Ascending by id, revoked and expired ones too. */
  list(): Promise<KeyView[]>;
  create(input: CreateKeyInput): Promise<{ readonly key: KeyView; readonly secret: string }>;
  /** Idempotent. */
  revoke(id: string): Promise<KeyView>;
  close(): Promise<void>;
}
