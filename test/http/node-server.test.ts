import { type AddressInfo, connect } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createNodeServer } from "../../src/http/index.ts";
import { createTestService } from "../test-service.ts";

const verdict = await createTestService();
const server = createNodeServer(verdict.app.fetch);
beforeAll(() => new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve)));
afterAll(() => server.close());

/** What the server sends back for these bytes, once it closes the connection. */
function exchange(bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
    let answer = "";
    socket.setEncoding("utf8");
    socket.on("data", (chunk) => {
      answer += chunk;
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
