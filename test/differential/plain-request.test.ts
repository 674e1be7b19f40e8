import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import { Duplex } from "node:stream";
import fc from "fast-check";
import { expect, test } from "vitest";
import { createPlainReader, type PlainReader } from "../../src/http/plain-request.ts";

const URL = "/v1/policy/evaluate";
const LINE = `POST ${URL} HTTP/1.1`;
const LINES = new Map([[LINE, { method: "POST", url: URL }]]);

interface Read {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** Whether the connection lives on after it. */
  readonly isKept: boolean;
}

/** All that node:http makes of bytes on a connection of their own, and whether it found a fault in them. */
async function readByNode(bytes: Buffer): Promise<{ requests: Read[]; fault?: string }> {
  const requests: Read[] = [];
  let fault: string | undefined;
  const open: Promise<void>[] = [];
  const server: Server = createServer({ requireHostHeader: false }, (request, response) => {
    const chunks: Buffer[] = [];
    request.on("error", () => {});
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    open.push(
      new Promise((resolve) => {
        request.on("end", () => {
          const { method, url, headers } = request;
          requests.push({
            method,
            url,
            headers,
            body: Buffer.concat(chunks).toString("latin1"),
            isKept: response.shouldKeepAlive,
          });
          response.end();
          resolve();
        });
      }),
    );
  });
  server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
    fault = error.code ?? error.message;
    socket.destroy();
  });
  for (const event of ["checkContinue", "checkExpectation", "upgrade"]) server.on(event, () => (fault = event));
  const connection = new Duplex({ read() {}, write: (_, __, done) => done() });
  server.emit("connection", connection);
  connection.push(bytes);
  // Everything is there at once, so a few turns are enough; a body that is cut short has no end to wait for.
  for (let turn = 0; turn < 4; turn++) await new Promise((resolve) => setImmediate(resolve));
  connection.destroy();
  return { requests, ...(fault === undefined ? undefined : { fault }) };
}

/** What a reader makes of bytes; a new one unless told otherwise. */
function plain(bytes: Buffer, read: PlainReader = createPlainReader(LINES)) {
  const request = read(bytes);
  if (request === undefined || request === "cut") return request;
  const headers: Record<string, unknown> = { ...request.headers, "content-length": String(request.body.length) };
  return { ...request, headers, body: request.body.toString("latin1"), isKept: true };
}

/** A request of these lines, with `{}` as its body unless told otherwise. */
const bytesOf = (lines: readonly string[], body = "{}") =>
  Buffer.from(`${lines.join("\r\n")}\r\n\r\n${body}`, "latin1");

const USUAL = ["Host: localhost:8181", "Authorization: Bearer vk_1", "Content-Type: application/json"];

test("what a client usually sends is read as node:http reads it", async () => {
  const bytes = bytesOf(
    [LINE, ...USUAL, "User-Agent: x (y; z)", "Connection: keep-alive", "content-length: 7"],
    '{"a":1}',
  );
  const { requests, fault } = await readByNode(bytes);
  expect(fault).toBeUndefined();
  expect(plain(bytes)).toEqual(requests[0]);
  expect(requests).toHaveLength(1);
});

