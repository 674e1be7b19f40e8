import { createHmac } from "node:crypto";
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import { type AddressInfo, createServer as createTcpServer, type Server } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { afterEach, describe, expect, test } from "vitest";
import { createAddressGuard, webhookHeaders } from "../../webhooks/index.ts";
import { createWebhookSender, type WebhookSenderOptions } from "./webhook-sender.ts";

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    if ("closeAllConnections" in server) (server as ReturnType<typeof createServer>).closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

interface Heard {
  readonly method: string | undefined;
  readonly path: string | undefined;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

/** A receiver on loopback, and what it was sent. */
async function receiver(answer: (response: ServerResponse, request: IncomingMessage) => void) {
  const heard: Heard[] = [];
  const listener: RequestListener = (request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => {
      body += chunk.toString("utf8");
    });
    request.on("end", () => {
      heard.push({ method: request.method, path: request.url, headers: request.headers, body });
      answer(response, request);
    });
  };
  return { heard, port: await listen(createServer(listener)) };
}

async function listen(server: Server): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

const BODY = '{"type":"approval.opened","data":{"text":"Ünïcode 💸"}}';
const never = new AbortController().signal;

function send(
  url: string,
  options: WebhookSenderOptions & { allow?: string[]; signal?: AbortSignal; headers?: Record<string, string> } = {},
) {
  const { allow = ["127.0.0.1"], signal = never, headers = {}, ...rest } = options;
  const request = { url: new URL(url), guard: createAddressGuard(allow), headers, body: BODY };
  return createWebhookSender(rest).send(request, signal);
}
const resolvesTo = (...addresses: string[]) => ({
  resolve: async () => addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 })),
});

describe("an attempt", () => {
  test("posts the body as it is, signed so that an independent implementation verifies it", async () => {
    const { heard, port } = await receiver((response) => response.writeHead(204).end());
    const secret = Buffer.alloc(32, 5);
    const headers = webhookHeaders([secret], { id: "approval_opened_1", timestamp: 1_700_000_000, body: BODY });
    const result = await send(`http://hooks.test:${port}/in?x=1#y`, { ...resolvesTo("127.0.0.1"), headers });

    expect(result).toEqual({ kind: "answered", status: 204 });
    const [{ method, path, headers: sent, body }] = heard as [Heard];
    expect([method, path, body]).toEqual(["POST", "/in?x=1", BODY]);
    expect(sent).toMatchObject({ host: `hooks.test:${port}`, "content-type": "application/json", connection: "close" });
    const signed = `${sent["webhook-id"]}.${sent["webhook-timestamp"]}.${body}`;
    const [version, signature] = String(sent["webhook-signature"]).split(",");
    expect(version).toBe("v1");
    expect(signature).toBe(createHmac("sha256", secret).update(signed, "utf8").digest("base64"));
  });

  test.each([200, 404, 410, 500])("tells that the receiver answered %i", async (status) => {
    const { port } = await receiver((response) => response.writeHead(status).end("body"));
    expect(await send(`http://127.0.0.1:${port}/`)).toEqual({ kind: "answered", status });
  });

  test("follows no redirect", async () => {
    const target = await receiver((response) => response.end());
    const { port } = await receiver((response) =>
      response.writeHead(307, { location: `http://127.0.0.1:${target.port}/` }).end(),
    );
    expect(await send(`http://127.0.0.1:${port}/`)).toEqual({ kind: "answered", status: 307 });
    expect(target.heard).toEqual([]);
  });

  test.each([
    ["120", 120_000],
    ["Thu, 01 Jan 2026 00:01:00 GMT", 60_000],
    ["Wed, 31 Dec 2025 00:00:00 GMT", undefined],
    ["soon", undefined],
    ["-5", undefined],
  ])("reads Retry-After: %s", async (value, retryAfterMs) => {
    const { port } = await receiver((response) => response.writeHead(503, { "retry-after": value }).end());
    const now = () => Date.parse("2026-01-01T00:00:00Z");
    const result = await send(`http://127.0.0.1:${port}/`, { now });
    expect(result).toEqual({ kind: "answered", status: 503, ...(retryAfterMs !== undefined && { retryAfterMs }) });
  });

  test("ignores proxy variables", async () => {
    const proxy = await receiver((response) => response.end());
    const { heard, port } = await receiver((response) => response.end());
    const saved = process.env;
    process.env = {
      ...saved,
      http_proxy: `http://127.0.0.1:${proxy.port}`,
      HTTP_PROXY: `http://127.0.0.1:${proxy.port}`,
    };
    try {
      await send(`http://127.0.0.1:${port}/`);
    } finally {
      process.env = saved;
    }
    expect([heard.length, proxy.heard.length]).toEqual([1, 0]);
  });

  test("asks for the URL's name under TLS, at the address that was checked", async () => {
    const names: string[] = [];
    const SNICallback = (name: string) => void names.push(name);
    const port = await listen(createTlsServer({ SNICallback }, () => {}));
    const result = await send(`https://Hooks.Test.:${port}/`, { ...resolvesTo("127.0.0.1"), timeoutMs: 100 });
    expect(names).toEqual(["hooks.test"]);
    expect(result).toMatchObject({ kind: "failed" });
  });
});

