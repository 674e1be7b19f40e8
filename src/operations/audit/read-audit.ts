import {
  type AuditFilters,
  type AuditQuery,
  type AuditSnapshot,
  type ChainedRecord,
  EVENT_KINDS,
  type StoredLine,
} from "../../audit/index.ts";
import { assertScope, type Caller } from "../../identity/index.ts";
import { AppError, UnavailableError } from "../../model/errors.ts";
import { isUuid } from "../../model/uuid.ts";
import type { Service } from "../service.ts";

export type { AuditFilters, AuditQuery, ChainedRecord };

export const AUDIT_KINDS = ["decision", ...EVENT_KINDS] as const;

/**
 * Newest first.
 * @returns also how many records of this process have not reached the database: those are not found yet
 * @throws AppError `insufficient_scope`, `storage_unavailable`
 */
export async function listAudit(
  service: Service,
  caller: Caller,
  query: AuditQuery,
): Promise<{ readonly records: ChainedRecord[]; readonly pending: number }> {
  assertScope(caller, "audit:read");
  const isFlushed = await service.flushAudit();
  return { records: await service.auditStore.list(query), pending: isFlushed ? 0 : service.spool.pending };
}

/** @throws AppError `insufficient_scope`, `not_found`, `storage_unavailable` */
export async function getAuditRecord(service: Service, caller: Caller, id: string): Promise<ChainedRecord> {
  assertScope(caller, "audit:read");
  const record = isUuid(id) ? await readAudit(service, id) : undefined;
  if (record === undefined) throw new AppError("not_found", "There is no audit record with this id.");
  return record;
}

/**
 * A record that was answered a moment ago may still be in the spool.
 * @throws UnavailableError `storage_unavailable`, also when it may be there and cannot be moved on: it is not known to be none
 */
export async function readAudit(service: Service, id: string): Promise<ChainedRecord | undefined> {
  const stored = await service.auditStore.get(id);
  if (stored !== undefined) return stored;
  const isFlushed = await service.flushAudit();
  const found = await service.auditStore.get(id);
  if (found === undefined && !isFlushed) {
    throw new UnavailableError("storage", "Recorded entries have not reached the database yet; it may be among them.");
  }
  return found;
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
 * @param at the moment to show instead of the present
 * @throws UnavailableError `storage_unavailable`, also at the end when records were dropped meanwhile
 */
export async function* scanAudit(
  { auditStore, auditPartitions }: Pick<Service, "auditStore" | "auditPartitions">,
  filters: AuditFilters,
  at?: AuditSnapshot,
): Pages {
  const snapshot = at ?? (await auditStore.snapshot());
  const partitions = await auditPartitions.list();
  let after: string | undefined;
  for (;;) {
    const page = await auditStore.scan({ ...filters, ...(after && { after }), snapshot, limit: PAGE_RECORDS });
    if (page.length > 0) yield page;
    if (page.length < PAGE_RECORDS) break;
    after = page.at(-1)!.id;
    await nextTurn();
  }
  const left = new Set((await auditPartitions.list()).map(({ name }) => name));
  if (partitions.every(({ name }) => left.has(name))) return;
  throw new UnavailableError("storage", "Records past their retention were dropped meanwhile; try again.");
}

/** None of them empty. */
export type Pages = AsyncGenerator<readonly StoredLine[], void>;

/**
 * `scanAudit` with its first page read: a database that is down shows before anything is answered.
 * @throws UnavailableError `storage_unavailable`
 */
export async function openScan(service: Parameters<typeof scanAudit>[0], filters: AuditFilters): Promise<Pages> {
  const pages = scanAudit(service, filters);
  return startingWith(await pages.next(), pages);
}

async function* startingWith(first: IteratorResult<readonly StoredLine[], void>, rest: Pages): Pages {
  if (first.done === true) return;
  yield first.value;
  yield* rest;
}

/** Resolves when the event loop has looked at its connections once more. */
export const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve));
