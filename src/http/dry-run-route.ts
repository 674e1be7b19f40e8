import { z } from "zod";
import { CHECK_LIMITS } from "../model/limits.ts";
import { dryRun } from "../operations/rule-sets/dry-run.ts";
import { acceptedFormat } from "./accept-format.ts";
import { DRY_RUN, dryRunSchema } from "./dry-run-answer.ts";
import { dryRunRequestSchema } from "./dry-run-body.ts";
import { endSignal } from "./end-signal.ts";
import { SECURITY_HEADERS } from "./headers.ts";
import { BODY_PROBLEMS, jsonBody } from "./openapi.ts";
import { header, readQuery } from "./read-body.ts";
import { readLargeBody } from "./read-large-body.ts";
import { type App, type HttpDeps, keyRoute } from "./route.ts";

const RULES = `version: 1
policy: payments
rules:
  - id: refund-small
    action: { type: tool_call, name: stripe.refund }
    when: arguments.amount <= 50
    decision: allow
    reason: Refunds up to $50 are ordinary.
`;
const FIXTURES = `cases:
  - name: a small refund
    request: { action_type: tool_call, action_name: stripe.refund, arguments: { amount: 12.5 } }
    expect: { decision: allow, rule: payments/refund-small }
`;

const EXAMPLES = {
  candidate: {
    rules: [{ path: "payments.yaml", content: RULES }],
    fixtures: [{ path: "payments.test.yaml", content: FIXTURES }],
    coverage: true,
  },
  active: { fixtures: [{ path: "payments.test.yaml", content: FIXTURES }] },
};

export function addDryRunRoute(app: App, deps: HttpDeps): void {
  const { service } = deps;
  const junit = { schema: z.string() };
  keyRoute(
    app,
    deps,
    {
      method: "post",
      path: "/v1/policy/dry-run",
      operationId: "dryRun",
      tags: ["Rules"],
      summary: "Run fixtures",
      description:
        "Needs the scope `dry-run`. Decides the cases of fixture files with the active rules, or with `rules`, in a thread of " +
        "its own. Nothing is decided, asked or counted by it; one event in the audit log says that it was done. With " +
        "`Accept: application/junit+xml` the answer is JUnit's XML. A body of up to " +
        `${CHECK_LIMITS.bodyBytesMax} bytes with up to ${CHECK_LIMITS.casesMax} cases, up to ` +
        `${CHECK_LIMITS.dryRunMs / 1000} s, and one dry run at a time.`,
      request: jsonBody(dryRunRequestSchema, EXAMPLES),
      responses: {
        200: {
          description: "What came of the cases; failed ones are a 200 too.",
          content: {
            "application/json": { schema: dryRunSchema, example: DRY_RUN },
            "application/junit+xml": junit,
            "application/xml": junit,
          },
        },
      },
    },
    {
      problems: [
        ...BODY_PROBLEMS,
        "rules_invalid",
        "fixtures_invalid",
        "limit_exceeded",
        "too_many_requests",
        "audit_unavailable",
      ],
    },
    async (c, caller, exchange) => {
      readQuery(c, z.strictObject({}));
      const { format, mediaType } = acceptedFormat(header(c, "accept"));
      const readBody = () => readLargeBody(c, CHECK_LIMITS.bodyBytesMax);
      const { answer } = await dryRun(service, caller, { readBody, format }, endSignal(c, deps).signal);
      return {
        status: 200,
        headers: {
          "content-type": format === "json" ? mediaType : `${mediaType}; charset=utf-8`,
          ...SECURITY_HEADERS,
        },
        requestId: exchange.clientRequestId,
        body: answer,
      };
    },
  );
}
