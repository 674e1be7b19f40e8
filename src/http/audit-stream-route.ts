import { z } from "zod";
import { openAuditTail } from "../operations/audit/stream-audit.ts";
import { filterShape, toFilters } from "./audit-schemas.ts";
import { answerEvents } from "./event-answer.ts";
import { header, readQuery } from "./read-body.ts";
import { type App, type HttpDeps, keyRoute } from "./route.ts";

const querySchema = z.strictObject({
  ...filterShape,
  last_event_id: z
    .string()
    .min(1)
    .max(256)
    .optional()
    .meta({ description: "As the header `Last-Event-ID`, for clients that cannot set it; the header wins." }),
});

const headerSchema = z.object({
  "Last-Event-ID": z.string().optional().meta({
    description: "`id` of the last event that was seen: the stream goes on right behind it, with nothing left out.",
  }),
});

export function addAuditStreamRoute(app: App, deps: HttpDeps): void {
  const { service } = deps;
  keyRoute(
    app,
    deps,
    {
      method: "get",
      path: "/v1/audit/stream",
      operationId: "streamAudit",
      tags: ["Audit"],
      summary: "Follow the audit log",
      description:
        "Needs the scope `audit:read`. Server-Sent Events: `event` is the record's kind, `data` the record as it was " +
        "recorded, `id` what to resume from. Without `Last-Event-ID` it begins with what arrives from now on. Records come " +
        "in the order in which they reach the database, within about a second. The stream ends when the key does.",
      request: { query: querySchema, headers: headerSchema },
      responses: {
        200: {
          description: "Events, until somebody ends it.",
          content: { "text/event-stream": { schema: z.string() } },
        },
      },
    },
    { problems: ["invalid_request", "too_many_requests", "storage_unavailable"] },
    async (c, caller, exchange) => {
      const { last_event_id, ...filters } = readQuery(c, querySchema);
      const tail = await openAuditTail(
        service,
        caller,
        toFilters(filters),
        header(c, "last-event-id") || last_event_id,
      );
      return answerEvents(c, deps, exchange, "an audit stream", {
        next: async () =>
          (await tail.next()).map(({ cursor, kind, line }) => ({ id: cursor, event: kind, data: line })),
        wait: () => tail.waitForArrivals(),
        get lastId() {
          return tail.cursor;
        },
        close: () => tail.close(),
      });
    },
  );
}
