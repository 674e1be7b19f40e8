import { Agent, type IncomingHttpHeaders, request } from "node:http";

export interface CallOptions {
  /** Sent as `Authorization: Bearer`. */
  readonly key?: string | undefined;
  /** Sent as JSON; a string or bytes go out as they are. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Answer<T> {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Parsed where the content type says JSON, else text. */
  readonly body: T;
}

export interface HttpClient {
  call<T = Record<string, unknown>>(method: string, path: string, options?: CallOptions): Promise<Answer<T>>;
  close(): void;
}

/** A client with connections of its own that stay open between calls. @param url `http://host:port` or `unix:/path` */
export function createHttpClient(url: string): HttpClient {
  const agent = new Agent({ keepAlive: true });
  const target = url.startsWith("unix:")
    ? { socketPath: url.slice("unix:".length), host: "localhost" }
    : { host: new URL(url).hostname, port: new URL(url).port };

  return {
    call<T>(method: string, path: string, { key, body, headers }: CallOptions = {}) {
      const payload =
        body === undefined || typeof body === "string" || Buffer.isBuffer(body) ? body : JSON.stringify(body);
      return new Promise<Answer<T>>((resolve, reject) => {
        const sending = request(
          {
            ...target,
            agent,
            method,
            path,
            headers: {
              ...(key === undefined ? undefined : { authorization: `Bearer ${key}` }),
              ...(payload === undefined ? undefined : { "content-type": "application/json" }),
              ...(payload === undefined ? undefined : { "content-length": Buffer.byteLength(payload) }),
              ...headers,
            },
          },
          (response) => {
            const chunks: Buffer[] = [];
            response.on("data", (chunk: Buffer) => chunks.push(chunk));
            response.on("error", reject);
            response.on("end", () => {
              const text = Buffer.concat(chunks).toString();
              const isJson = /[/+]json\b/.test(response.headers["content-type"] ?? "");
              const status = response.statusCode ?? 0;
              resolve({ status, headers: response.headers, body: isJson ? JSON.parse(text) : text });
            });
          },
        );
        sending.on("error", reject);
        sending.end(payload);
      });
    },
    close: () => agent.destroy(),
  };
}
