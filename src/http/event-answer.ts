import { setMaxListeners } from "node:events";
import { streamed } from "./audit-body.ts";
import { createEventStream, type EventClient, type EventFeed } from "./event-stream.ts";
import { type HttpContext, header } from "./read-body.ts";
import type { Exchange, HttpDeps, StreamedAnswer } from "./route.ts";

/**
 * Answers with an event stream that lasts as long as its client, its key and the service do.
 * @param what the log calls it
 */
export function answerEvents(
  c: HttpContext,
  { service, stopping }: HttpDeps,
  exchange: Exchange,
  what: string,
  feed: EventFeed,
): StreamedAnswer {
  // One for each stream; the feeds' owners let there be no more than so many.
  if (stopping !== undefined) setMaxListeners(0, stopping);
  const authorization = header(c, "authorization");
  const client: EventClient = {
    assertAllowed: () => void service.keyRing.authenticate(authorization, service.clock.now()),
    disconnect: () => void c.env?.outgoing?.destroy(),
  };
  const stream = createEventStream(feed, client, stopping);
  const headers = {
    "content-type": "text/event-stream",
    // Read by nginx and others: passed on as it comes.
    "x-accel-buffering": "no",
    ...(exchange.clientRequestId && { "x-request-id": exchange.clientRequestId }),
  };
  return streamed(c, headers, {
    read: () => stream.read(),
    close(failure) {
      if (failure !== undefined) service.logger.error({ err: failure }, `${what} was cut off`);
      stream.close();
    },
  });
}
