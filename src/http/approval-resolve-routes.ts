import { z } from "zod";
import type { Caller } from "../identity/index.ts";
import type { ErrorCode } from "../model/errors.ts";
import { approvalView } from "../operations/approvals/approval-view.ts";
import type { Approval } from "../operations/approvals/read-approvals.ts";
import { approve, cancel, deny } from "../operations/approvals/resolve-approval.ts";
import {
  APPROVED,
  approvalSchema,
  approveSchema,
  CANCELLED,
  cancelSchema,
  DENIED,
  denySchema,
} from "./approval-schemas.ts";
import { isJsonType } from "./headers.ts";
import { answersWith, BODY_PROBLEMS, jsonBody } from "./openapi.ts";
import { type HttpContext, header, readBody } from "./read-body.ts";
import { type App, type HttpDeps, keyRoute, respond } from "./route.ts";

const PROBLEMS: readonly ErrorCode[] = [
  ...BODY_PROBLEMS,
  "approver_required",
  "not_found",
  "conflict",
  "storage_unavailable",
  "audit_unavailable",
];

/** One of the answers to an approval. */
interface Verb {
  readonly name: "approve" | "deny" | "cancel";
  readonly summary: string;
  readonly description: string;
  readonly schema: z.ZodType;
  readonly example: unknown;
  readonly answer: unknown;
  run(c: HttpContext, caller: Caller, id: string): Promise<Approval>;
}

export function addApprovalResolveRoutes(app: App, deps: HttpDeps): void {
  const { service } = deps;
  addVerb(app, deps, {
    name: "approve",
    summary: "Say yes",
    description:
      "Needs the scopes `approvals:resolve` and `approvals:read`, and what the rule asks of approvers; nobody approves what " +
      "they asked for. It is `approved` once as many persons as the quorum said so, each once: a second yes of the same person is a 409. The body " +
      "may be left out.",
    schema: approveSchema,
    example: { note: "Checked with the customer." },
    answer: APPROVED,
    run: async (c, caller, id) => approve(service, caller, id, (await readOptional(c, approveSchema)).note),
  });
  addVerb(app, deps, {
    name: "deny",
    summary: "Say no",
    description:
      "Needs the scopes `approvals:resolve` and `approvals:read`, and what the rule asks of approvers. One no is final, " +
      "whatever the quorum.",
    schema: denySchema,
    example: { reason: "The refund was paid already; tell the customer." },
    answer: DENIED,
    run: async (c, caller, id) => deny(service, caller, id, (await readBody(c, denySchema)).reason),
  });
  addVerb(app, deps, {
    name: "cancel",
    summary: "Take the question back",
    description: "Needs the scope `evaluate`, and only who asked can do it. The body may be left out.",
    schema: cancelSchema,
    example: { reason: "The user changed their mind." },
    answer: CANCELLED,
    run: async (c, caller, id) => cancel(service, caller, id, (await readOptional(c, cancelSchema)).reason),
  });
}

function addVerb(app: App, deps: HttpDeps, verb: Verb): void {
  const { body } = jsonBody(verb.schema, { [verb.name]: verb.example });
  keyRoute(
    app,
    deps,
    {
      method: "post",
      path: `/v1/approvals/{id}/${verb.name}`,
      operationId: `${verb.name}Approval`,
      tags: ["Approvals"],
      summary: verb.summary,
      description: `${verb.description} A 409 says in \`current_status\` how the approval stands.`,
      request: {
        params: z.object({ id: z.uuid().meta({ description: "The approval's id." }) }),
        body: { ...body!, required: verb.name === "deny" },
      },
      responses: { 200: answersWith(approvalSchema, "The approval as it is now.", verb.answer) },
    },
    { problems: PROBLEMS },
    async (c, caller, exchange) => {
      const approval = await verb.run(c, caller, c.req.param("id") ?? "");
      return respond(approvalView(approval), exchange.clientRequestId);
    },
  );
}

/** As `readBody`; no body at all is an empty object, and so is an empty one that is called JSON: many clients always do. */
async function readOptional<S extends z.ZodType>(c: HttpContext, schema: S): Promise<z.output<S>> {
  const type = header(c, "content-type");
  const isLeftOut = (type === undefined || isJsonType(type)) && (await isEmpty(c));
  return isLeftOut ? schema.parse({}) : readBody(c, schema);
}

async function isEmpty(c: HttpContext): Promise<boolean> {
  const body = c.env?.incoming?.body;
  if (body !== undefined) return "text" in body && body.text === "";
  return (await c.req.arrayBuffer()).byteLength === 0;
}
