import { z } from "zod";
import { createApprovalInbox, type InboxEvent } from "../operations/approvals/stream-approvals.ts";
import { approvalJsons } from "./approval-json.ts";
import { answerEvents } from "./event-answer.ts";
import { readQuery } from "./read-body.ts";
import { type App, type HttpDeps, keyRoute } from "./route.ts";

export function addApprovalStreamRoute(app: App, deps: HttpDeps): void {
  const inbox = createApprovalInbox(deps.service);
  keyRoute(
    app,
    deps,
    {
      method: "get",
      path: "/v1/approvals/stream",
      operationId: "streamApprovals",
      tags: ["Approvals"],
      summary: "Follow approvals",
      description:
        "Needs the scope `approvals:read`; a key of a tenant follows that tenant's. Server-Sent Events: `event` is the status, " +
        "`data` the approval. It begins with all that are pending, oldest first, and then `synced`: what a client knew " +
        "besides is not pending any more. From then on every change is an event; a vote is `pending` again. There is nothing " +
        "to resume: who comes back is told all that are pending anew. The stream ends when the key does.",
      responses: {
        200: {
          description: "Events, until somebody ends it.",
          content: { "text/event-stream": { schema: z.string() } },
        },
      },
    },
    { problems: ["invalid_request", "too_many_requests", "storage_unavailable"] },
    async (c, caller, exchange) => {
      readQuery(c, z.strictObject({}));
      const feed = await inbox.open(caller);
      return answerEvents(c, deps, exchange, "a stream of approvals", {
        next: async () => eventsOf(await feed.next()),
        wait: () => feed.wait(),
        close: () => feed.close(),
      });
    },
  );
}

async function eventsOf(told: readonly InboxEvent[]) {
  const approvals = told.flatMap((event) => (event.kind === "approval" ? [event.approval] : []));
  const texts = (await approvalJsons(approvals)).values();
  return told.map((event) =>
    event.kind === "synced"
      ? { event: event.kind, data: JSON.stringify({ pending: event.pending }) }
      : { event: event.approval.status, data: texts.next().value! },
  );
}
