import { z } from "zod";
import { isUuid } from "../model/uuid.ts";
import { APPROVAL_STATUSES, listApprovals } from "../operations/approvals/read-approvals.ts";
import { createApprovalWaiters } from "../operations/approvals/wait-for-approval.ts";
import { createApprovalDetails } from "./approval-detail-json.ts";
import { approvalJsons } from "./approval-json.ts";
import { addApprovalResolveRoutes } from "./approval-resolve-routes.ts";
import { APPROVED, approvalDetailSchema, approvalListSchema, DETAIL, PENDING } from "./approval-schemas.ts";
import { addApprovalStreamRoute } from "./approval-stream-route.ts";
import { answersWith } from "./openapi.ts";
import { header, invalid, readQuery } from "./read-body.ts";
import { type App, type HttpDeps, keyRoute, respondText } from "./route.ts";

const LIMIT_DEFAULT = 50;
const LIMIT_MAX = 200;
const WAIT_SECONDS_MAX = 60;

const text = z.string().min(1).max(256);

const listQuerySchema = z.strictObject({
  status: z.enum(APPROVAL_STATUSES).optional().meta({ description: "How it stands." }),
  identity: text.optional().meta({ description: "Name of the identity that asks." }),
  rule_id: text.optional().meta({ description: "Full id of the rule that decided." }),
  cursor: text.optional().meta({ description: "`next_cursor` of the page before." }),
  limit: z.coerce
    .number()
    .int()
    .min(1)
    .max(LIMIT_MAX)
    .default(LIMIT_DEFAULT)
    .meta({ description: `Approvals per page at most, 1 to ${LIMIT_MAX}.` }),
});

const oneQuerySchema = z.strictObject({
  wait_seconds: z.coerce
    .number()
    .int()
    .min(0)
    .max(WAIT_SECONDS_MAX)
    .default(0)
    .meta({
      description: `While it is pending, answer only when it no longer is, or after so many seconds: 0 to ${WAIT_SECONDS_MAX}.`,
    }),
});

/** What people answer, and what agents wait for. */
export function addApprovalRoutes(app: App, deps: HttpDeps): void {
  addListRoute(app, deps);
  // Before the route of one approval, whose path it matches too.
  addApprovalStreamRoute(app, deps);
  addGetRoute(app, deps);
  addApprovalResolveRoutes(app, deps);
}

function addListRoute(app: App, deps: HttpDeps): void {
  keyRoute(
    app,
    deps,
    {
      method: "get",
      path: "/v1/approvals",
      operationId: "listApprovals",
      tags: ["Approvals"],
      summary: "Search approvals",
      description:
        "Needs the scope `approvals:read`; a key of a tenant finds that tenant's. Filters combine with AND. A page ends before " +
        "`limit` where the requests in it have a megabyte; go on until `next_cursor` is null.",
      request: { query: listQuerySchema },
      responses: {
        200: answersWith(approvalListSchema, "A page, newest first.", { items: [PENDING], next_cursor: null }),
      },
    },
    { problems: ["invalid_request", "storage_unavailable"] },
    async (c, caller, exchange) => {
      const { status, identity, rule_id, cursor, limit } = readQuery(c, listQuerySchema);
      if (cursor !== undefined && !isUuid(cursor)) {
        throw invalid([{ pointer: "/cursor", detail: "is not a cursor of this list" }], "A query parameter is wrong.");
      }
      const { approvals, isMore } = await listApprovals(deps.service, caller, {
        ...(status && { status }),
        ...(identity && { identity }),
        ...(rule_id && { ruleId: rule_id }),
        ...(cursor && { before: cursor }),
        limit,
      });
      const items = await approvalJsons(approvals);
      const next = JSON.stringify(isMore ? approvals.at(-1)!.id : null);
      return respondText(`{"items":[${items.join(",")}],"next_cursor":${next}}`, exchange.clientRequestId);
    },
  );
}

function addGetRoute(app: App, deps: HttpDeps): void {
  const { service, stopping } = deps;
  const waiters = createApprovalWaiters(service, stopping);
  const detailFor = createApprovalDetails(service);
  keyRoute(
    app,
    deps,
    {
      method: "get",
      path: "/v1/approvals/{id}",
      operationId: "getApproval",
      tags: ["Approvals"],
      summary: "One approval, now or once it is answered",
      description:
        "A key with the scope `evaluate` sees what it, or its identity, asked for; one with `approvals:read` sees all of its " +
        "tenant, with what else an approver needs. Everything else is a 404.",
      request: {
        params: z.object({ id: z.uuid().meta({ description: "The approval's id." }) }),
        query: oneQuerySchema,
      },
      responses: {
        200: {
          description: "The approval as it is.",
          content: {
            "application/json": {
              schema: approvalDetailSchema,
              examples: { approver: { value: DETAIL }, agent: { value: APPROVED } },
            },
          },
        },
      },
    },
    { problems: ["invalid_request", "not_found", "too_many_requests", "storage_unavailable"] },
    async (c, caller, exchange) => {
      const { wait_seconds } = readQuery(c, oneQuerySchema);
      const authorization = header(c, "authorization");
      const approval = await waiters.wait(caller, c.req.param("id") ?? "", {
        ms: wait_seconds * 1000,
        gone: c.req.raw.signal,
        assertAllowed: () => void service.keyRing.authenticate(authorization, service.clock.now()),
      });
      return respondText(await detailFor(caller, approval), exchange.clientRequestId);
    },
  );
}
