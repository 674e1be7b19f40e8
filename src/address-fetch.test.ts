import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { createAddressFetch } from "./address-fetch.ts";

const url = "http://localhost";

function socketPath(): string {
  const folder = mkdtempSync(join(tmpdir(), "verdict-socket-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return join(folder, "s.sock");
}

async function serve(answer: RequestListener): Promise<string> {
  const path = socketPath();
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(path, resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return path;
}

test("a request goes through the socket, whole, under the Host that was asked for", async () => {
  const path = await serve(async (request, response) => {
    const { method, headers } = request;
    const body = Buffer.concat(await request.toArray()).toString();
    response.writeHead(201).end(JSON.stringify([method, request.url, headers.host, headers["x-a"], body]));
  });
  const fetch = createAddressFetch({ url, socketPath: path, hostHeader: "verdict.internal" });
  const response = await fetch(new URL("/v1/keys", url), { method: "POST", headers: { "x-a": "1" }, body: "é" });
  expect(response.status).toBe(201);
  expect(await response.json()).toEqual(["POST", "/v1/keys", "verdict.internal", "1", "é"]);
});

test("a redirect is not followed, and an answer may be empty", async () => {
  const path = await serve((_, response) => response.writeHead(302, { location: "/elsewhere" }).end());
  const response = await createAddressFetch({ url, socketPath: path })(url);
  expect([response.status, await response.text()]).toEqual([302, ""]);
});

test("nobody there: the cause has the system's code", async () => {
  const failing = createAddressFetch({ url, socketPath: socketPath() })(url);
  await expect(failing).rejects.toMatchObject({ name: "TypeError", cause: { code: "ENOENT" } });
});

test("an answer that breaks off is a failure", async () => {
  const path = await serve((_, response) => {
    response.writeHead(200, { "content-length": 10 }).write("12345");
    setImmediate(() => response.destroy());
  });
  const failing = createAddressFetch({ url, socketPath: path })(url);
  await expect(failing).rejects.toMatchObject({ name: "TypeError", cause: { code: "ECONNRESET" } });
});

test("the signal's reason ends it", async () => {
  const path = await serve(() => {});
  const failing = createAddressFetch({ url, socketPath: path })(url, { signal: AbortSignal.timeout(5) });
  await expect(failing).rejects.toMatchObject({ name: "TimeoutError" });
});
