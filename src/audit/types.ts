import type { Identity } from "../model/activation.ts";
import type { Decision } from "../model/decision.ts";
import type { EvaluateRequest } from "../model/request.ts";

/**
 * One entry of the audit log. `id` is a UUIDv7 (the request id of a decision); `time` is epoch milliseconds. A decision
 * record holds all that `decide` saw, so that its rule set gives the same decision again.
 */
export type AuditRecord = DecisionRecord | EventRecord;

export interface DecisionRecord {
  readonly version: 1;
  readonly kind: "decision";
  readonly id: string;
  readonly time: number;
  /** As it was sent: see `activationOf` for what the rules saw of it. */
  readonly request: EvaluateRequest;
  /** Who acts, as the rules saw it. */
  readonly identity: Identity;
  readonly decision: Decision;
  /** Id of the API key that asked; `identity` may be another's (`evaluate:as`). */
  readonly key_id: string;
  /** The caller's own `X-Request-ID`, where one was sent. */
  readonly client_request_id?: string;
  /** Whole microseconds from the request's arrival to the decision. */
  readonly latency_us: number;
}

export const EVENT_KINDS = [
  "service.started",
  "rules.activated",
  "rules.refused",
  "key.created",
  "key.revoked",
] as const;
export type EventKind = (typeof EVENT_KINDS)[number];

export interface EventRecord {
  readonly version: 1;
  readonly kind: EventKind;
  readonly id: string;
  readonly time: number;
  /** Who did it: a key id, or `system`. */
  readonly actor: string;
  /** What happened; JSON, no secrets. */
  readonly data: Readonly<Record<string, unknown>>;
}

/** Filters combine with AND; times are epoch milliseconds, `from` inclusive and `to` exclusive. */
export interface AuditQuery {
  readonly from?: number;
  readonly to?: number;
  readonly kind?: AuditRecord["kind"];
  readonly identity?: string;
  readonly action_type?: string;
  readonly action_name?: string;
  readonly decision?: Decision["decision"];
  readonly rule_id?: string;
  readonly session_id?: string;
  /** Only records with a smaller id than this one: the last id of the page before. */
  readonly before?: string;
  /** 1..500. */
  readonly limit: number;
}

/**
 * Where records are kept for reading.
 * - `insert` takes records as `serializeRecord` writes them, one on a line; empty lines mean nothing. It is idempotent by
 *   `id` (a record already there is left as it is), all or nothing, and may be retried.
 * - `list` is newest first (descending id); an empty array means no match.
 * - `get` gives undefined for an unknown id.
 * - Ids are compared byte by byte.
 * @throws UnavailableError `storage_unavailable` from every method when the database does not answer
 */
export interface AuditStore {
  insert(lines: string): Promise<void>;
  get(id: string): Promise<AuditRecord | undefined>;
  list(query: AuditQuery): Promise<AuditRecord[]>;
}

/** Records as `serializeRecord` wrote them, one on a line; `text` may hold empty lines, which mean nothing. */
export interface Lines {
  readonly text: string;
  readonly count: number;
}

/**
 * The durable queue in front of the store. What `append` has confirmed survives the process.
 * Records come out in the order they went in.
 */
export interface Spool {
  /**
   * Resolves when the record is written; all appends of one event-loop turn go out in one write.
   * @param line a record as `serializeRecord` writes it
   * @throws UnavailableError `audit_unavailable` when it could not be written; then it never shows up later
   */
  append(line: string): Promise<void>;
  /** The oldest confirmed records that are not yet acknowledged: at least one where there is one, at most `max`. */
  peek(max: number): Promise<Lines>;
  /** Forgets the records that the last `peek` gave: they are safely in the store. */
  acknowledge(): Promise<void>;
  /** Confirmed and not yet acknowledged. */
  readonly pending: number;
  /** Bytes on disk. */
  readonly bytes: number;
  close(): Promise<void>;
}
