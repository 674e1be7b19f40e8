import type { Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createNodeServer } from "../../src/http/index.ts";
import { LIMITS } from "../../src/model/limits.ts";
import { createTestService } from "../test-service.ts";

const verdict = await createTestService();
const server = createNodeServer(verdict.app.fetch, verdict.direct);
/** Answers everything through Hono. */
const indirect = createNodeServer(verdict.app.fetch);
beforeAll(async () => {
  for (const each of [server, indirect]) await new Promise<void>((resolve) => each.listen(0, "127.0.0.1", resolve));
});
afterAll(() => {
  server.close();
  indirect.close();
});

const portOf = (of: Server) => (of.address() as AddressInfo).port;

/** What a server sends back for these bytes, once it closes the connection; or for the one request that they are, if it does not. */
function exchange(bytes: string | Buffer, at = server): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(portOf(at), "127.0.0.1");
    let answer = "";
    socket.setEncoding("utf8");
    socket.on("data", (chunk) => {
      answer += chunk;
      const [head = "", body = ""] = answer.split("\r\n\r\n");
      if (
        /^keep-alive:/im.test(head) &&
        Buffer.byteLength(body) === Number(/^content-length: (\d+)/im.exec(head)?.[1])
      ) {
        socket.end();
      }
    });
    socket.on("close", () => resolve(answer));
    socket.on("error", reject);
    socket.write(bytes);
  });
}

const post = (line: string, ...headers: string[]) =>
  `${[line, ...headers, "Content-Type: application/json", "Content-Length: 2", "Connection: close"].join("\r\n")}\r\n\r\n{}`;
const LINE = "POST /v1/policy/evaluate HTTP/1.1";

test.each([
  ["without a Host", post(LINE)],
  ["with an empty Host", post(LINE, "Host: ")],
  ["with a user in the Host", post(LINE, "Host: 127.0.0.1@evil.example")],
  ["with two ports in the Host", post(LINE, "Host: localhost:80:80")],
  ["for a path with a backslash", post("POST \\\\evil HTTP/1.1", "Host: localhost")],
  ["with a header that is none", post(LINE, "Host: localhost", "bad header")],
  ["that is not HTTP", "hello\r\n\r\n"],
  ["with two lengths", post(LINE, "Host: localhost", "Content-Length: 3")],
])("a request %s is refused with a deny that a client can read", async (_, bytes) => {
  const answer = await exchange(bytes);
  expect(answer).toMatch(/^HTTP\/1\.1 4\d\d /);
  expect(answer.toLowerCase()).toContain("content-type: application/problem+json");
  expect(answer).toContain('"decision":"deny"');
});

test("a body is read whole however it is cut, and one that is too large is refused", async () => {
  const body = JSON.stringify({ action_type: "tool_call", action_name: "crm.get" });
  const chunks = [...body].map((character) => `1\r\n${character}\r\n`).join("");
  const head = (key: string) =>
    `${LINE}\r\nHost: localhost\r\nAuthorization: Bearer ${key}\r\nContent-Type: application/json\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n`;
  expect(await exchange(`${head(verdict.secrets.agent)}${chunks}0\r\n\r\n`)).toContain('"decision":"allow"');
  const large = `40000\r\n${"x".repeat(0x40000)}\r\n1\r\nx\r\n0\r\n\r\n`;
  expect(await exchange(head(verdict.secrets.agent) + large)).toContain('"code":"body_too_large"');
});

const READ = { action_type: "tool_call", action_name: "crm.get" };
const bearer = (key: string) => `Authorization: Bearer ${key}`;
const { agent, ci } = verdict.secrets;
/** A request of so many bytes. */
const bodyOf = (bytes: number) => {
  const empty = utf8({ ...READ, arguments: { x: "" } });
  return utf8({ ...READ, arguments: { x: "x".repeat(bytes - empty.length) } });
};
const utf8 = (body: unknown) => Buffer.from(typeof body === "string" ? body : JSON.stringify(body));

