import { request } from "node:http";
import type { ServiceAddress } from "./service-address.ts";

/**
 * `fetch` for what the global one cannot do: a unix socket, and a `Host` of the caller's choice. It takes a text as the body,
 * follows no redirects, and gives the answer when all of it is there.
 * @returns rejects like `fetch`: with the signal's reason, or a TypeError whose cause has the system's error code
 */
export function createAddressFetch({ socketPath, hostHeader }: ServiceAddress): typeof fetch {
  return (input, { method = "GET", headers, body, signal } = {}) =>
    new Promise((resolve, reject) => {
      const fail = (cause: Error) => reject(signal?.aborted ? signal.reason : new TypeError("fetch failed", { cause }));
      const options = {
        method,
        headers: { ...Object.fromEntries(new Headers(headers)), ...(hostHeader && { host: hostHeader }) },
        ...(socketPath === undefined ? undefined : { socketPath }),
        ...(signal == null ? undefined : { signal }),
        // No connection stays open that would keep the process from ending.
        agent: false,
      };
      const sending = request(String(input), options, (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", fail);
        response.on("end", () => {
          const text = Buffer.concat(chunks).toString();
          resolve(new Response(text === "" ? null : text, { status: response.statusCode ?? 500 }));
        });
      });
      sending.on("error", fail);
      sending.end(body ?? undefined);
    });
}
