import type { Identity } from "../model/activation.ts";
import type { Decision } from "../model/decision.ts";
import type { EvaluateRequest } from "../model/request.ts";
import type { ChainHead, ChainLink } from "./chain.ts";

/**
 * One entry of the audit log. `id` is a UUIDv7; ids of one writer ascend with its chain. `time` is RFC 3339 in UTC with
 * milliseconds. A decision record holds all that `decide` saw, so that its rule set gives the same decision again.
 */
export type AuditRecord = DecisionRecord | EventRecord;

/** A record as spool and store keep it. */
export type ChainedRecord = AuditRecord & ChainLink;

export interface DecisionRecord {
  readonly version: 1;
  readonly kind: "decision";
  readonly id: string;
  /** The same as `id`: what the answer called it. */
  readonly request_id: string;
  readonly time: string;
  /** As it was sent, but for what was redacted: see `activationOf` for what the rules saw of it. */
  readonly request: EvaluateRequest;
  /** Who acts, as the rules saw it. */
  readonly identity: Identity;
  readonly decision: Decision;
  /** What the rules alone decided, where an approval made another decision of it. */
  readonly ruled?: Decision;
  /** The approval that the decision rests on: who gave it, and when. */
  readonly approval?: Readonly<Record<string, unknown>>;
  /** Id of the API key that asked; `identity` may be another's (`evaluate:as`). */
  readonly key_id: string;
  /** The caller's own `X-Request-ID`, where one was sent. */
  readonly client_request_id?: string;
  /** Whole microseconds from the request's arrival to the decision. */
  readonly latency_us: number;
  /**
   * JSON pointers, within the record, of what was replaced because it looked like a secret. A decision about such a
   * request cannot be made again from the record alone where a rule reads one of them.
   */
  readonly redacted?: readonly string[];
  /** Only with `redacted`: `hmac-sha256:<hex>` over the RFC 8785 form of the arguments before anything was replaced. */
  readonly arguments_digest?: string;
}

export const EVENT_KINDS = [
  "service.started",
  "rules.activated",
  "rules.refused",
  "shadow.differed",
  "policy.dry_run",
  "policy.replay",
  "key.created",
  "key.revoked",
  "approval.opened",
  "approval.voted",
  "approval.approved",
  "approval.denied",
  "approval.cancelled",
  "approval.expired",
  "approval.consumed",
  "audit.expired",
  "checkpoint",
] as const;
export type EventKind = (typeof EVENT_KINDS)[number];

export interface EventRecord {
  readonly version: 1;
  readonly kind: EventKind;
  readonly id: string;
  readonly time: string;
  /** Who did it: a key id, or `system`. */
  readonly actor: string;
  /** What happened; JSON, no secrets. */
  readonly data: Readonly<Record<string, unknown>>;
  /** As of a decision. */
  readonly redacted?: readonly string[];
}

/**
 * Filters combine with AND. `from` (inclusive) and `to` (exclusive) are epoch milliseconds and are held against the
 * instants in the ids.
 */
export interface AuditFilters {
  readonly from?: number;
  readonly to?: number;
  readonly kind?: AuditRecord["kind"];
  readonly identity?: string;
  readonly action_type?: string;
  readonly action_name?: string;
  readonly decision?: Decision["decision"];
  readonly rule_id?: string;
  readonly session_id?: string;
}

export interface AuditQuery extends AuditFilters {
  /** Only records with a smaller id than this one: the last id of the page before. */
  readonly before?: string;
  readonly limit: number;
}

export interface AuditScan extends AuditFilters {
  /** Only records with a greater id than this one: the last id of the page before. */
  readonly after?: string;
  /** Only records that were in the store at that moment: without it, pages may show a later record of a chain alone. */
  readonly snapshot?: AuditSnapshot;
  readonly limit: number;
}

/** A moment in the life of the store; see `AuditStore.snapshot`. */
export type AuditSnapshot = string & { readonly audit: "snapshot" };

/** A stored record: the line byte for byte as it was written, and its id. */
export interface StoredLine {
  readonly id: string;
  readonly line: string;
}

