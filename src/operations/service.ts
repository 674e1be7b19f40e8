import type { ApprovalNews, ApprovalStore } from "../approvals/index.ts";
import {
  type AuditPartitions,
  type AuditStore,
  type EventKind,
  type Signer,
  type Spool,
  serializeRecord,
  type VerifyingKey,
} from "../audit/index.ts";
import type { KeyChanges, KeyRing, KeyStore } from "../identity/index.ts";
import { instantText } from "../model/instant.ts";
import type { Redactor } from "../redaction/index.ts";
import type { Logger, Metrics } from "../telemetry/index.ts";
import type { WebhookQueue } from "../webhooks/index.ts";
import type { ApprovalAnnouncer } from "./approvals/announce-approvals.ts";
import type { DecisionRecorder } from "./decisions/record-decision.ts";
import type { ActiveRules } from "./rule-sets/active-rules.ts";
import type { PolicyChecker } from "./rule-sets/policy-checker.ts";
import type { RuleReloader } from "./rule-sets/reload-rules.ts";
import type { ShadowRules } from "./rule-sets/shadow-rules.ts";

/** What the operations share: the domain's parts and every source of time, chance and I/O. Made once, in `compose.ts`. */
export interface Service {
  readonly activeRules: ActiveRules;
  readonly ruleReloader: RuleReloader;
  /** Absent where no candidate is configured. */
  readonly shadowRules?: ShadowRules;
  readonly policyChecker: PolicyChecker;
  readonly keyRing: KeyRing;
  readonly keyStore: KeyStore;
  readonly keyChanges: KeyChanges;
  readonly spool: Pick<Spool, "append" | "head" | "storedHead" | "pending">;
  readonly redactor: Redactor;
  readonly recordDecision: DecisionRecorder;
  readonly approvalStore: ApprovalStore;
  readonly approvalNews: ApprovalNews;
  readonly approvalAnnouncer: ApprovalAnnouncer;
  readonly webhookQueue: WebhookQueue;
  readonly auditStore: AuditStore;
  readonly auditPartitions: AuditPartitions;
  /** Signs exports, as the spool's checkpoints are signed. */
  readonly signer: Signer;
  /** Of the signer, and of those before it. */
  readonly verifyingKeys: readonly VerifyingKey[];
  /**
   * Moves what is spooled into the store, so that a read sees what was just answered. Never throws; bounded in time.
   * @returns whether all that was recorded before the call is there
   */
  flushAudit(): Promise<boolean>;
  /** Readiness checks beyond rules and keys, by name. */
  readonly dependencies: ReadonlyMap<string, () => DependencyState>;
  readonly clock: Clock;
  /** A new UUIDv7 for the instant `now` (epoch milliseconds). */
  newId(now: number): string;
  /** 32 bytes from a cryptographic source. */
  randomSecret(): Uint8Array;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly settings: {
    readonly cacheTtlSecondsMax: number;
    /** How many approvals of one identity may be pending. */
    readonly approvalsPendingMax: number;
  };
}

export interface Clock {
  /** Epoch milliseconds. */
  now(): number;
  /** Monotonic, in microseconds, from an arbitrary origin. */
  microseconds(): number;
}

export interface DependencyState {
  readonly isUp: boolean;
  /** Whether the service can still decide while it is down. */
  readonly isRequired: boolean;
  readonly detail?: string;
}

/**
 * Appends an administrative event, without what looks like a secret in it.
 * @throws UnavailableError `audit_unavailable`: an event that cannot be recorded does not happen
 */
export function recordEvent(
  service: Pick<Service, "spool" | "redactor" | "clock" | "newId">,
  kind: Exclude<EventKind, "checkpoint">,
  actor: string,
  data: Readonly<Record<string, unknown>>,
): Promise<void> {
  const now = service.clock.now();
  const redaction = service.redactor.redactJson(JSON.stringify(data));
  const record = { version: 1, kind, id: service.newId(now), time: instantText(now), actor } as const;
  if (redaction === undefined) return service.spool.append(serializeRecord({ ...record, data }));
  const redacted = redaction.pointers.map((pointer) => `/data${pointer}`);
  return service.spool.append(
    serializeRecord({ ...record, data: JSON.parse(redaction.json) as typeof data, redacted }),
  );
}
