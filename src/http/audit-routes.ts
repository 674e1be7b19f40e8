import { z } from "zod";
import { EFFECTS } from "../model/decision.ts";
import { isUuid } from "../model/uuid.ts";
import { AUDIT_KINDS, type AuditQuery, type AuditRecord, getAuditRecord, listAudit } from "../operations/read-audit.ts";
import { answersWith } from "./openapi.ts";
import { invalid, readQuery } from "./read-body.ts";
import { type App, type HttpDeps, keyRoute, respond } from "./route.ts";

const LIMIT_DEFAULT = 50;
const LIMIT_MAX = 500;

const instant = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text));
const text = z.string().min(1).max(256);

const querySchema = z.strictObject({
  from: instant
    .optional()
    .meta({ type: "string", description: "At or after (RFC 3339).", examples: ["2026-01-31T00:00:00Z"] }),
  to: instant.optional().meta({ type: "string", description: "Before (RFC 3339)." }),
  kind: z.enum(AUDIT_KINDS).optional().meta({ description: "Kind of record." }),
  identity: text.optional().meta({ description: "Name of the identity that acted." }),
  action_type: text.optional().meta({ description: "The action's type." }),
  action_name: text.optional().meta({ description: "The action's name." }),
  decision: z.enum(EFFECTS).optional().meta({ description: "What was answered." }),
  rule_id: text.optional().meta({ description: "Full id of the rule that decided." }),
  session_id: text.optional().meta({ description: "The session." }),
  cursor: text.optional().meta({ description: "`next_cursor` of the page before." }),
  limit: z.coerce
    .number()
    .int()
    .min(1)
    .max(LIMIT_MAX)
    .default(LIMIT_DEFAULT)
    .meta({ description: `Records per page, 1 to ${LIMIT_MAX}.` }),
});

const recordSchema = z
  .looseObject({
    version: z.literal(1).meta({ description: "Version of the record's schema." }),
    kind: z.enum(AUDIT_KINDS).meta({ description: "Kind of record; the other fields depend on it." }),
    id: z.uuid().meta({ description: "UUIDv7; of a decision, its request id." }),
    time: z.iso.datetime().meta({ description: "When it happened (RFC 3339)." }),
  })
  .meta({
    id: "AuditRecord",
    description: "One record. A decision holds the request as it was sent, who acted, and the whole decision.",
  });

const listSchema = z
  .object({
    items: z.array(recordSchema).meta({ description: "Newest first." }),
    next_cursor: z.string().nullable().meta({ description: "For the next page; null on the last one." }),
  })
  .meta({ id: "AuditList", description: "A page of records." });

const RECORD = {
  version: 1,
  kind: "decision",
  id: "01890b6e-7c00-7000-8000-000000000000",
  time: "2026-01-31T09:00:00.000Z",
  request: {
    action_type: "tool_call",
    action_name: "stripe.refund",
    arguments: { charge: "ch_1", amount: 120 },
    session_id: "run-42",
  },
  identity: { name: "support-agent", roles: ["support"], attributes: {} },
  decision: {
    decision: "approval_required",
    reason: "Refunds above $50 need a person.",
    reason_code: "rule_matched",
    rule_id: "payments/refund-over-cap",
    rule_name: "Refunds over the cap",
    rules: ["payments/refund-over-cap"],
    obligations: [],
    errors: [],
    policy_revision: `sha256:${"0".repeat(64)}`,
    cache_ttl_seconds: 0,
  },
  key_id: "01890b6e-7c00-7000-8000-000000000001",
  latency_us: 21,
};

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
      responses: { 200: answersWith(listSchema, "A page, newest first.", { items: [RECORD], next_cursor: RECORD.id }) },
    },
    { problems: ["invalid_request", "storage_unavailable"] },
    async (c, caller, exchange) => {
      const { cursor, limit, ...filters } = readQuery(c, querySchema);
      if (cursor !== undefined && !isUuid(cursor)) {
        throw invalid([{ pointer: "/cursor", detail: "is not a cursor of this list" }], "A query parameter is wrong.");
      }
      // One more than asked for tells whether there is a next page.
      const query = withoutUndefined({ ...filters, before: cursor, limit: limit + 1 });
      const records = await listAudit(service, caller, query);
      const items = records.slice(0, limit);
      const next_cursor = records.length > limit ? (items.at(-1)?.id ?? null) : null;
      return respond({ items: items.map(recordJson), next_cursor }, exchange.clientRequestId);
    },
  );

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
      return respond(recordJson(record), exchange.clientRequestId);
    },
  );
}

const recordJson = (record: AuditRecord) => ({ ...record, time: new Date(record.time).toISOString() });

function withoutUndefined(query: { [K in keyof AuditQuery]: AuditQuery[K] | undefined }): AuditQuery {
  return Object.fromEntries(Object.entries(query).filter(([, value]) => value !== undefined)) as unknown as AuditQuery;
}
