import { z } from "zod";
import { CHECK_LIMITS } from "../model/limits.ts";
import { type ReplayStep, replayAudit } from "../operations/replay/replay-audit.ts";
import { streamed } from "./audit-body.ts";
import { endSignal } from "./end-signal.ts";
import { BODY_PROBLEMS, jsonBody } from "./openapi.ts";
import { problemOf } from "./problem.ts";
import { readQuery } from "./read-body.ts";
import { readLargeBody } from "./read-large-body.ts";
import { replayRequestSchema } from "./replay-body.ts";
import { type App, expectedError, type HttpDeps, keyRoute } from "./route.ts";

const RULES = `version: 1
policy: payments
rules:
  - id: refund-small
    action: { type: tool_call, name: stripe.refund }
    when: arguments.amount <= 200
    decision: allow
    reason: Refunds up to $200 are ordinary.
`;

const EXAMPLES = {
  week: {
    rules: [{ path: "payments.yaml", content: RULES }],
    from: "2026-01-24T00:00:00Z",
    to: "2026-01-31T00:00:00Z",
    action_name: "stripe.refund",
  },
};

export function addReplayRoute(app: App, deps: HttpDeps): void {
  const { service } = deps;
  keyRoute(
    app,
    deps,
    {
      method: "post",
      path: "/v1/policy/replay",
      operationId: "replay",
      tags: ["Rules"],
      summary: "Make recorded decisions again",
      description:
        "Needs the scopes `dry-run` and `audit:read`. Decides the decisions in the audit log again with candidate rules, in a " +
        "thread of its own, and tells which would come out otherwise. Lines of JSON: `type` is `progress` about once a second, " +
        "and in the last line `summary`, or `error` with a `problem` when it could not be finished. Nothing is decided or asked by " +
        "it; one event in the audit log says that it was done. What depends on what was redacted is counted as undecidable. A " +
        `body of up to ${CHECK_LIMITS.bodyBytesMax} bytes, up to ${CHECK_LIMITS.replayMs / 60_000} minutes, and one replay at ` +
        "a time.",
      request: jsonBody(replayRequestSchema, EXAMPLES),
      responses: {
        200: { description: "The lines.", content: { "application/x-ndjson": { schema: z.string() } } },
      },
    },
    {
      problems: [
        ...BODY_PROBLEMS,
        "rules_invalid",
        "limit_exceeded",
        "too_many_requests",
        "storage_unavailable",
        "audit_unavailable",
      ],
    },
    async (c, caller, exchange) => {
      readQuery(c, z.strictObject({}));
      const ending = endSignal(c, deps);
      const readBody = () => readLargeBody(c, CHECK_LIMITS.bodyBytesMax);
      const lines = linesOf(deps, await replayAudit(service, caller, readBody, ending.signal));
      const headers = {
        "content-type": "application/x-ndjson",
        // Read by nginx and others: passed on as it comes.
        "x-accel-buffering": "no",
        ...(exchange.clientRequestId && { "x-request-id": exchange.clientRequestId }),
      };
      return streamed(c, headers, {
        async read() {
          const { value } = await lines.next();
          return value === undefined ? undefined : Buffer.from(value);
        },
        close() {
          ending.end();
          void lines.return();
        },
      });
    },
  );
}

/** The last line is a summary or an error, so that a client sees whether it has the whole. */
async function* linesOf(deps: HttpDeps, steps: AsyncGenerator<ReplayStep, void>): AsyncGenerator<string, void> {
  try {
    for await (const step of steps) yield `${JSON.stringify(lineOf(step))}\n`;
  } catch (thrown) {
    const { error, requestId } = expectedError(deps, thrown);
    yield `${JSON.stringify({ type: "error", problem: problemOf(error, requestId, false) })}\n`;
  }
}

function lineOf(step: ReplayStep): unknown {
  if (step.kind === "progress") return { type: "progress", ...step.progress };
  // Whether an export is whole; here it always is.
  const { is_complete: _, ...report } = step.report;
  return { type: "summary", ...report };
}