test.each<[string, Buffer]>([
  ["half a head", Buffer.from(`${LINE}\r\nHost: x\r\n`)],
  ["more than its body", bytesOf([LINE, ...USUAL, "Content-Length: 1"])],
  [
    "a second request behind it",
    bytesOf([LINE, ...USUAL, "Content-Length: 2"], `{}${LINE}\r\nContent-Length: 0\r\n\r\n`),
  ],
  ["no length", bytesOf([LINE, ...USUAL], "")],
  ["two lengths", bytesOf([LINE, "Content-Length: 2", "Content-Length: 2"])],
  ["a list of lengths", bytesOf([LINE, "Content-Length: 2, 2"])],
  ["a length with a sign", bytesOf([LINE, "Content-Length: +2"])],
  ["a length in hexadecimal", bytesOf([LINE, "Content-Length: 0x2"])],
  ["chunks", bytesOf([LINE, "Transfer-Encoding: chunked"], "2\r\n{}\r\n0\r\n\r\n")],
  ["chunks and a length", bytesOf([LINE, "Content-Length: 2", "Transfer-Encoding: chunked"])],
  ["chunks by another name", bytesOf([LINE, "Content-Length: 2", "transfer-encoding: xchunked"])],
  ["the same header twice", bytesOf([LINE, "Host: a", "host: b", "Content-Length: 2"])],
  ["a continued line", bytesOf([LINE, "Host: a", " b", "Content-Length: 2"])],
  ["a space before the colon", bytesOf([LINE, "Content-Length : 2"])],
  ["a header without a name", bytesOf([LINE, ": x", "Content-Length: 2"])],
  ["a header without a value", bytesOf([LINE, "Host:", "Content-Length: 2"])],
  ["a space at the end of a value", bytesOf([LINE, "Content-Length: 2 "])],
  ["a tab", bytesOf([LINE, "Content-Length:\t2"])],
  ["a byte that is not ASCII", bytesOf([LINE, "Host: \xe9", "Content-Length: 2"])],
  ["a NUL", bytesOf([LINE, "Host: a\0b", "Content-Length: 2"])],
  ["line feeds alone", Buffer.from(`${LINE}\nContent-Length: 2\n\n{}`)],
  ["one line feed alone", bytesOf([LINE, "Host: a\nX: b", "Content-Length: 2"])],
  ["a carriage return alone", bytesOf([LINE, "Host: a\rX: b", "Content-Length: 2"])],
  ["HTTP/1.0", bytesOf([`POST ${URL} HTTP/1.0`, "Content-Length: 2"])],
  ["another version", bytesOf([`POST ${URL} HTTP/1.2`, "Content-Length: 2"])],
  ["a method in lower case", bytesOf([`post ${URL} HTTP/1.1`, "Content-Length: 2"])],
  ["another method", bytesOf([`PUT ${URL} HTTP/1.1`, "Content-Length: 2"])],
  ["a query", bytesOf([`POST ${URL}?a HTTP/1.1`, "Content-Length: 2"])],
  ["a whole URL", bytesOf([`POST http://localhost${URL} HTTP/1.1`, "Content-Length: 2"])],
  ["two spaces", bytesOf([`POST  ${URL} HTTP/1.1`, "Content-Length: 2"])],
  ["an empty line before it", Buffer.from(`\r\n${bytesOf([LINE, "Content-Length: 2"])}`)],
  ["the end of the connection", bytesOf([LINE, "Connection: close", "Content-Length: 2"])],
  ["more about the connection", bytesOf([LINE, "Connection: keep-alive, upgrade", "Content-Length: 2"])],
  ["an upgrade", bytesOf([LINE, "Upgrade: h2c", "Content-Length: 2"])],
  ["an expectation", bytesOf([LINE, "Expect: 100-continue", "Content-Length: 2"])],
  ["a proxy's connection", bytesOf([LINE, "Proxy-Connection: close", "Content-Length: 2"])],
  ["a trailer", bytesOf([LINE, "Trailer: x", "Content-Length: 2"])],
  [
    "more headers than node:http keeps",
    bytesOf([LINE, ...Array.from({ length: 1100 }, (_, n) => `h${n}: 1`), "Content-Length: 2"]),
  ],
  ["a head that is too large", bytesOf([LINE, `X: ${"x".repeat(17_000)}`, "Content-Length: 2"])],
])("a request with %s is left to node:http", (_, bytes) => {
  expect(plain(bytes)).toBeUndefined();
});

test("a request is cut when its body is, and not when its head is", () => {
  const bytes = bytesOf([LINE, ...USUAL, "Content-Length: 2"]);
  const cuts = Array.from({ length: bytes.length }, (_, end) => plain(bytes.subarray(0, end)));
  expect(cuts).toEqual([...Array(bytes.length - 2).fill(undefined), "cut", "cut"]);
});

