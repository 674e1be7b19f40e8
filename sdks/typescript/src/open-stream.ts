/** An answer whose body is read as it comes. */
export interface StreamAnswer {
  readonly status: number;
  /** Empty where there is none. */
  readonly contentType: string;
  readonly chunks: AsyncIterable<Uint8Array>;
}

/** Asks with GET, and follows no redirect. Rejects when there is no answer; `signal` ends it, and its chunks. */
export type OpenStream = (
  url: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
) => Promise<StreamAnswer>;

/** With `node:http` where that is, because a `fetch` that is under way keeps the process from ending; otherwise with `fetch`. */
export function chooseOpenStream(fetch: typeof globalThis.fetch): OpenStream {
  const { process } = globalThis as { process?: { getBuiltinModule?: (name: string) => unknown } };
  const load = (name: string) => process?.getBuiltinModule?.(name) as NodeHttp | undefined;
  const [http, https] = [load("node:http"), load("node:https")];
  if (http === undefined || https === undefined) return (...input) => openByFetch(fetch, ...input);
  return (url, ...rest) => openByNode(url.startsWith("https:") ? https : http, url, ...rest);
}

/** As much of Node.js as is used: this package has no types of it. */
interface NodeHttp {
  request(
    url: string,
    options: { headers: object; signal: AbortSignal; agent: false },
    answered: (answer: NodeAnswer) => void,
  ): NodeRequest;
}
interface NodeAnswer extends AsyncIterable<Uint8Array> {
  readonly statusCode?: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
}
interface NodeRequest {
  on(event: "error", listener: (error: Error) => void): void;
  on(event: "close", listener: () => void): void;
  on(event: "socket", listener: (socket: { unref(): void }) => void): void;
  end(): void;
}

function openByNode(
  http: NodeHttp,
  url: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<StreamAnswer> {
  return new Promise((resolve, reject) => {
    const request = http.request(url, { headers, signal, agent: false }, (answer) => {
      resolve({ status: answer.statusCode ?? 0, contentType: answer.headers["content-type"] ?? "", chunks: answer });
    });
    request.on("error", reject);
    // Without an answer or an error, as after a change of the protocol.
    request.on("close", () => reject(new Error("The connection was closed.")));
    request.on("socket", (socket) => socket.unref());
    request.end();
  });
}

async function openByFetch(
  fetch: typeof globalThis.fetch,
  url: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<StreamAnswer> {
  // SECURITY: a redirect would take the key to wherever it says.
  const answer = await fetch(url, { headers, redirect: "manual", signal });
  const contentType = answer.headers.get("content-type") ?? "";
  return { status: answer.status, contentType, chunks: chunksOf(answer.body) };
}

/** Not every browser lets a body be iterated. Who stops before its end lets go of it. */
export async function* chunksOf(body: ReadableStream<Uint8Array> | null): AsyncGenerator<Uint8Array> {
  const reader = body?.getReader();
  let isAtEnd = false;
  try {
    for (;;) {
      const { done, value } = (await reader?.read()) ?? { done: true, value: undefined };
      isAtEnd = done;
      if (done || value === undefined) return;
      yield value;
    }
  } finally {
    if (!isAtEnd) reader?.cancel().catch(() => undefined);
  }
}
