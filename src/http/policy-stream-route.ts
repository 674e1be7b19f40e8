import { z } from "zod";
import { createPolicyFollowers, type PolicyEvent } from "../operations/rule-sets/stream-policy.ts";
import { answerEvents } from "./event-answer.ts";
import { readQuery } from "./read-body.ts";
import { type App, type HttpDeps, keyRoute } from "./route.ts";

export function addPolicyStreamRoute(app: App, deps: HttpDeps): void {
  const followers = createPolicyFollowers(deps.service);
  keyRoute(
    app,
    deps,
    {
      method: "get",
      path: "/v1/policy/stream",
      operationId: "streamPolicy",
      tags: ["Decisions"],
      summary: "Follow what ends kept answers",
      description:
        "Needs the scope `evaluate`. Server-Sent Events for clients that reuse answers within `cache_ttl_seconds`. It begins with " +
        "`revision`, whose `policy_revision` is that of the active rules, and tells it again whenever other rules are " +
        "active. `revoked` says that an API key was revoked, at this replica or at another one; not which. A client forgets " +
        "every answer at a `revision` that it did not know, and at any other event, also one of a type that it does not know. " +
        "While it has no stream, or heard nothing for longer than two of the comments that come every 15 seconds, it reuses " +
        "none. There is nothing to resume. The stream ends when the key does.",
      responses: {
        200: {
          description: "Events, until somebody ends it.",
          content: { "text/event-stream": { schema: z.string() } },
        },
      },
    },
    { problems: ["invalid_request", "too_many_requests"] },
    async (c, caller, exchange) => {
      readQuery(c, z.strictObject({}));
      const feed = await followers.open(caller);
      return answerEvents(c, deps, exchange, "a stream of the policy", {
        next: async () => feed.next().map(toStreamEvent),
        wait: () => feed.wait(),
        close: () => feed.close(),
      });
    },
  );
}

function toStreamEvent(event: PolicyEvent) {
  const data = event.kind === "revision" ? { policy_revision: event.policyRevision } : {};
  return { event: event.kind, data: JSON.stringify(data) };
}
