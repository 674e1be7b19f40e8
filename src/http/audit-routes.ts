import { z } from "zod";
import { isUuid } from "../model/uuid.ts";
import { getAuditRecord, listAudit } from "../operations/audit/read-audit.ts";
import { addAuditExportRoute } from "./audit-export-route.ts";
import { filterShape, RECORD, recordSchema, toFilters } from "./audit-schemas.ts";
import { addAuditStreamRoute } from "./audit-stream-route.ts";
import { addAuditVerifyRoutes } from "./audit-verify-routes.ts";
import { answersWith } from "./openapi.ts";
import { invalid, readQuery } from "./read-body.ts";
import { type App, type HttpDeps, keyRoute, respond } from "./route.ts";

const LIMIT_DEFAULT = 50;
const LIMIT_MAX = 500;

const querySchema = z.strictObject({
  ...filterShape,
  cursor: z.string().min(1).max(256).optional().meta({ description: "`next_cursor` of the page before." }),
  limit: z.coerce
    .number()
    .int()
    .min(1)
    .max(LIMIT_MAX)
    .default(LIMIT_DEFAULT)
    .meta({ description: `Records per page, 1 to ${LIMIT_MAX}.` }),
});

const listSchema = z
  .object({
    items: z.array(recordSchema).meta({ description: "Newest first." }),
    next_cursor: z.string().nullable().meta({ description: "For the next page; null on the last one." }),
    pending: z.int().meta({
      description:
        "Records of this process that have not reached the database, so that they are not found yet; 0 as a rule.",
    }),
  })
  .meta({ id: "AuditList", description: "A page of records." });

export function addAuditRoutes(app: App, deps: HttpDeps): void {
  const { service } = deps;

  keyRoute(
    app,
    deps,
    {
      method: "get",
      path: "/v1/audit",
      operationId: "listAudit",
      tags: ["Audit"],
      summary: "Search the audit log",
      description: "Needs the scope `audit:read`. Filters combine with AND.",
      request: { query: querySchema },
      responses: {
        200: answersWith(listSchema, "A page, newest first.", { items: [RECORD], next_cursor: RECORD.id, pending: 0 }),
      },
    },
    { problems: ["invalid_request", "storage_unavailable"] },
    async (c, caller, exchange) => {
      const { cursor, limit, ...filters } = readQuery(c, querySchema);
      if (cursor !== undefined && !isUuid(cursor)) {
        throw invalid([{ pointer: "/cursor", detail: "is not a cursor of this list" }], "A query parameter is wrong.");
      }
      // One more than asked for tells whether there is a next page.
      const query = { ...toFilters(filters), ...(cursor && { before: cursor }), limit: limit + 1 };
      const { records, pending } = await listAudit(service, caller, query);
      const items = records.slice(0, limit);
      const next_cursor = records.length > limit ? (items.at(-1)?.id ?? null) : null;
      return respond({ items, next_cursor, pending }, exchange.clientRequestId);
    },
  );

  // Before the route of one record, whose path they match too.
  addAuditStreamRoute(app, deps);
  addAuditExportRoute(app, deps);
  addAuditVerifyRoutes(app, deps);

  keyRoute(
    app,
    deps,
    {
      method: "get",
      path: "/v1/audit/{request_id}",
      operationId: "getAuditRecord",
      tags: ["Audit"],
      summary: "One audit record",
      description: "Needs the scope `audit:read`.",
      request: { params: z.object({ request_id: z.uuid().meta({ description: "The record's id." }) }) },
      responses: { 200: answersWith(recordSchema, "The record.", RECORD) },
    },
    { problems: ["not_found", "storage_unavailable"] },
    async (c, caller, exchange) => {
      const record = await getAuditRecord(service, caller, c.req.param("request_id") ?? "");
      return respond(record, exchange.clientRequestId);
    },
  );
}
