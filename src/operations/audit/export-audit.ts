import { type AuditFilters, createExport, csvHeader, csvRow, parseRecord } from "../../audit/index.ts";
import { assertScope, type Caller } from "../../identity/index.ts";
import { UnavailableError } from "../../model/errors.ts";
import { instantText } from "../../model/instant.ts";
import type { Service } from "../service.ts";
import { openScan, type Pages } from "./read-audit.ts";

export const EXPORT_FORMATS = ["ndjson", "csv"] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

export interface AuditExport {
  /** `verdict-audit-<from>-<to>.<format>`; safe in a header and on every file system. */
  readonly fileName: string;
  /**
   * The file, one page of records at a time: a page is read when it is asked for. Throws when the database fails in the
   * middle: then nothing that was given may be taken for an export.
   */
  readonly chunks: AsyncGenerator<Uint8Array, void>;
}

type ExportService = Pick<Service, "auditStore" | "auditPartitions" | "flushAudit" | "signer" | "clock">;

/**
 * All records that match, oldest first, with everything in it that this process recorded before the call. NDJSON is what
 * `createExport` describes and can be verified; CSV is for spreadsheets and cannot.
 * @throws AppError `insufficient_scope`, `storage_unavailable`, also when recorded entries do not reach the database: an
 * export with a hole is none
 */
export async function exportAudit(
  service: ExportService,
  caller: Caller,
  format: ExportFormat,
  filters: AuditFilters,
): Promise<AuditExport> {
  assertScope(caller, "audit:read");
  const now = service.clock.now();
  await assertFlushed(service);
  const all = await openScan(service, filters);
  return {
    fileName: `verdict-audit-${compact(filters.from) ?? "start"}-${compact(filters.to ?? now)}.${format}`,
    chunks: format === "csv" ? csvChunks(all) : signedChunks(service, filters, all),
  };
}

/** @throws UnavailableError `storage_unavailable` when something recorded before the call is not in the database */
export async function assertFlushed({ flushAudit }: Pick<Service, "flushAudit">): Promise<void> {
  if (!(await flushAudit())) {
    throw new UnavailableError(
      "storage",
      "Recorded entries have not reached the database yet; an export would lack them.",
    );
  }
}

async function* signedChunks(
  { signer, clock }: Pick<Service, "signer" | "clock">,
  filters: AuditFilters,
  pages: Pages,
): AsyncGenerator<Uint8Array, void> {
  const exported = createExport(signer, filters);
  for await (const page of pages) yield exported.add(page.map(({ line }) => line));
  yield Buffer.from(exported.end(instantText(clock.now())));
}

async function* csvChunks(pages: Pages): AsyncGenerator<Uint8Array, void> {
  yield Buffer.from(csvHeader);
  for await (const page of pages) yield Buffer.from(page.map(({ line }) => csvRow(parseRecord(line))).join(""));
}

/** `20260131T090000Z`. */
const compact = (instant: number | undefined) =>
  instant === undefined ? undefined : instantText(instant).replace(/[-:]|\.\d+/g, "");