const NAMES = [
  ...["Host", "Authorization", "Content-Type", "X-Request-ID", "Accept", "__proto__", "constructor", "x"],
  ...[
    "Content-Length",
    "Transfer-Encoding",
    "Connection",
    "Keep-Alive",
    "Proxy-Connection",
    "Expect",
    "Upgrade",
    "Cookie",
  ],
];
const VALUES = [
  "localhost",
  "localhost ",
  "Bearer a",
  "application/json",
  "2",
  "02",
  "chunked",
  "identity",
  "close",
  "keep-alive",
  "KEEP-ALIVE",
];
const name = fc.oneof({ weight: 6, arbitrary: fc.constantFrom(...NAMES) }, fc.string({ minLength: 1, maxLength: 4 }));
const value = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...VALUES) },
  fc.string({ maxLength: 6, unit: "binary-ascii" }),
);
const field = fc
  .tuple(name, fc.constantFrom(...Array<string>(12).fill(": "), ":", " : ", ":  ", ":\t"), value)
  .map((parts) => parts.join(""));

/** Nearly plain requests: the usual one with more headers, one byte of which may then be cut, put in, or changed. */
const nearlyPlain = fc
  .record({
    fields: fc.array(field, { maxLength: 3 }),
    body: fc.constantFrom("", "{}", '{"a":"\r\n\r\n"}', `{}${LINE}\r\nContent-Length: 0\r\n\r\n`),
    length: fc.constantFrom(...Array<number>(8).fill(0), 1, -1),
    lengthEnd: fc.constantFrom(...Array<string>(20).fill(""), "x", ":", " "),
    lengthAt: fc.nat(3),
    end: fc.constantFrom(...Array<string>(9).fill("\r\n"), "\n"),
    damage: fc.option(
      fc.record({
        at: fc.double({ min: 0, max: 1, noNaN: true }),
        cut: fc.nat(1),
        put: fc.constantFrom("", "\r", "\n", " ", ":", "\0", "é", "x"),
      }),
      { freq: 1 },
    ),
  })
  .map(({ fields, body, length, lengthEnd, lengthAt, end, damage }) => {
    const lengthField = `Content-Length: ${Math.max(body.length + length, 0)}${lengthEnd}`;
    const lines = [LINE, ...fields.toSpliced(lengthAt, 0, lengthField)];
    const text = lines.join(end) + end + end + body;
    if (damage === null) return Buffer.from(text, "latin1");
    const at = Math.floor(damage.at * text.length);
    return Buffer.from(text.slice(0, at) + damage.put + text.slice(at + damage.cut), "latin1");
  });

test("what is read here, node:http reads as the same one request", async () => {
  let ours = 0;
  let theirs = 0;
  await fc.assert(
    fc.asyncProperty(nearlyPlain, async (bytes) => {
      const here = plain(bytes);
      const { requests, fault } = await readByNode(bytes);
      if (requests.length > 0 && fault === undefined) theirs += 1;
      if (here === "cut") expect({ requests, fault }).toEqual({ requests: [], fault: undefined });
      if (here === undefined || here === "cut") return;
      ours += 1;
      expect(fault).toBeUndefined();
      here.headers["content-length"] = requests[0]?.headers["content-length"] ?? "";
      // A name that JavaScript's objects have already is none that node:http keeps.
      const { __proto__: _, ...headers } = here.headers;
      expect(requests).toEqual([{ ...here, headers }]);
    }),
    { numRuns: 12_000 },
  );
  // Enough of both kinds, or this says nothing.
  expect(ours).toBeGreaterThan(1000);
  expect(theirs).toBeGreaterThan(ours);
});

test("what was read before on a connection changes nothing", () => {
  let read = 0;
  const changed = fc.constantFrom(/(Content-Length: )/, /(keep-aliv)/i, /(Bearer )/, /(localhost)/, /^/);
  fc.assert(
    fc.property(nearlyPlain, fc.option(nearlyPlain), changed, fc.nat(9), (before, other, place, put) => {
      const reader = createPlainReader(LINES);
      const wasRead = plain(before, reader);
      // Another one; or nearly the same.
      const bytes = other ?? Buffer.from(before.toString("latin1").replace(place, `$1${put}`), "latin1");
      const alone = plain(bytes);
      if (wasRead !== undefined && alone !== undefined) read += 1;
      expect(plain(bytes, reader)).toEqual(alone);
    }),
    { numRuns: 10_000 },
  );
  expect(read).toBeGreaterThan(500);
});
