import type { IncomingMessage } from "node:http";
import { AppError } from "../model/errors.ts";
import type { Service } from "../operations/service.ts";
import { createDecisionQueue, type DecisionQueue } from "./decision-queue.ts";
import { clientRequestId, SECURITY_HEADERS } from "./headers.ts";
import type { Answer } from "./node-server.ts";
import { problemHeaders, problemOf } from "./problem.ts";

/** What requests for decisions pass on their way in; what is for people and probes does not. */
export interface DecisionGate {
  readonly queue: DecisionQueue;
  /** Whether requests for this path, with or without a query, have to pass. */
  guards(path: string): boolean;
  /** The answer to a request that did not pass: a deny, without a record, since nothing was decided. */
  refuse(incoming: Pick<IncomingMessage, "url" | "headers">): Answer;
}

const EVALUATE = "/v1/policy/evaluate";
const BATCH = `${EVALUATE}/batch`;

/** One line of the log for all refusals of so long: each line costs what a refusal is to save. */
const TELL_EVERY_MS = 10_000;

const OVERLOADED = new AppError(
  "overloaded",
  "More is asked than can be decided in time, so the action is denied. Try again after `Retry-After`.",
);

/** The answer's text before and behind the request's id, and its headers but for that: the rest is the same for all. */
const [BEFORE_ID = "", BEHIND_ID = ""] = JSON.stringify(problemOf(OVERLOADED, "<id>", true)).split("<id>");
const HEADERS = { ...SECURITY_HEADERS, ...problemHeaders(OVERLOADED) };

/**
 * Short, so that a turn comes soon for probes, new connections and the database; longer where turns are full of refusals, or
 * each of them waits for the disk.
 */
const SLICE_MS = { min: 2, max: 50 } as const;

/** @param waitMsMax longest that a request waits for its turn */
export function createDecisionGate(
  service: Pick<Service, "clock" | "newId" | "metrics" | "logger">,
  waitMsMax: number,
): DecisionGate {
  const { clock, metrics, logger } = service;
  const queue = createDecisionQueue({
    waitMsMax,
    sliceMs: SLICE_MS,
    microseconds: clock.microseconds,
    afterTurn: setImmediate,
  });
  const countRefusal = metrics.observeQueue(() => queue.length);
  const [countEvaluate, countBatch] = [metrics.requestCounter(EVALUATE), metrics.requestCounter(BATCH)];
  let refused = 0;
  let toldAt = Number.NEGATIVE_INFINITY;

  function tell(now: number): void {
    refused += 1;
    if (now - toldAt < TELL_EVERY_MS) return;
    logger.warn({ refused, waiting: queue.length }, "overloaded: requests for decisions are refused");
    toldAt = now;
    refused = 0;
  }

  return {
    queue,
    guards: (path) => path.startsWith(EVALUATE),
    refuse(incoming) {
      const now = clock.now();
      tell(now);
      countRefusal();
      (incoming.url!.startsWith(BATCH) ? countBatch : countEvaluate)(503);
      const requestId = service.newId(now);
      const clientId = clientRequestId(incoming.headers["x-request-id"] as string | undefined);
      return {
        status: 503,
        headers: HEADERS,
        requestId: clientId ?? requestId,
        body: BEFORE_ID + requestId + BEHIND_ID,
      };
    },
  };
}
