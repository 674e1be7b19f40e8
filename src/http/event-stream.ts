/** One event of a stream (WHATWG HTML section 9.2). */
export interface StreamEvent {
  /** Absent in a stream that always begins anew. */
  readonly id?: string | undefined;
  /** The type; `message` when absent. */
  readonly event: string | undefined;
  readonly data: string;
}

/** Where the events of one stream come from. */
export interface EventFeed {
  /** The next events; none when there are none yet. */
  next(): Promise<readonly StreamEvent[]>;
  /** Resolves when it is time to ask again, within a second. */
  wait(): Promise<void>;
  /** What a client resumes from when it saw no event since; absent in a stream that always begins anew. */
  readonly lastId?: string | undefined;
  close(): void;
}

/** Text of an event stream, in pieces, for one client. */
export interface EventStream {
  /** The next piece, when there is one; undefined at the end. Called when the client has taken the piece before. */
  read(): Promise<Uint8Array | undefined>;
  close(): void;
}

/** A comment at least this often keeps proxies from closing a quiet connection, and shows that the client is still there. */
const HEARTBEAT_MS = 15_000;

/** How long a client may leave what was sent to it: four heartbeats. */
const STALLED_BEATS_MAX = 4;

/** How long browsers wait before they come back. */
const RETRY_MS = 1000;

/** The client that a stream is for. */
export interface EventClient {
  /** Throws when it may not read any more. */
  assertAllowed(): void;
  /** Called when the stream ends while the client does not read: no end could reach it. */
  disconnect(): void;
}

/**
 * A stream that asks for events only when its client has taken all before: a slow client costs one page of them.
 * @param signal ends it, at once
 */
export function createEventStream(feed: EventFeed, client: EventClient, signal: AbortSignal | undefined): EventStream {
  let isOver = false;
  let isReading = false;
  let isBeatDue = false;
  let beatsMissed = 0;
  let end = () => {};
  const ended = new Promise<undefined>((resolve) => {
    end = () => resolve(undefined);
  });

  function stop(): void {
    if (isOver) return;
    close();
    if (!isReading) client.disconnect();
  }

  function close(): void {
    if (isOver) return;
    isOver = true;
    clearInterval(timer);
    signal?.removeEventListener("abort", stop);
    feed.close();
    end();
  }

  function beat(): void {
    isBeatDue = true;
    beatsMissed = isReading ? 0 : beatsMissed + 1;
    if (!isAllowed(client) || beatsMissed >= STALLED_BEATS_MAX) stop();
  }

  const timer = setInterval(beat, HEARTBEAT_MS);
  timer.unref();
  signal?.addEventListener("abort", stop);
  if (signal?.aborted) close();
  let opening: string | undefined = `retry: ${RETRY_MS}\n${idOnly(feed)}`;

  async function nextPiece(): Promise<string | undefined> {
    while (!isOver) {
      if (!isAllowed(client)) return undefined;
      const start = opening ?? "";
      opening = undefined;
      if (start !== "") return start;
      const events = await feed.next();
      if (isBeatDue || events.length > 0) {
        isBeatDue = false;
        return events.length > 0 ? events.map(eventText).join("") : `: still here\n${idOnly(feed)}`;
      }
      await feed.wait();
    }
    return undefined;
  }

  return {
    async read() {
      isReading = true;
      try {
        const piece = await Promise.race([nextPiece(), ended]);
        if (piece === undefined || isOver) return undefined;
        return Buffer.from(piece);
      } finally {
        isReading = false;
      }
    },
    close,
  };
}

function isAllowed(client: EventClient): boolean {
  try {
    client.assertAllowed();
    return true;
  } catch {
    // The client learns why when it comes back.
    return false;
  }
}

/** Without data it is no event, but what a client resumes from. */
const idOnly = ({ lastId }: EventFeed) => `${idField(lastId)}\n`;

const idField = (id: string | undefined) => (id === undefined ? "" : `id: ${id}\n`);

/** SECURITY: a line break would end the field, and what follows would be fields of the stored text's choosing. */
function eventText({ id, event, data }: StreamEvent): string {
  const type = event === undefined ? "" : `event: ${event}\n`;
  return `${idField(id)}${type}data: ${data.replace(/\r\n|\r|\n/g, "\ndata: ")}\n\n`;
}
