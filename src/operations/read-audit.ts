import { type AuditQuery, type AuditRecord, EVENT_KINDS } from "../audit/index.ts";
import { assertScope, type Caller } from "../identity/index.ts";
import { AppError } from "../model/errors.ts";
import { isUuid } from "../model/uuid.ts";
import type { Service } from "./service.ts";

export type { AuditQuery, AuditRecord };

export const AUDIT_KINDS = ["decision", ...EVENT_KINDS] as const;

/** Newest first. @throws AppError `insufficient_scope`, `storage_unavailable` */
export async function listAudit(service: Service, caller: Caller, query: AuditQuery): Promise<AuditRecord[]> {
  assertScope(caller, "audit:read");
  await service.flushAudit();
  return service.auditStore.list(query);
}

/** @throws AppError `insufficient_scope`, `not_found`, `storage_unavailable` */
export async function getAuditRecord(service: Service, caller: Caller, id: string): Promise<AuditRecord> {
  assertScope(caller, "audit:read");
  const record = isUuid(id) ? await readAudit(service, id) : undefined;
  if (record === undefined) throw new AppError("not_found", "There is no audit record with this id.");
  return record;
}

/** A record that was answered a moment ago may still be in the spool. */
export async function readAudit(service: Service, id: string): Promise<AuditRecord | undefined> {
  const stored = await service.auditStore.get(id);
  if (stored !== undefined) return stored;
  await service.flushAudit();
  return service.auditStore.get(id);
}
