import { expect } from "vitest";

export interface ReceivedEvent {
  readonly id: string;
  readonly event: string;
  readonly data: string;
}

/** A client that reads an event stream as WHATWG HTML section 9.2.6 says. */
export async function readEvents(response: Response) {
  expect([response.status, response.headers.get("content-type")]).toEqual([200, "text/event-stream"]);
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let lastId = "";
  const events: ReceivedEvent[] = [];
  const comments: string[] = [];
  let hasEnded = false;

  function take(block: string): void {
    const fields = new Map<string, string>();
    for (const line of block.split("\n")) {
      if (line.startsWith(":")) comments.push(line);
      const [, name, value] = /^(\w+): (.*)$/.exec(line) ?? [];
      if (name !== undefined) fields.set(name, fields.has(name) ? `${fields.get(name)}\n${value}` : value!);
    }
    lastId = fields.get("id") ?? lastId;
    const data = fields.get("data");
    if (data !== undefined) events.push({ id: lastId, event: fields.get("event") ?? "message", data });
  }

  async function read(): Promise<void> {
    for (;;) {
      const { done, value = "" } = await reader.read();
      if (done) break;
      for (const block of value.split("\n\n").filter((text) => text !== "")) take(block);
    }
    hasEnded = true;
  }
  const reading = read();
  await settle();
  return {
    events,
    comments,
    ids: () => events.map(({ data }) => JSON.parse(data).id as string),
    lastId: () => lastId,
    ended: () => hasEnded,
    async close() {
      await reader.cancel();
      await reading;
    },
  };
}

/** What is under way gets done. */
export async function settle() {
  for (let turns = 0; turns < 20; turns++) await new Promise((resolve) => setImmediate(resolve));
}
