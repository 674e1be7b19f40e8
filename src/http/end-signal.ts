import { setMaxListeners } from "node:events";
import { AppError } from "../model/errors.ts";
import type { HttpContext } from "./read-body.ts";
import type { HttpDeps } from "./route.ts";

export interface EndSignal {
  readonly signal: AbortSignal;
  /** Aborts it. */
  end(): void;
}

/**
 * Aborted when the answer is over, however it ended, or the service stops: work for an answer that nobody waits for should end
 * then. Its reason is an AppError.
 */
export function endSignal(c: HttpContext, { stopping }: Pick<HttpDeps, "stopping">): EndSignal {
  const ending = new AbortController();
  const stop = () => ending.abort(new AppError("not_ready", "The service is stopping; try again."));
  const end = () => ending.abort(new AppError("conflict", "The client has gone."));
  c.env?.outgoing?.once("close", end);
  // One for each that waits for its answer, those too that hear at once that it is not their turn.
  if (stopping !== undefined) setMaxListeners(0, stopping);
  stopping?.addEventListener("abort", stop, { signal: ending.signal });
  if (stopping?.aborted) stop();
  return { signal: ending.signal, end };
}
