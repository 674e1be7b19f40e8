import { z } from "zod";
import { EFFECTS, REASON_CODES } from "../model/decision.ts";
import { AppError } from "../model/errors.ts";
import { responseJson } from "../model/evaluation.ts";
import { LIMITS } from "../model/limits.ts";
import { evaluateRequestSchema, explainShape, parseEvaluateRequest } from "../model/request.ts";
import { approvalReferenceSchema, evaluateResponseSchema } from "../model/response.ts";
import { evaluate } from "../operations/decisions/evaluate.ts";
import { evaluateBatch } from "../operations/decisions/evaluate-batch.ts";
import { getEvaluation } from "../operations/decisions/get-evaluation.ts";
import type { DirectRoutes } from "./node-server.ts";
import { answersWith, BODY_PROBLEMS, jsonBody, problemSchema } from "./openapi.ts";
import { problemOf } from "./problem.ts";
import { type HttpContext, type HttpInput, invalid, type JsonBody, readJson } from "./read-body.ts";
import { type App, type HttpDeps, type KeyHandler, keyRoute, respond, respondText, withKey, wrapped } from "./route.ts";

const EXAMPLE = {
  action_type: "tool_call",
  action_name: "stripe.refund",
  arguments: { charge: "ch_1", amount: 120 },
  destination: { url: "https://api.stripe.com/v1/refunds" },
  session_id: "run-42",
};

const ANSWER = {
  decision: "approval_required",
  reason: "Refunds above $50 need a person.",
  reason_code: "rule_matched",
  rule_id: "payments/refund-over-cap",
  rule_name: "refund-over-cap",
  rules: ["payments/refund-over-cap"],
  obligations: [],
  errors: [],
  policy_revision: `sha256:${"0".repeat(64)}`,
  cache_ttl_seconds: 0,
  help_text: "A person was asked and has not answered yet; ...",
  approval: {
    id: "01890b6e-7c00-7000-8000-000000000003",
    status: "pending",
    expires_at: "2026-01-31T09:05:00.000Z",
    status_url: "/v1/approvals/01890b6e-7c00-7000-8000-000000000003",
  },
  request_id: "01890b6e-7c00-7000-8000-000000000000",
  latency_ms: 0.021,
};

const EVALUATION = {
  request_id: ANSWER.request_id,
  status: "decided",
  decision: ANSWER.decision,
  reason: ANSWER.reason,
  reason_code: ANSWER.reason_code,
  rule_id: ANSWER.rule_id,
  approval: ANSWER.approval,
  policy_revision: ANSWER.policy_revision,
  updated_at: "2026-01-31T09:00:00.000Z",
};

const batchSchema = z
  .strictObject({
    requests: z
      .array(evaluateRequestSchema)
      .min(1)
      .max(LIMITS.batchItemsMax)
      .meta({ description: `1 to ${LIMITS.batchItemsMax} requests.` }),
  })
  .meta({ id: "EvaluateBatchRequest", description: "Several actions at once." });

/** The items' own shapes are checked one by one, so that a bad one does not spoil the others. */
const batchEnvelope = z.strictObject({ requests: z.array(z.unknown()).min(1).max(LIMITS.batchItemsMax) });

const batchResponseSchema = z
  .object({
    results: z
      .array(z.union([evaluateResponseSchema, problemSchema]))
      .meta({ description: "A decision or a problem per request, in order." }),
  })
  .meta({ id: "EvaluateBatchResponse", description: "The answers to a batch." });

const evaluationSchema = z
  .object({
    request_id: z.uuid().meta({ description: "The decision's request id." }),
    status: z.literal("decided").meta({ description: "How far the evaluation is." }),
    decision: z.enum(EFFECTS).meta({ description: "What was answered." }),
    reason: z.string().meta({ description: "Why." }),
    reason_code: z.enum(REASON_CODES).meta({ description: "Why, from a closed list." }),
    rule_id: z.string().optional().meta({ description: "The rule that decided." }),
    policy_revision: z.string().meta({ description: "Digest of the rule set that decided." }),
    approval: approvalReferenceSchema.optional(),
    updated_at: z.iso.datetime().meta({ description: "When the status last changed (RFC 3339)." }),
  })
  .meta({ id: "Evaluation", description: "A past decision." });

const EVALUATE_PATH = "/v1/policy/evaluate";

/**
 * The routes that the server calls without Hono, with the same handlers and the same wrapper. Only a `Host` that no URL can
 * be made of is answered differently, since that is where Hono's request fails: 403 here, 400 there, a deny in both.
 */
