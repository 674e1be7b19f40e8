import { z } from "zod";
import { EXPORT_FORMATS, exportAudit } from "../operations/audit/export-audit.ts";
import { streamed } from "./audit-body.ts";
import { filterShape, toFilters } from "./audit-schemas.ts";
import { readQuery } from "./read-body.ts";
import { type App, type HttpDeps, keyRoute } from "./route.ts";

const querySchema = z.strictObject({
  format: z.enum(EXPORT_FORMATS).default("ndjson").meta({ description: "What the file is." }),
  ...filterShape,
});

const MEDIA_TYPES = {
  ndjson: "application/x-ndjson",
  // RFC 4180 section 3.
  csv: "text/csv; charset=utf-8; header=present",
} as const;

export function addAuditExportRoute(app: App, deps: HttpDeps): void {
  const { service } = deps;
  keyRoute(
    app,
    deps,
    {
      method: "get",
      path: "/v1/audit/export",
      operationId: "exportAudit",
      tags: ["Audit"],
      summary: "Download the audit log",
      description:
        "Needs the scope `audit:read`. All records that match, oldest first, as a file. NDJSON has each record as it was " +
        "recorded, and a signed last line over all before it: `verdict audit verify` checks it offline. CSV is for " +
        "spreadsheets and has no such line. A file that cannot be completed is cut off in the transfer.",
      request: { query: querySchema },
      responses: {
        200: {
          description: "The file.",
          content: { "application/x-ndjson": { schema: z.string() }, "text/csv": { schema: z.string() } },
        },
      },
    },
    { problems: ["invalid_request", "storage_unavailable"] },
    async (c, caller, exchange) => {
      const { format, ...filters } = readQuery(c, querySchema);
      const { fileName, chunks } = await exportAudit(service, caller, format, toFilters(filters));
      const headers = {
        "content-type": MEDIA_TYPES[format],
        "content-disposition": `attachment; filename="${fileName}"`,
        ...(exchange.clientRequestId && { "x-request-id": exchange.clientRequestId }),
      };
      return streamed(c, headers, {
        async read() {
          const { value } = await chunks.next();
          return value ?? undefined;
        },
        close(failure) {
          if (failure !== undefined) service.logger.error({ err: failure }, "an export was cut off");
          void chunks.return();
        },
      });
    },
  );
}
