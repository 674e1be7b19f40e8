import { SECURITY_HEADERS } from "./headers.ts";
import type { HttpContext } from "./read-body.ts";
import type { StreamedAnswer } from "./route.ts";

/** Makes a body while it is sent. */
export interface BodySource {
  /** The next bytes; undefined at the end. Called when the client has taken what was given before. */
  read(): Promise<Uint8Array | undefined>;
  /** Called once, however it ended: all sent, `read` threw, or the client went away. */
  close(failure?: unknown): void;
}

/**
 * An answer whose body is made while it is sent, with nothing read ahead. When `read` throws, the connection is cut, so that
 * no client takes what it got for the whole.
 */
export function streamed(
  c: HttpContext,
  headers: Readonly<Record<string, string>>,
  source: BodySource,
): StreamedAnswer {
  const body = c.req.method === "HEAD" ? closed(source) : bodyOf(c, source);
  return { status: 200, headers: { ...SECURITY_HEADERS, ...headers }, body };
}

/** Hono answers HEAD by the route of GET, and never reads the body. */
function closed(source: BodySource): string {
  source.close();
  return "";
}

function bodyOf(c: HttpContext, source: BodySource): ReadableStream<Uint8Array> {
  let isOver = false;
  const finish = (failure?: unknown) => {
    if (!isOver) source.close(failure);
    isOver = true;
  };
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const bytes = await source.read();
          if (isOver) return;
          if (bytes !== undefined) return controller.enqueue(bytes);
          finish();
          controller.close();
        } catch (error) {
          if (isOver) return;
          finish(error);
          cut(c, controller);
        }
      },
      cancel: () => finish(),
    },
    { highWaterMark: 0 },
  );
}

/** An error of the stream would be printed by Hono's server, and its text sent. */
function cut(c: HttpContext, controller: ReadableStreamDefaultController): void {
  const outgoing = c.env?.outgoing;
  if (outgoing === undefined) {
    controller.error(new Error("the answer was cut off"));
  } else {
    outgoing.destroy();
    controller.close();
  }
}
