import { createRoute, type OpenAPIHono, type RouteConfig } from "@hono/zod-openapi";
import type { Caller } from "../identity/index.ts";
import { AppError } from "../model/errors.ts";
import type { Service } from "../operations/service.ts";
import { clientRequestId, SECURITY_HEADERS } from "./headers.ts";
import { type Answer, headersOf } from "./node-server.ts";
import { problemResponses, type RouteProblems } from "./openapi.ts";
import { problemHeaders, problemOf } from "./problem.ts";
import { type HttpContext, type HttpInput, header } from "./read-body.ts";

export interface HttpDeps {
  readonly service: Service;
  /** Throws AppError `host_forbidden`; see `createHostGuard`. */
  readonly assertHost: (host: string | undefined) => void;
  /** Aborted when the service stops: what would go on for ever ends then. */
  readonly stopping?: AbortSignal;
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

/** An answer whose body may also be bytes, or be made while it is sent. Not for direct routes. */
export interface StreamedAnswer extends Omit<Answer, "body"> {
  readonly body: string | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>;
}

type Handler<C, A = Answer> = (c: C, exchange: Exchange) => A | Promise<A>;
export type KeyHandler<C, A = Answer> = (c: C, caller: Caller, exchange: Exchange) => A | Promise<A>;

/** Adds a route that anyone may call. */
export function publicRoute(
  app: App,
  deps: HttpDeps,
  config: RouteConfig,
  options: RouteOptions,
  handler: Handler<HttpContext>,
): void {
  register(app, deps, config, options, handler, []);
}

/** Adds a route that needs an API key. */
export function keyRoute(
  app: App,
  deps: HttpDeps,
  config: RouteConfig,
  options: RouteOptions,
  handler: KeyHandler<HttpContext, StreamedAnswer>,
): void {
  register(app, deps, { ...config, security: [{ apiKey: [] }] }, options, withKey(deps, handler), [
    "unauthenticated",
    "key_expired",
    "key_revoked",
    "insufficient_scope",
    "not_ready",
  ]);
}

/** Lets a handler run only for the holder of a key. */
export function withKey<C extends HttpInput, A = Answer>(
  { service }: HttpDeps,
  handler: KeyHandler<C, A>,
): Handler<C, A> {
  const { keyRing, clock } = service;
  return (c, exchange) => handler(c, keyRing.authenticate(header(c, "authorization"), clock.now()), exchange);
}

function register(
  app: App,
  deps: HttpDeps,
  config: RouteConfig,
  options: RouteOptions,
  handler: Handler<HttpContext, StreamedAnswer>,
  always: RouteProblems,
): void {
  const problems = problemResponses([...(options.problems ?? []), ...always, "host_forbidden", "internal_error"]);
  const route = createRoute({ ...config, responses: { ...config.responses, ...problems } });
  app.openAPIRegistry.registerPath(route);
  const run = wrapped(deps, route.path, options.isDecision === true, handler);
  app.on(route.method, route.getRoutingPath(), async (c) => toResponse(await run(c as HttpContext)));
}

/**
 * The one wrapper around every handler: host check, headers, and whatever goes wrong is a problem. There is no `app.use`,
 * which costs microseconds on each request.
 *
 * @param route what the answers are counted as
 */
export function wrapped<C extends HttpInput, A extends StreamedAnswer = Answer>(
  deps: HttpDeps,
  route: string,
  isDecision: boolean,
  handler: Handler<C, A>,
): (c: C) => A | Answer | Promise<A | Answer> {
  const count = deps.service.metrics.requestCounter(route);
  const counted = <T extends StreamedAnswer>(answer: T): T => {
    count(answer.status);
    return answer;
  };
  return (c) => {
    const exchange: Exchange = {
      startedAt: deps.service.clock.microseconds(),
      clientRequestId: clientRequestId(header(c, "x-request-id")),
    };
    const failed = (error: unknown) => counted(problemAnswer(deps, error, isDecision, exchange.clientRequestId));
    try {
      deps.assertHost(header(c, "host"));
      const answer = handler(c, exchange);
      // Each promise more costs the hot route a turn of the microtask queue.
      return answer instanceof Promise ? answer.then(counted, failed) : counted(answer);
    } catch (error) {
      return failed(error);
    }
  };
}

function problemAnswer(deps: HttpDeps, thrown: unknown, isDecision: boolean, clientId: string | undefined): Answer {
  const { error, requestId } = expectedError(deps, thrown);
  const problem = problemOf(error, requestId, isDecision);
  return respond(problem, clientId ?? requestId, problem.status, problemHeaders(error));
}

/** What goes on the wire of something that was thrown; what does not is logged under the request's new id. */
export function expectedError(
  { service }: Pick<HttpDeps, "service">,
  thrown: unknown,
): { readonly error: AppError; readonly requestId: string } {
  const requestId = service.newId(service.clock.now());
  const error =
    thrown instanceof AppError ? thrown : new AppError("internal_error", "The service failed; the log says why.");
  if (error !== thrown) service.logger.error({ err: thrown, request_id: requestId }, "a request failed");
  else if (error.cause !== undefined) service.logger.warn({ err: error, request_id: requestId }, error.detail);
  return { error, requestId };
}

export const toResponse = (answer: StreamedAnswer) =>
  new Response(answer.body, { status: answer.status, headers: headersOf(answer) });

const JSON_HEADERS = { "content-type": "application/json", ...SECURITY_HEADERS };

/** `json` is sent as it is, with status 200. @param requestId echoed as `X-Request-ID` */
export const respondText = (json: string, requestId: string | undefined): Answer => ({
  status: 200,
  headers: JSON_HEADERS,
  requestId,
  body: json,
});

/** A JSON answer. @param requestId echoed as `X-Request-ID` */
export function respond(
  body: unknown,
  requestId: string | undefined,
  status = 200,
  headers?: Readonly<Record<string, string>>,
): Answer {
  return {
    status,
    headers: headers === undefined ? JSON_HEADERS : { ...JSON_HEADERS, ...headers },
    requestId,
    body: JSON.stringify(body),
  };
}
