import { beforeAll, describe, expect, it } from "vitest";
import { LIMITS } from "../../src/model/limits.ts";
import { exchange, openRawSocket } from "./raw-socket.ts";
import { startService, type TestedService } from "./service.ts";
import { waitFor } from "./wait-for.ts";

const lookup = { action_type: "tool_call", action_name: "crm.get_customer", arguments: { id: "cus_1" } };

let service: TestedService;
beforeAll(async () => {
  service = await startService();
});

/** A valid request of exactly so many bytes. */
function requestOf(bytes: number): string {
  const empty = JSON.stringify({ ...lookup, context: { padding: "" } });
  return JSON.stringify({ ...lookup, context: { padding: "x".repeat(bytes - empty.length) } });
}

function head(line: string, ...headers: string[]): string {
  return [line, `Authorization: Bearer ${service.keys.agent}`, ...headers, "", ""].join("\r\n");
}

const post = (...headers: string[]) =>
  head("POST /v1/policy/evaluate HTTP/1.1", "Content-Type: application/json", ...headers);

/** Status and parsed body of a raw answer. */
function read(answer: string): { status: number; body: Record<string, unknown> } {
  const [, status, body] = /^HTTP\/1\.1 (\d{3}) [\s\S]*?\r\n\r\n([\s\S]*)$/.exec(answer) ?? [];
  return { status: Number(status), body: JSON.parse(body === "" ? "{}" : (body ?? "{}")) };
}

const chunk = (text: string) => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;

describe("a foreign Host", () => {
  it.each(["evil.example", "evil.example:8181", "127.0.0.1.evil.example", "localhost."])(
    "%j is refused before anything is decided, and the answer is a deny",
    async (host) => {
      const body = JSON.stringify(lookup);
      const answer = read(
        await exchange(service.url, post(`Host: ${host}`, `Content-Length: ${body.length}`, "Connection: close"), body),
      );
      expect(answer).toMatchObject({ status: 403, body: { code: "host_forbidden", decision: "deny" } });
    },
  );

  it.each(["", "a b", "localhost/x", "[::1", "localhost:99999999"])(
    "%j, which is no host, is refused",
    async (host) => {
      expect(await exchange(service.url, head("GET /healthz HTTP/1.1", `Host: ${host}`, "Connection: close"))).toMatch(
        /^HTTP\/1\.1 40[03] /,
      );
    },
  );

  it("is refused on every route, health and documents too", async () => {
    for (const path of ["/healthz", "/readyz", "/metrics", "/docs", "/openapi.json", "/v1/keys", "/nowhere"]) {
      const { status } = await service.call("GET", path, { headers: { host: "evil.example" } });
      expect([path, status]).toEqual([path, 403]);
    }
  });

  it("loopback's names are served, with any port", async () => {
    for (const host of ["localhost", "127.0.0.1:8181", "[::1]:1", "LOCALHOST"]) {
      expect((await service.call("GET", "/healthz", { headers: { host } })).status).toBe(200);
    }
  });
});

describe("a body that is too large", () => {
  it("of exactly 256 KiB is decided", async () => {
    const body = requestOf(LIMITS.bodyBytesMax);
    const answer = await service.call("POST", "/v1/policy/evaluate", { key: service.keys.agent, body });
    expect(answer).toMatchObject({ status: 200, body: { decision: "allow" } });
  });

  it("of 256 KiB and one byte gets a problem that the client can read, and a deny", async () => {
    const body = requestOf(LIMITS.bodyBytesMax + 1);
    const answer = await service.call("POST", "/v1/policy/evaluate", { key: service.keys.agent, body });
    expect(answer.headers["content-type"]).toBe("application/problem+json");
    expect(answer).toMatchObject({ status: 413, body: { code: "body_too_large", decision: "deny" } });
  });

  it("in chunks, without a length, gets the same", async () => {
    const text = requestOf(LIMITS.bodyBytesMax + 1);
    const pieces = text.match(/[\s\S]{1,10000}/g)!.map(chunk);
    const answer = await exchange(
      service.url,
      post("Host: localhost", "Transfer-Encoding: chunked", "Connection: close"),
      ...pieces,
      chunk(""),
    );
    expect(answer).toContain("HTTP/1.1 413");
    expect(answer).toContain('"code":"body_too_large"');
    expect(answer).toContain('"decision":"deny"');
  });

  it("without an end gets its answer and loses its connection", async () => {
    const socket = await openRawSocket(service.url);
    socket.send(post("Host: localhost", "Transfer-Encoding: chunked"));
    const megabyte = chunk("x".repeat(1024 * 1024));
    for (let sent = 0; sent < 16; sent += 1) socket.send(megabyte);
    const answer = await socket.whole;
    expect(answer).toContain("HTTP/1.1 413");
    expect(answer).toContain('"decision":"deny"');
  });

  it("without a key is refused for the key, as a deny, and leaves no record", async () => {
    const before = (await service.auditRecords()).length;
    const body = "x".repeat(2 * LIMITS.bodyBytesMax);
    const answer = await service.call("POST", "/v1/policy/evaluate", { body });
    expect(answer).toMatchObject({ status: 401, body: { code: "unauthenticated", decision: "deny" } });
    expect(await service.auditRecords()).toHaveLength(before);
  });
});