describe("an attempt ends in bounded time", () => {
  const soon = { timeoutMs: 100 };

  test("when the receiver never answers", async () => {
    const { port } = await receiver(() => {});
    expect(await send(`http://127.0.0.1:${port}/`, soon)).toEqual({ kind: "failed", error: "no answer within 0.1 s" });
  });

  test("when it accepts the connection and says nothing", async () => {
    const port = await listen(createTcpServer((socket) => socket.resume()));
    expect(await send(`http://127.0.0.1:${port}/`, soon)).toMatchObject({ error: "no answer within 0.1 s" });
  });

  test("when its name is not looked up", async () => {
    const resolve = () => new Promise<never>(() => {});
    expect(await send("https://hooks.test/", { ...soon, resolve })).toMatchObject({ error: "no answer within 0.1 s" });
  });

  test("when it answers and its body never ends: the answer counts", async () => {
    const { port } = await receiver((response) => response.writeHead(200).write("x"));
    expect(await send(`http://127.0.0.1:${port}/`, soon)).toEqual({ kind: "answered", status: 200 });
  });

  test("when its body is huge: it is not read to the end", async () => {
    let isClosed = false;
    const chunk = Buffer.alloc(64 * 1024);
    const { port } = await receiver((response) => {
      const write = () => {
        while (!response.destroyed && response.write(chunk));
      };
      response.on("drain", write).on("close", () => {
        isClosed = true;
      });
      response.writeHead(200);
      write();
    });
    expect(await send(`http://127.0.0.1:${port}/`)).toEqual({ kind: "answered", status: 200 });
    await expect.poll(() => isClosed).toBe(true);
  });

  test("when its headers are huge", async () => {
    const { port } = await receiver((response) => response.writeHead(200, { x: "y".repeat(100_000) }).end());
    expect(await send(`http://127.0.0.1:${port}/`)).toMatchObject({
      error: "the connection to 127.0.0.1 failed: HPE_HEADER_OVERFLOW",
    });
  });

  test("when it hangs up, or changes the protocol", async () => {
    const rude = await receiver((response) => response.destroy());
    expect(await send(`http://127.0.0.1:${rude.port}/`)).toMatchObject({ kind: "failed" });
    const upgrading = await listen(
      createTcpServer((socket) =>
        socket.resume().end("HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n"),
      ),
    );
    expect(await send(`http://127.0.0.1:${upgrading}/`)).toMatchObject({ kind: "failed" });
  });

  test("when the service stops, before or meanwhile", async () => {
    const stop = new AbortController();
    const { port } = await receiver(() => stop.abort());
    const failed = { kind: "failed", error: "the service stopped" };
    expect(await send(`http://127.0.0.1:${port}/`, { signal: stop.signal })).toEqual(failed);
    expect(await send(`http://127.0.0.1:${port}/`, { signal: stop.signal })).toEqual(failed);
  });

  test("when nobody listens, and says so without the URL", async () => {
    const { port } = await receiver((response) => response.end());
    await new Promise((resolve) => servers.pop()!.close(resolve));
    const result = await send(`http://127.0.0.1:${port}/services/hunter2`);
    expect(result).toEqual({ kind: "failed", error: "the connection to 127.0.0.1 failed: ECONNREFUSED" });
  });
});

describe("an address that is not permitted is never connected to", () => {
  const refusedWith = (error: string) => ({ kind: "failed", error: expect.stringContaining(error) });

  test.each([
    ["http://169.254.169.254/latest/meta-data/", "169.254.169.254 stands for 169.254.169.254"],
    ["http://[fd00:ec2::254]/", "fd00:ec2::254 stands for fd00:ec2::254"],
    ["http://[::ffff:169.254.169.254]/", "stands for ::ffff:a9fe:a9fe"],
    ["http://2852039166/", "stands for 169.254.169.254"],
  ])("%s", async (url, error) => {
    expect(await send(url, { allow: [] })).toEqual(refusedWith(error));
  });

  test.each([
    [["127.0.0.1"]],
    [["10.0.0.1"]],
    [["8.8.8.8", "192.168.1.1"]],
    [["2606:4700::1111", "::1"]],
    [["::ffff:127.0.0.1"]],
  ])("a name that stands for %j", async (addresses) => {
    const { heard, port } = await receiver((response) => response.end());
    const result = await send(`http://hooks.test:${port}/`, { ...resolvesTo(...addresses), allow: [] });
    expect(result).toEqual(refusedWith("which is neither a public address nor in `allow`"));
    expect(heard).toEqual([]);
  });

  test("a name that the operating system resolves to loopback", async () => {
    const { heard, port } = await receiver((response) => response.end());
    expect(await send(`http://localhost:${port}/`, { allow: [] })).toEqual(refusedWith("localhost stands for "));
    expect(heard).toEqual([]);
    expect(await send(`http://localhost:${port}/`, { allow: ["localhost"] })).toMatchObject({ kind: "answered" });
  });

  test("a name that changes after the check: it is looked up once, and only what was checked is connected to", async () => {
    const inside = await receiver((response) => response.end());
    // What is permitted in place of a public address: nobody listens there, and everybody at the second one.
    const answers = ["127.0.0.2", "127.0.0.1", "127.0.0.1"];
    let asked = 0;
    const resolve = async () => [{ address: answers[asked++]!, family: 4 }];
    const url = `http://rebinding.test:${inside.port}/`;
    expect(await send(url, { resolve, allow: ["127.0.0.2"] })).toEqual({
      kind: "failed",
      error: "the connection to rebinding.test failed: ECONNREFUSED",
    });
    expect(asked).toBe(1);
    expect(await send(url, { resolve, allow: ["127.0.0.2"] })).toEqual(
      refusedWith("rebinding.test stands for 127.0.0.1"),
    );
    expect(inside.heard).toEqual([]);
  });

  test("a name without an address, or that is not known", async () => {
    expect(await send("https://hooks.test/", resolvesTo())).toEqual(refusedWith("the name hooks.test has no address"));
    const resolve = () => Promise.reject(Object.assign(new Error("hunter2"), { code: "ENOTFOUND" }));
    expect(await send("https://hooks.test/", { resolve })).toEqual(
      refusedWith("the name hooks.test could not be looked up: ENOTFOUND"),
    );
  });
});