export function createDirectRoutes(deps: HttpDeps): DirectRoutes {
  const evaluate = wrapped(deps, EVALUATE_PATH, true, withKey(deps, evaluateHandler(deps)));
  return new Map([[EVALUATE_PATH, { method: "POST", answer: evaluate }]]);
}

function evaluateHandler({ service }: HttpDeps): KeyHandler<HttpInput> {
  return (c, caller, exchange) => {
    const answer = ({ text, value }: JsonBody) => {
      const parsed = parseEvaluateRequest(value);
      if (!parsed.ok) throw invalid(parsed.faults);
      const { startedAt, clientRequestId } = exchange;
      const call = { startedAt, clientRequestId, requestJson: text };
      return evaluate(service, caller, parsed.value, call).then((evaluation) =>
        respondText(responseJson(evaluation), clientRequestId ?? evaluation.requestId),
      );
    };
    // Under the server the body is there already, and every turn of the microtask queue counts.
    const body = readJson(c);
    return body instanceof Promise ? body.then(answer) : answer(body);
  };
}

export function addEvaluateRoutes(app: App, deps: HttpDeps): void {
  const { service } = deps;

  keyRoute(
    app,
    deps,
    {
      method: "post",
      path: EVALUATE_PATH,
      operationId: "evaluate",
      tags: ["Decisions"],
      summary: "Ask before acting",
      description:
        "Needs the scope `evaluate`. Every decision is HTTP 200, a deny too, and is recorded before it is answered. " +
        "`approval_required` opens an approval, or finds the one that is pending for the same action; once it is approved, " +
        "evaluate the very same action again with its `approval_id`.",
      request: jsonBody(evaluateRequestSchema, { refund: EXAMPLE }),
      responses: { 200: answersWith(evaluateResponseSchema, "The decision.", ANSWER) },
    },
    { isDecision: true, problems: [...BODY_PROBLEMS, "identity_forbidden", "overloaded"] },
    evaluateHandler(deps),
  );

  keyRoute(
    app,
    deps,
    {
      method: "post",
      path: "/v1/policy/evaluate/batch",
      operationId: "evaluateBatch",
      tags: ["Decisions"],
      summary: "Ask for several actions",
      description: "Needs the scope `evaluate`. A request that cannot be evaluated gets a problem in its place.",
      request: jsonBody(batchSchema, { two: { requests: [EXAMPLE, { ...EXAMPLE, arguments: { amount: 5 } }] } }),
      responses: { 200: answersWith(batchResponseSchema, "The answers, in order.", { results: [ANSWER] }) },
    },
    { isDecision: true, problems: [...BODY_PROBLEMS, "overloaded"] },
    async (c, caller, exchange) => {
      const items = await readBatch(c);
      const results = await evaluateBatch(service, caller, items, exchange);
      const requestId = service.newId(service.clock.now());
      const texts = results.map((result) =>
        result instanceof AppError ? JSON.stringify(problemOf(result, requestId, true)) : responseJson(result),
      );
      return respondText(`{"results":[${texts.join(",")}]}`, exchange.clientRequestId ?? requestId);
    },
  );

  keyRoute(
    app,
    deps,
    {
      method: "get",
      path: "/v1/policy/evaluations/{request_id}",
      operationId: "getEvaluation",
      tags: ["Decisions"],
      summary: "Look up a decision",
      description: "A key with the scope `evaluate` sees its own decisions, one with `audit:read` sees all.",
      request: { params: z.object({ request_id: z.uuid().meta({ description: "The decision's request id." }) }) },
      responses: { 200: answersWith(evaluationSchema, "The decision.", EVALUATION) },
    },
    { problems: ["not_found", "storage_unavailable"] },
    async (c, caller, exchange) => {
      const record = await getEvaluation(service, caller, c.req.param("request_id") ?? "");
      const { decision, reason, reason_code, rule_id, policy_revision, approval } = record.decision;
      const updated_at = new Date(record.time).toISOString();
      return respond(
        {
          request_id: record.id,
          status: "decided",
          decision,
          reason,
          reason_code,
          rule_id,
          policy_revision,
          approval,
          updated_at,
        },
        exchange.clientRequestId ?? record.id,
      );
    },
  );
}

async function readBatch(c: HttpContext): Promise<unknown[]> {
  const { value } = await readJson(c);
  const result = batchEnvelope.safeParse(value);
  if (!result.success) throw invalid(explainShape(batchEnvelope, value));
  return result.data.requests;
}
