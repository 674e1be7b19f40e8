import { z } from "zod";
import { EFFECTS } from "../model/decision.ts";
import { AppError } from "../model/errors.ts";
import { listRules, type RulesView } from "../operations/rule-sets/list-rules.ts";
import { reloadRules } from "../operations/rule-sets/reload-rules.ts";
import { DIAGNOSTIC, diagnosticSchema } from "./diagnostic-schema.ts";
import { answersWith } from "./openapi.ts";
import { type App, type HttpDeps, keyRoute, respond } from "./route.ts";

const ruleSchema = z
  .object({
    id: z.string().meta({ description: "Full id, `<policy>/<id>`.", examples: ["payments/refund-over-cap"] }),
    name: z.string().meta({ description: "Its name." }),
    description: z.string().optional().meta({ description: "What it is for." }),
    priority: z.int().meta({ description: "The highest that applies wins." }),
    decision: z.enum(EFFECTS).meta({ description: "What it decides." }),
    reason: z.string().meta({ description: "What the agent is told." }),
    action_types: z.array(z.string()).optional().meta({ description: "Globs; absent means any." }),
    action_names: z.array(z.string()).optional().meta({ description: "Globs; absent means any." }),
    when: z.string().optional().meta({ description: "Its CEL condition; absent means always." }),
    file: z.string().meta({ description: "Where it is written." }),
    line: z.int().meta({ description: "From 1." }),
  })
  .meta({ id: "Rule", description: "An active rule." });

const rulesSchema = z
  .object({
    revision: z.string().nullable().meta({ description: "Digest of the active set; null when none is active." }),
    activated_at: z.iso.datetime().nullable().meta({ description: "When it became active (RFC 3339)." }),
    rules: z.array(ruleSchema).meta({ description: "Sorted by id." }),
    diagnostics: z.array(diagnosticSchema).meta({ description: "Of the last load: warnings, or why it was refused." }),
    last_load: z
      .object({
        at: z.iso.datetime().meta({ description: "When (RFC 3339)." }),
        ok: z.boolean().meta({ description: "Whether the files were valid. If not, the set before stays active." }),
      })
      .nullable()
      .meta({ description: "The last attempt to load the files." }),
  })
  .meta({ id: "Rules", description: "The active rule set and how the last load ended." });

const reloadSchema = z
  .object({
    revision: z.string().meta({ description: "Digest of the set that is now active." }),
    changed: z.boolean().meta({ description: "Whether the rules mean something else than before." }),
    rules: z.int().meta({ description: "How many rules." }),
    diagnostics: z.array(diagnosticSchema).meta({ description: "Warnings." }),
  })
  .meta({ id: "Reloaded", description: "A reload that went well." });

const REVISION = `sha256:${"0".repeat(64)}`;

const RULES = {
  revision: REVISION,
  activated_at: "2026-01-31T09:00:00.000Z",
  last_load: { at: "2026-01-31T09:00:00.000Z", ok: true },
  diagnostics: [DIAGNOSTIC],
  rules: [
    {
      id: "payments/refund-over-cap",
      name: "Refunds over the cap",
      priority: 0,
      decision: "approval_required",
      reason: "Refunds above $50 need a person.",
      action_types: ["tool_call"],
      action_names: ["stripe.refund"],
      when: "arguments.amount > 50",
      file: "payments.yaml",
      line: 8,
    },
  ],
};

export function addRulesRoutes(app: App, deps: HttpDeps): void {
  const { service } = deps;

  keyRoute(
    app,
    deps,
    {
      method: "get",
      path: "/v1/policy/rules",
      operationId: "listRules",
      tags: ["Rules"],
      summary: "The active rules",
      description: "Needs the scope `rules:read`.",
      responses: { 200: answersWith(rulesSchema, "The active set.", RULES) },
    },
    {},
    (_, caller, exchange) => respond(rulesJson(listRules(service, caller)), exchange.clientRequestId),
  );

  keyRoute(
    app,
    deps,
    {
      method: "post",
      path: "/v1/policy/reload",
      operationId: "reloadRules",
      tags: ["Rules"],
      summary: "Load the rule files again",
      description:
        "Needs the scope `rules:write`. With any error nothing changes: 422, with a fault per problem whose pointer is " +
        "`/<file>:<line>:<column>`.",
      responses: {
        200: answersWith(reloadSchema, "The files are active.", {
          revision: REVISION,
          changed: true,
          rules: 1,
          diagnostics: [DIAGNOSTIC],
        }),
      },
    },
    { problems: ["rules_invalid", "audit_unavailable"] },
    async (_, caller, exchange) => {
      const outcome = await reloadRules(service, caller);
      if (!outcome.ok) {
        const faults = outcome.diagnostics
          .filter(({ severity }) => severity === "error")
          .map(({ file, line, column, message }) => ({ pointer: `/${file}:${line}:${column}`, detail: message }));
        throw new AppError("rules_invalid", "The rule files have errors; the rules before stay active.", { faults });
      }
      const { ruleSet, changed } = outcome;
      return respond(
        { revision: ruleSet.revision, changed, rules: ruleSet.rules.length, diagnostics: ruleSet.warnings },
        exchange.clientRequestId,
      );
    },
  );
}

function rulesJson({ ruleSet, activatedAt, lastLoad }: RulesView) {
  return {
    revision: ruleSet?.revision ?? null,
    activated_at: activatedAt === undefined ? null : new Date(activatedAt).toISOString(),
    last_load: lastLoad === undefined ? null : { at: new Date(lastLoad.at).toISOString(), ok: lastLoad.ok },
    diagnostics: lastLoad?.diagnostics ?? [],
    rules: (ruleSet?.rules ?? []).map((rule) => ({
      id: rule.id,
      name: rule.name,
      description: rule.description,
      priority: rule.priority,
      decision: rule.decision,
      reason: rule.reason,
      action_types: rule.actionTypes,
      action_names: rule.actionNames,
      when: rule.when,
      file: rule.position.file,
      line: rule.position.line,
    })),
  };
}
