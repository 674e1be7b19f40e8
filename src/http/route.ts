import { createRoute, type OpenAPIHono, type RouteConfig } from "@hono/zod-openapi";
import type { Caller } from "../identity/index.ts";
import { AppError } from "../model/errors.ts";
import type { Service } from "../operations/service.ts";
import { clientRequestId, SECURITY_HEADERS } from "./headers.ts";
import { problemResponses, type RouteProblems } from "./openapi.ts";
import { problemHeaders, problemOf } from "./problem.ts";
import { type HttpContext, header } from "./read-body.ts";

export interface HttpDeps {
  readonly service: Service;
  /** Throws AppError `host_forbidden`; see `createHostGuard`. */
  readonly assertHost: (host: string | undefined) => void;
}

export type App = OpenAPIHono<{ Bindings: HttpContext["env"] }>;

/** What every handler gets besides the context. */
export interface Exchange {
  /** From `clock.microseconds()`, when the application was called. */
  readonly startedAt: number;
  readonly clientRequestId: string | undefined;
}

interface RouteOptions {
  /** What can go wrong besides what every route can answer. */
  readonly problems?: RouteProblems;
  /** Problems carry `"decision":"deny"`. */
  readonly isDecision?: boolean;
}

type PublicHandler = (c: HttpContext, exchange: Exchange) => Response | Promise<Response>;
type KeyHandler = (c: HttpContext, caller: Caller, exchange: Exchange) => Response | Promise<Response>;

/** Adds a route that anyone may call. */
export function publicRoute(
  app: App,
  deps: HttpDeps,
  config: RouteConfig,
  options: RouteOptions,
  handler: PublicHandler,
): void {
  register(app, deps, config, options, handler, []);
}

/** Adds a route that needs an API key. */
export function keyRoute(
  app: App,
  deps: HttpDeps,
  config: RouteConfig,
  options: RouteOptions,
  handler: KeyHandler,
): void {
  const { keyRing, clock } = deps.service;
  register(
    app,
    deps,
    { ...config, security: [{ apiKey: [] }] },
    options,
    (c, exchange) => handler(c, keyRing.authenticate(header(c, "authorization"), clock.now()), exchange),
    ["unauthenticated", "key_expired", "key_revoked", "insufficient_scope", "not_ready"],
  );
}

/**
 * The one wrapper around every handler: host check, errors to problems, headers. There is no `app.use`, which costs
 * microseconds on each request.
 */
function register(
  app: App,
  deps: HttpDeps,
  config: RouteConfig,
  options: RouteOptions,
  handler: PublicHandler,
  always: RouteProblems,
): void {
  const isDecision = options.isDecision === true;
  const problems = problemResponses([...(options.problems ?? []), ...always, "host_forbidden", "internal_error"]);
  const route = createRoute({ ...config, responses: { ...config.responses, ...problems } });
  app.openAPIRegistry.registerPath(route);
  const count = deps.service.metrics.requestCounter(route.path);
  app.on(route.method, route.getRoutingPath(), (c) => exchangeOf(deps, c as HttpContext, isDecision, count, handler));
}

/**
 * Runs a handler so that whatever goes wrong is a problem response.
 * @param count told the status of the answer
 */
export async function exchangeOf(
  deps: HttpDeps,
  c: HttpContext,
  isDecision: boolean,
  count: (status: number) => void,
  handler: PublicHandler,
): Promise<Response> {
  const exchange: Exchange = {
    startedAt: deps.service.clock.microseconds(),
    clientRequestId: clientRequestId(header(c, "x-request-id")),
  };
  let response: Response;
  try {
    deps.assertHost(header(c, "host"));
    const answer = handler(c, exchange);
    // Each await that is not needed costs the hot route a turn of the microtask queue.
    response = answer instanceof Promise ? await answer : answer;
  } catch (error) {
    response = problemResponse(deps, error, isDecision, exchange.clientRequestId);
  }
  count(response.status);
  return response;
}

function problemResponse(
  { service }: HttpDeps,
  thrown: unknown,
  isDecision: boolean,
  clientId: string | undefined,
): Response {
  const requestId = service.newId(service.clock.now());
  const error =
    thrown instanceof AppError ? thrown : new AppError("internal_error", "The service failed; the log says why.");
  if (error !== thrown) service.logger.error({ err: thrown, request_id: requestId }, "a request failed");
  else if (error.cause !== undefined) service.logger.warn({ err: error, request_id: requestId }, error.detail);
  const problem = problemOf(error, requestId, isDecision);
  return respond(problem, clientId ?? requestId, problem.status, problemHeaders(error));
}

/** The hot route's answer: `json` is sent as it is, with status 200. */
export function respondText(json: string, requestId: string): Response {
  // A plain object, spelled out: node-server writes it as it is. A Headers object or a spread costs microseconds.
  return new Response(json, {
    headers: {
      "content-type": "application/json",
      "cache-control": SECURITY_HEADERS["cache-control"],
      "x-content-type-options": SECURITY_HEADERS["x-content-type-options"],
      "x-request-id": requestId,
    },
  });
}

/** A JSON answer. @param requestId echoed as `X-Request-ID` */
export function respond(
  body: unknown,
  requestId: string | undefined,
  status = 200,
  headers?: Readonly<Record<string, string>>,
): Response {
  return new Response(JSON.stringify(body), {
    status,
    headers: {
      "content-type": "application/json",
      ...SECURITY_HEADERS,
      ...(requestId === undefined ? undefined : { "x-request-id": requestId }),
      ...headers,
    },
  });
}
