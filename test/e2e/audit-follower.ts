import type { TestedService } from "./service.ts";

/** Reads `/v1/audit/stream` as a SIEM does: over as many connections as it takes, each resumed behind the last event. */
export interface AuditFollower {
  /** Ids of the records in the order in which they came. */
  readonly ids: readonly string[];
  /** Follows this process until its connection ends; resolves when the stream is open. */
  follow(service: Pick<TestedService, "url" | "keys">): Promise<void>;
  /** Ends the connection. */
  stop(): void;
}

export function createAuditFollower(): AuditFollower {
  const ids: string[] = [];
  let lastEventId: string | undefined;
  let connection = new AbortController();

  function take(event: string): void {
    lastEventId = /^id: ?(.*)$/m.exec(event)?.[1] ?? lastEventId;
    const data = /^data: ?(.*)$/m.exec(event)?.[1];
    if (data !== undefined) ids.push((JSON.parse(data) as { readonly id: string }).id);
  }

  async function read(body: AsyncIterable<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    let text = "";
    for await (const chunk of body) {
      text += decoder.decode(chunk, { stream: true });
      const events = text.split("\n\n");
      // An event counts once its empty line is there.
      text = events.pop()!;
      for (const event of events) take(event);
    }
  }

  return {
    ids,
    async follow({ url, keys }) {
      connection.abort();
      connection = new AbortController();
      const response = await fetch(`${url}/v1/audit/stream`, {
        headers: {
          authorization: `Bearer ${keys.admin}`,
          ...(lastEventId === undefined ? undefined : { "last-event-id": lastEventId }),
        },
        signal: connection.signal,
      });
      if (!response.ok) throw new Error(`the stream was refused: ${response.status} ${await response.text()}`);
      // The connection ends with the process, or by `stop`: either way the next one goes on.
      read(response.body as unknown as AsyncIterable<Uint8Array>).catch(() => {});
    },
    stop: () => connection.abort(),
  };
}