describe("a client that goes away or is slow", () => {
  it("in the middle of its body leaves no trace and harms nobody", async () => {
    const before = (await service.auditRecords("kind=decision")).length;
    const body = JSON.stringify(lookup);
    const sockets = await Promise.all(Array.from({ length: 50 }, () => openRawSocket(service.url)));
    for (const [at, socket] of sockets.entries()) {
      socket.send(post("Host: localhost", `Content-Length: ${body.length}`) + body.slice(0, at % body.length));
    }
    // Answered while the fifty others wait.
    expect(await service.evaluate(lookup)).toMatchObject({ decision: "allow" });
    for (const socket of sockets) socket.reset();
    await Promise.all(sockets.map(({ whole }) => whole));
    expect(await service.evaluate(lookup)).toMatchObject({ decision: "allow" });
    expect(await service.auditRecords("kind=decision")).toHaveLength(before + 2);
  });

  it("byte by byte gets its answer in the end", async () => {
    const body = JSON.stringify(lookup);
    const socket = await openRawSocket(service.url);
    socket.send(post("Host: localhost", `Content-Length: ${body.length}`, "Connection: close"));
    for (const byte of body) {
      socket.send(byte);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(read(await socket.whole)).toMatchObject({ status: 200, body: { decision: "allow" } });
  });

  it("after its request, without reading the answer, has its decision recorded all the same", async () => {
    const sessions = Array.from({ length: 20 }, (_, at) => `gone-${at}`);
    for (const session_id of sessions) {
      const body = JSON.stringify({ ...lookup, session_id });
      const socket = await openRawSocket(service.url);
      socket.send(post("Host: localhost", `Content-Length: ${body.length}`) + body);
      socket.leave();
      await socket.whole;
      const records = await waitFor("the decision is recorded", async () => {
        const found = await service.auditRecords(`session_id=${session_id}`);
        return found.length > 0 && found;
      });
      expect(records).toMatchObject([{ kind: "decision", decision: { decision: "allow" } }]);
    }
  });
});

describe("what is not HTTP", () => {
  it.each([
    ["garbage", "\x16\x03\x01\x02\x00\x01\x00\r\n\r\n"],
    ["a line without a version", "GET /healthz\r\n\r\n"],
    ["no Host", "GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n"],
    ["a negative length", "POST /v1/policy/evaluate HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n"],
    [
      "a length and chunks, as in request smuggling",
      "POST /v1/policy/evaluate HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ],
    [
      "two lengths",
      "POST /v1/policy/evaluate HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    ],
    [
      "a chunk that is none",
      "POST /v1/policy/evaluate HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
    ["a header that folds", "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-A: b\r\n c\rd\r\n\r\n"],
  ])("%s is refused and the connection closed", async (_, bytes) => {
    expect(await exchange(service.url, bytes)).toMatch(/^HTTP\/1\.1 400 /);
    expect(await service.evaluate(lookup)).toMatchObject({ decision: "allow" });
  });

  it("headers without end are refused", async () => {
    const answer = await exchange(
      service.url,
      `GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-A: ${"a".repeat(100_000)}`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 431 /);
  });

  it("a tunnel is refused", async () => {
    const answer = await exchange(service.url, "CONNECT 169.254.169.254:80 HTTP/1.1\r\nHost: localhost\r\n\r\n");
    expect(answer).not.toMatch(/^HTTP\/1\.1 2/);
    expect(await service.isReady()).toBe(true);
  });
});

it("has logged no failure of its own in all of this", () => {
  expect(service.output).not.toMatch(/"level":"(?:error|fatal)"/);
});
