import { type AuditRecord, type AuditStore, type Spool, serializeRecord } from "../audit/index.ts";
import type { KeyChanges, KeyRing, KeyStore } from "../identity/index.ts";
import type { Logger, Metrics } from "../telemetry/index.ts";
import type { ActiveRules } from "./active-rules.ts";
import type { RuleReloader } from "./reload-rules.ts";

/** What the operations share: the domain's parts and every source of time, chance and I/O. Made once, in `compose.ts`. */
export interface Service {
  readonly activeRules: ActiveRules;
  readonly ruleReloader: RuleReloader;
  readonly keyRing: KeyRing;
  readonly keyStore: KeyStore;
  readonly keyChanges: KeyChanges;
  readonly spool: Pick<Spool, "append">;
  readonly auditStore: AuditStore;
  /** Moves what is spooled into the store, so that a read sees what was just answered. Never throws; bounded in time. */
  flushAudit(): Promise<void>;
  /** Readiness checks beyond rules and keys, by name. */
  readonly dependencies: ReadonlyMap<string, () => DependencyState>;
  readonly clock: Clock;
  /** A new UUIDv7 for the instant `now` (epoch milliseconds). */
  newId(now: number): string;
  /** 32 bytes from a cryptographic source. */
  randomSecret(): Uint8Array;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly settings: { readonly cacheTtlSecondsMax: number };
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

/** Appends an administrative event. @throws UnavailableError `audit_unavailable`: an event that cannot be recorded does not happen */
export function recordEvent(
  service: Pick<Service, "spool" | "clock" | "newId">,
  kind: Exclude<AuditRecord["kind"], "decision">,
  actor: string,
  data: Readonly<Record<string, unknown>>,
): Promise<void> {
  const time = service.clock.now();
  return service.spool.append(serializeRecord({ version: 1, kind, id: service.newId(time), time, actor, data }));
}
