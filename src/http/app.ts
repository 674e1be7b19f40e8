import { OpenAPIHono } from "@hono/zod-openapi";
import { AppError } from "../model/errors.ts";
import { VERSION } from "../model/version.ts";
import { addApprovalRoutes } from "./approval-routes.ts";
import { addAuditRoutes } from "./audit-routes.ts";
import { addDryRunRoute } from "./dry-run-route.ts";
import { addEvaluateRoutes } from "./evaluate-routes.ts";
import { addKeysRoutes } from "./keys-routes.ts";
import { addOperationRoutes } from "./operation-routes.ts";
import { addPolicyStreamRoute } from "./policy-stream-route.ts";
import type { HttpContext } from "./read-body.ts";
import { addReplayRoute } from "./replay-route.ts";
import { type App, type HttpDeps, toResponse, wrapped } from "./route.ts";
import { addRulesRoutes } from "./rules-routes.ts";
import { addWebhookRoutes } from "./webhook-routes.ts";

/** The whole HTTP interface. The same application runs under node:http and, in tests, without a server. */
export function createApp(deps: HttpDeps): App {
  const app: App = new OpenAPIHono();
  const document = () => openApiDocument(app);
  app.openAPIRegistry.registerComponent("securitySchemes", "apiKey", {
    type: "http",
    scheme: "bearer",
    description: "An API key of this service.",
  });

  addEvaluateRoutes(app, deps);
  addPolicyStreamRoute(app, deps);
  addApprovalRoutes(app, deps);
  addRulesRoutes(app, deps);
  addDryRunRoute(app, deps);
  addReplayRoute(app, deps);
  addAuditRoutes(app, deps);
  addWebhookRoutes(app, deps);
  addKeysRoutes(app, deps);
  addOperationRoutes(app, deps, document);

  const methodsOf = createMethodLookup(app);
  app.notFound(async (c) => {
    const allowed = methodsOf(c.req.path);
    // A misspelt path may well be meant for a decision.
    const isDecision = c.req.method === "POST" || c.req.path.startsWith("/v1/policy/evaluate");
    const refuse = wrapped<HttpContext>(deps, "unmatched", isDecision, () => {
      if (allowed.length === 0) throw new AppError("not_found", "There is nothing at this path; see /docs.");
      throw new AppError("method_not_allowed", `This path knows ${allowed.join(", ")}.`);
    });
    const answer = await refuse(c as HttpContext);
    if (answer.status !== 405) return toResponse(answer);
    return toResponse({ ...answer, headers: { ...answer.headers, allow: allowed.join(", ") } });
  });
  return app;
}

/** OpenAPI 3.1, without anything that depends on where the service runs. */
export function openApiDocument(app: App): object {
  return app.getOpenAPI31Document({
    openapi: "3.1.0",
    info: {
      title: "Verdict",
      version: VERSION,
      description: "A policy decision point for AI agents: ask before acting.",
      license: { name: "Apache-2.0", url: "https://www.apache.org/licenses/LICENSE-2.0" },
    },
    servers: [{ url: "/" }],
    tags: [
      { name: "Decisions", description: "What an agent asks." },
      { name: "Approvals", description: "What waits for a person." },
      { name: "Rules", description: "What decides." },
      { name: "Audit", description: "What was decided." },
      { name: "Webhooks", description: "Who is told." },
      { name: "Keys", description: "Who may ask." },
      { name: "Operation", description: "How the service is." },
    ],
  });
}

/** Which methods a path knows (RFC 9110 section 15.5.6 wants them named in a 405). */
function createMethodLookup(app: App): (path: string) => string[] {
  const routes = app.routes.map(({ method, path }) => ({
    method,
    pattern: new RegExp(`^${path.replace(/:[^/]+/g, "[^/]+").replaceAll(".", "\\.")}$`),
  }));
  return (path) => [...new Set(routes.filter(({ pattern }) => pattern.test(path)).map(({ method }) => method))];
}
