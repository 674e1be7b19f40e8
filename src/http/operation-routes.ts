import { z } from "zod";
import { checkReadiness } from "../operations/check-health.ts";
import { renderDocsPage } from "./docs-page.ts";
import { PAGE_HEADERS, SECURITY_HEADERS } from "./headers.ts";
import type { Answer } from "./node-server.ts";
import { answersWith } from "./openapi.ts";
import { type App, type Exchange, type HttpDeps, publicRoute, respond } from "./route.ts";

const healthSchema = z
  .object({ status: z.literal("ok").meta({ description: "The process answers." }) })
  .meta({ id: "Health", description: "Liveness." });

const readinessSchema = z
  .object({
    status: z.enum(["ready", "not_ready"]).meta({ description: "Whether it can decide." }),
    checks: z
      .record(
        z.string(),
        z.object({
          status: z.enum(["up", "down"]).meta({ description: "State of this part." }),
          detail: z.string().optional().meta({ description: "What is wrong." }),
        }),
      )
      .meta({
        description: "Each part that the service needs. A part may be down without making the service unready.",
      }),
  })
  .meta({ id: "Readiness", description: "Readiness." });

/** Made at the first call and kept. */
function once(make: () => string): () => string {
  let made: string | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

/** Health, metrics and the service's own documents. Public: they tell nothing about rules, keys or requests. */
export function addOperationRoutes(app: App, deps: HttpDeps, document: () => object): void {
  const { service } = deps;
  const json = once(() => JSON.stringify(document()));
  const page = once(() => renderDocsPage(document()));

  publicRoute(
    app,
    deps,
    {
      method: "get",
      path: "/healthz",
      operationId: "getHealth",
      tags: ["Operation"],
      summary: "Liveness",
      description: "200 as long as the process answers.",
      responses: { 200: answersWith(healthSchema, "Alive.", { status: "ok" }) },
    },
    {},
    (_, exchange) => respond({ status: "ok" }, exchange.clientRequestId),
  );

  publicRoute(
    app,
    deps,
    {
      method: "get",
      path: "/readyz",
      operationId: "getReadiness",
      tags: ["Operation"],
      summary: "Readiness",
      description:
        "200 when the service can decide: rules are active and keys are known. Whether a decision can be recorded shows in its answer.",
      responses: {
        200: answersWith(readinessSchema, "Ready.", {
          status: "ready",
          checks: { rules: { status: "up" }, keys: { status: "up" }, database: { status: "up" } },
        }),
        503: answersWith(readinessSchema, "Not ready; evaluate answers a deny.", {
          status: "not_ready",
          checks: {
            rules: { status: "down", detail: "no valid rule set is active" },
            keys: { status: "up" },
            database: { status: "down", detail: "7 audit records wait for it" },
          },
        }),
      },
    },
    {},
    (_, exchange) => {
      const { isReady, checks } = checkReadiness(service);
      return respond(
        { status: isReady ? "ready" : "not_ready", checks },
        exchange.clientRequestId,
        isReady ? 200 : 503,
      );
    },
  );

  publicRoute(
    app,
    deps,
    {
      method: "get",
      path: "/metrics",
      operationId: "getMetrics",
      tags: ["Operation"],
      summary: "Prometheus metrics",
      description: "In the Prometheus text format.",
      responses: { 200: { description: "The metrics.", content: { "text/plain": { schema: z.string() } } } },
    },
    {},
    async (_, exchange) => answer(exchange, await service.metrics.render(), service.metrics.contentType),
  );

  publicRoute(
    app,
    deps,
    {
      method: "get",
      path: "/openapi.json",
      operationId: "getOpenApi",
      tags: ["Operation"],
      summary: "This interface as OpenAPI 3.1",
      description: "For generators and API clients.",
      responses: {
        200: answersWith(z.object({}), "The document.", { openapi: "3.1.0", info: { title: "Verdict" }, paths: {} }),
      },
    },
    {},
    (_, exchange) => answer(exchange, json(), "application/json"),
  );

  publicRoute(
    app,
    deps,
    {
      method: "get",
      path: "/docs",
      operationId: "getDocs",
      tags: ["Operation"],
      summary: "This interface for people",
      description: "One page, without scripts and without anything from elsewhere.",
      responses: { 200: { description: "The page.", content: { "text/html": { schema: z.string() } } } },
    },
    {},
    (_, exchange) => answer(exchange, page(), "text/html; charset=utf-8", PAGE_HEADERS),
  );
}

function answer(exchange: Exchange, body: string, type: string, headers?: Record<string, string>): Answer {
  return {
    status: 200,
    headers: { ...SECURITY_HEADERS, "content-type": type, ...headers },
    requestId: exchange.clientRequestId,
    body,
  };
}
