import {
  type AuditFilters,
  type AuditQuery,
  type ChainedRecord,
  EVENT_KINDS,
  type StoredLine,
} from "../audit/index.ts";
import { assertScope, type Caller } from "../identity/index.ts";
import { AppError } from "../model/errors.ts";
import { isUuid } from "../model/uuid.ts";
import type { Service } from "./service.ts";

export type { AuditFilters, AuditQuery, ChainedRecord };

export const AUDIT_KINDS = ["decision", ...EVENT_KINDS] as const;

/** Newest first. @throws AppError `insufficient_scope`, `storage_unavailable` */
export async function listAudit(service: Service, caller: Caller, query: AuditQuery): Promise<ChainedRecord[]> {
  assertScope(caller, "audit:read");
  await service.flushAudit();
  return service.auditStore.list(query);
}

/** @throws AppError `insufficient_scope`, `not_found`, `storage_unavailable` */
export async function getAuditRecord(service: Service, caller: Caller, id: string): Promise<ChainedRecord> {
  assertScope(caller, "audit:read");
  const record = isUuid(id) ? await readAudit(service, id) : undefined;
  if (record === undefined) throw new AppError("not_found", "There is no audit record with this id.");
  return record;
}

/** A record that was answered a moment ago may still be in the spool. */
export async function readAudit(service: Service, id: string): Promise<ChainedRecord | undefined> {
  const stored = await service.auditStore.get(id);
  if (stored !== undefined) return stored;
  await service.flushAudit();
  return service.auditStore.get(id);
}

/**
 * Records in one read. The embedded database answers in the thread that decides: a read of 100 holds a decision up for some
 * 5 ms, one of 500 for 40 ms, and the whole takes as long either way. PostgreSQL gives 50,000 records a second like this.
 */
const PAGE_RECORDS = 100;

/**
 * All records that match and were there at the first read, oldest first, a page at a time: the next one is read only when
 * it is asked for. Between two pages whatever else waits has its turn. No page is empty.
 *
 * INVARIANT: of each chain it is the beginning without a hole. Other replicas insert meanwhile; what of theirs sorts before
 * the page under way would be missing, and what sorts behind it would not.
 * @throws UnavailableError `storage_unavailable`
 */
export async function* scanAudit(
  { auditStore }: Pick<Service, "auditStore">,
  filters: AuditFilters,
): AsyncGenerator<readonly StoredLine[], void> {
  const snapshot = await auditStore.snapshot();
  let after: string | undefined;
  for (;;) {
    const page = await auditStore.scan({ ...filters, ...(after && { after }), snapshot, limit: PAGE_RECORDS });
    if (page.length > 0) yield page;
    if (page.length < PAGE_RECORDS) return;
    after = page.at(-1)!.id;
    await nextTurn();
  }
}

/** Resolves when the event loop has looked at its connections once more. */
export const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve));