/** A page of records in the order in which they arrived in the store. */
export interface Arrivals {
  readonly lines: readonly StoredLine[];
  /** To go on from, also when there are no lines. Opaque: `[0-9a-z.-]{1,80}`. */
  readonly cursor: string;
  /** One for each line: to go on right behind it. */
  readonly cursors: readonly string[];
}

/**
 * Where records are kept for reading.
 * - `insert` takes lines as the spool gives them (a record with its link on each; empty lines mean nothing). It is
 *   idempotent by `id` (a record already there is left as it is), all or nothing, and may be retried. It keeps nothing of
 *   the buffer once it has settled, which the spool reads into again.
 * - `list` is newest first (descending id), `scan` oldest first (ascending id); an empty array means no match.
 * - `snapshot` stands for what is in the store at the moment of the call: a scan over many pages that is given it sees
 *   exactly that, whoever inserts meanwhile. It holds nothing up and need not be let go.
 * - `arrivals` gives each record exactly once to who follows the cursors, however late it arrived and however many
 *   writers insert at once; without a cursor it gives no lines but the cursor for all that arrives from now on.
 * - `get` gives undefined for an unknown id.
 * - Ids are compared byte by byte.
 * @throws UnavailableError `storage_unavailable` from every method when the database does not answer
 * @throws AppError `invalid_request` from `arrivals` for a cursor that it never gave
 */
export interface AuditStore {
  insert(lines: Buffer): Promise<void>;
  get(id: string): Promise<ChainedRecord | undefined>;
  list(query: AuditQuery): Promise<ChainedRecord[]>;
  scan(query: AuditScan): Promise<StoredLine[]>;
  snapshot(): Promise<AuditSnapshot>;
  arrivals(cursor: string | undefined, filters: AuditFilters, limit: number): Promise<Arrivals>;
}

/** Records of one month that are kept together. */
export interface AuditPartition {
  readonly name: string;
  /** Epoch milliseconds; of the first instant in it, and of the first behind it. */
  readonly from: number;
  readonly to: number;
}

/**
 * Letting go of old records, a month at a time.
 * - `list` is ascending by time.
 * - `drop` forgets the partitions' records for good, of all or of none: it gives false, and drops none, when one of them
 *   holds a record that was not there at `snapshot`. What is gone already does not matter.
 * @throws UnavailableError `storage_unavailable`
 */
export interface AuditPartitions {
  list(): Promise<AuditPartition[]>;
  drop(partitions: readonly AuditPartition[], snapshot: AuditSnapshot): Promise<boolean>;
}

/** Lines of chained records. */
export interface Lines {
  /** In UTF-8, as they were written; there may be empty lines, which mean nothing. They hold until the next `peek`. */
  readonly bytes: Buffer;
  readonly count: number;
}

/**
 * The durable queue in front of the store. What `append` has confirmed survives the process.
 * Records come out in the order they went in.
 */
export interface Spool {
  /**
   * Adds the record to the chain. Resolves when it is written; all appends of one event-loop turn go out in one write.
   * @param record as `serializeRecord` writes it
   * @throws UnavailableError `audit_unavailable` when it could not be written; then it never shows up later, and the next
   * record takes its place in the chain
   */
  append(record: string): Promise<void>;
  /** Signs the chain as it is, unless nothing was recorded since the last checkpoint. @throws as `append` */
  checkpoint(): Promise<void>;
  /** The oldest confirmed records that are not yet acknowledged: at least one where there is one, at most `max`. */
  peek(max: number): Promise<Lines>;
  /** Forgets the records that the last `peek` gave: they are safely in the store. */
  acknowledge(): Promise<void>;
  /** Confirmed and not yet acknowledged. */
  readonly pending: number;
  /** Bytes on disk. */
  readonly bytes: number;
  /** The last confirmed record. */
  readonly head: ChainHead;
  /** The last record that was acknowledged since the spool was opened: it is in the store. */
  readonly storedHead: ChainHead | undefined;
  /** When the oldest record that is not yet acknowledged was made, in epoch milliseconds; undefined when there is none. */
  oldestTime(): number | undefined;
  close(): Promise<void>;
}