test.each<[string, Buffer, string[]?]>([
  ["an allow", utf8(READ), [bearer(agent)]],
  ["a deny", utf8({ ...READ, action_name: "nothing.knows.it" }), [bearer(agent)]],
  ["an explanation", utf8({ ...READ, explain: true }), [bearer(agent)]],
  ["a request id of the caller's", utf8(READ), [bearer(agent), "X-Request-ID: mine-1"]],
  ["a request id that cannot be echoed", utf8(READ), [bearer(agent), "X-Request-ID: two words"]],
  ["letters beyond ASCII", utf8({ ...READ, arguments: { name: "Zoë \uFFFD 😀" } }), [bearer(agent)]],
  ["no key", utf8(READ)],
  ["a key that is none", utf8(READ), [bearer("nope")]],
  ["a key without the scope", utf8(READ), [bearer(ci)]],
  ["another's identity", utf8({ ...READ, identity: { name: "root" } }), [bearer(agent)]],
  ["a foreign Host", utf8(READ), [bearer(agent), "Host: evil.example"]],
  ["malformed JSON", utf8("{"), [bearer(agent)]],
  ["an empty body", utf8(""), [bearer(agent)]],
  ["bytes that are not UTF-8", Buffer.from([0x22, 0xff, 0x22]), [bearer(agent)]],
  ["an unknown field", utf8({ ...READ, argument: 1 }), [bearer(agent)]],
  ["a body at the limit", bodyOf(LIMITS.bodyBytesMax), [bearer(agent)]],
  ["a body beyond the limit", Buffer.alloc(LIMITS.bodyBytesMax + 1, 0x20), [bearer(agent)]],
  ["a body far beyond the limit", Buffer.alloc(LIMITS.bodyBytesMax * 20, 0x20), [bearer(agent)]],
  ["an encoded body", utf8(READ), [bearer(agent), "Content-Encoding: gzip"]],
])("the plain and the direct way answer as Hono does: %s", async (_, body, headers = []) => {
  const host = headers.some((line) => line.startsWith("Host:")) ? [] : ["Host: localhost"];
  const head = [LINE, ...host, ...headers, "Content-Type: application/json", `Content-Length: ${body.length}`];
  const bytesOf = (...more: string[]) =>
    Buffer.concat([Buffer.from(`${[...head, ...more].join("\r\n")}\r\n\r\n`), body]);
  const hono = withoutChance(await exchange(bytesOf("Connection: close"), indirect));
  expect(withoutChance(await exchange(bytesOf("Connection: close")))).toEqual(hono);
  expect(withoutChance(await exchange(bytesOf()))).toEqual(hono);
});

/** Status, headers in any order, body; without what differs from answer to answer. */
function withoutChance(answer: string) {
  const [head = "", body = ""] = answer.split("\r\n\r\n");
  const steady = (text: string) =>
    text
      .replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, "UUID")
      .replace(/("latency_ms"|"enter"|"decide"|"record"):[\d.]+/g, "$1:0");
  const [status, ...headers] = head
    .split("\r\n")
    .filter((line) => !/^(date|content-length|connection|keep-alive):/i.test(line));
  return { status, headers: headers.map((line) => steady(line.toLowerCase())).sort(), body: steady(body) };
}

test("a client that goes away in the middle of its body harms nobody", async () => {
  for (const sent of [0, 1, 1000]) {
    const socket = connect(portOf(server), "127.0.0.1");
    const head = `${LINE}\r\nHost: localhost\r\n${bearer(agent)}\r\nContent-Type: application/json\r\nContent-Length: 5000`;
    await new Promise<void>((resolve) => socket.write(`${head}\r\n\r\n${" ".repeat(sent)}`, () => resolve()));
    socket.resetAndDestroy();
    await new Promise((resolve) => socket.once("close", resolve));
  }
  await new Promise((resolve) => setTimeout(resolve, 50));
  const answer = await exchange(post(LINE, "Host: localhost", bearer(agent)));
  expect(answer).toContain('"code":"invalid_request"');
});
