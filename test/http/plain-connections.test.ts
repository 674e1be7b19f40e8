import { createServer, request as httpRequest, type Server } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { QueuedDecision } from "../../src/http/decision-queue.ts";
import { createNodeServer } from "../../src/http/index.ts";
import type { Answer, Heard } from "../../src/http/node-server.ts";
import { type PlainExchange, servePlainly } from "../../src/http/plain-connections.ts";
import { createTestService } from "../test-service.ts";

interface Handle {
  useUserBuffer: unknown;
  readonly bytesRead: number;
}

const verdict = await createTestService();

let server: Server;
/** Requests that node:http read. */
let heard: number;
const sockets: Socket[] = [];
/** What the server reads connections from, in whichever way, by the port of the client. */
const handles = new Map<number, Handle>();
beforeEach(() => {
  heard = 0;
  handles.clear();
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

/** Whether this version of Node lets connections be read in place. */
let isInPlace: boolean;

async function listen(made: Server): Promise<void> {
  server = made;
  server.prependListener("connection", (socket: Socket & { _handle: Handle }) => {
    if (!isInPlace) socket._handle.useUserBuffer = undefined;
    handles.set(socket.remotePort!, socket._handle);
  });
  server.on("request", () => {
    heard += 1;
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
}

const serveVerdict = () => listen(createNodeServer(verdict.app.fetch, verdict.direct));

const URL = "/v1/policy/evaluate";
const LINE = `POST ${URL} HTTP/1.1`;

/** A server that answers as it is told, and says "node" where node:http read the request. */
const TIMES = { silentMs: 10_000, idleMs: 10_000 };

async function serve(answer: (exchange: PlainExchange) => void, times = TIMES) {
  const made = createServer((incoming, outgoing) => {
    incoming.resume().on("end", () => outgoing.end("node"));
  });
  servePlainly(made, { lines: new Map([[LINE, { method: "POST", url: URL }]]), ...times, answer });
  await listen(made);
}

const textAnswer = (body: string): Answer => ({ status: 200, headers: {}, body });

interface Client {
  readonly socket: Socket;
  /** The answers so far: status line and headers in lower case, and the body. */
  answers(count: number): Promise<{ head: string; body: string }[]>;
  readonly closed: Promise<void>;
  received(): string;
}

function client(options: { allowHalfOpen?: boolean } = {}): Client {
  const socket = connect({ port: (server.address() as AddressInfo).port, host: "127.0.0.1", ...options });
  sockets.push(socket);
  let text = "";
  let told = () => {};
  socket.setEncoding("latin1").on("data", (chunk) => {
    text += chunk;
    told();
  });
  socket.on("error", () => {});
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  const parse = () => {
    const found: { head: string; body: string }[] = [];
    for (let rest = text; ; ) {
      const end = rest.indexOf("\r\n\r\n");
      if (end === -1) return found;
      const head = rest.slice(0, end).toLowerCase();
      const length = Number(/content-length: (\d+)/.exec(head)?.[1] ?? 4);
      if (rest.length < end + 4 + length) return found;
      found.push({ head, body: rest.slice(end + 4, end + 4 + length) });
      rest = rest.slice(end + 4 + length);
    }
  };
  return {
    socket,
    closed,
    received: () => text,
    async answers(count) {
      for (let found = parse(); ; found = parse()) {
        if (found.length >= count) return found;
        await new Promise<void>((resolve) => {
          told = resolve;
        });
      }
    },
  };
}

/** When the server has read all that was written to a client's socket, so that what follows comes apart from it. */
const isRead = (socket: Socket) =>
  expect
    .poll(() => handles.get(socket.localPort!)?.bytesRead, { interval: 1, timeout: 10_000 })
    .toBe(socket.bytesWritten);

const ask = (name: string, ...more: string[]) => {
  const body = JSON.stringify({ action_type: "tool_call", action_name: name });
  const lines = [
    LINE,
    "Host: localhost",
    `Authorization: Bearer ${verdict.secrets.agent}`,
    "Content-Type: application/json",
  ];
  return `${[...lines, ...more, `Content-Length: ${body.length}`].join("\r\n")}\r\n\r\n${body}`;
};
const decisions = (answers: readonly { body: string }[]) =>
  answers.map(({ body }) => /"decision":"(\w+)"/.exec(body)?.[1]);

describe.each([
  ["read in place", true],
  ["read as streams", false],
])("connections that are %s", (_, way) => {
  beforeEach(() => {
    isInPlace = way;
  });

  test("a connection is kept from one plain request to the next, without node:http", async () => {
    await serveVerdict();
    const { socket, answers } = client();
    for (let nth = 1; nth <= 3; nth++) {
      socket.write(ask(nth === 2 ? "nothing.knows.it" : "crm.get"));
      await answers(nth);
    }
    expect(decisions(await answers(3))).toEqual(["allow", "deny", "allow"]);
    expect(heard).toBe(0);
  });

  test("the head of an answer is the one that node:http writes", async () => {
    await serveVerdict();
    const { socket, answers } = client();
    socket.write(ask("crm.get", "X-Request-ID: mine"));
    await answers(1);
    // A query is not plain.
    socket.write(ask("crm.get", "X-Request-ID: mine").replace(" HTTP", "?a HTTP"));
    const heads = (await answers(2)).map(({ head }) =>
      head
        .replace(/date: .*/, "date: now")
        .replace(/content-length: \d+/, "")
        .split("\r\n")
        .sort(),
    );
    expect(heard).toBe(1);
    expect(heads[0]).toEqual(heads[1]);
    expect(heads[0]).toContain("date: now");
  });

  test("a connection goes over to node:http with the first request that is not plain, and stays there", async () => {
    await serveVerdict();
    const { socket, answers } = client();
    socket.write(ask("crm.get"));
    await answers(1);
    socket.write("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
    expect((await answers(2))[1]!.head).toContain("http/1.1 200 ok");
    socket.write(ask("crm.get"));
    expect(decisions(await answers(3))[2]).toBe("allow");
    expect(heard).toBe(2);
  });

  test("requests that do not wait for their answers get them in order", async () => {
    await serveVerdict();
    const names = ["crm.get", "nothing.knows.it", "crm.get", "nothing.knows.it"];
    const together = client();
    together.socket.write(names.map((name) => ask(name)).join(""));
    const apart = client();
    for (const name of names) {
      apart.socket.write(ask(name));
      await new Promise((resolve) => setImmediate(resolve));
    }
    for (const { answers } of [together, apart]) {
      expect(decisions(await answers(4))).toEqual(["allow", "deny", "allow", "deny"]);
    }
  });

  /** A server that answers nothing by itself, and a client that has asked it once. */
  async function askOne(options: { client?: { allowHalfOpen?: boolean }; times?: Parameters<typeof serve>[1] } = {}) {
    const due: PlainExchange[] = [];
    await serve((exchange) => void due.push(exchange), options.times);
    const asking = client(options.client);
    asking.socket.write(ask("one"));
    await expect.poll(() => due.length).toBe(1);
    return { ...asking, due };
  }

  test("what comes while an answer is due waits for it", async () => {
    const { due, socket, answers, received } = await askOne();
    socket.write(ask("two"));
    socket.write(ask("three"));
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect([due.length, heard, received()]).toEqual([1, 0, ""]);
    due[0]!.send(textAnswer("first"));
    expect((await answers(3)).map(({ body }) => body)).toEqual(["first", "node", "node"]);
  });

  test("a request that comes in two pieces is answered as one that comes whole", async () => {
    await serveVerdict();
    const bytes = ask("crm.get");
    const headLength = bytes.indexOf("\r\n\r\n") + 4;
    for (const cut of [1, 20, 50, 120, headLength - 3, headLength - 1, headLength, headLength + 1, bytes.length - 1]) {
      const before = heard;
      const { socket, answers } = client();
      await new Promise((resolve) => socket.once("connect", resolve));
      socket.write(bytes.slice(0, cut));
      await isRead(socket);
      socket.write(bytes.slice(cut));
      expect(decisions(await answers(1))).toEqual(["allow"]);
      expect(heard - before).toBe(cut < headLength ? 1 : 0);
      socket.destroy();
    }
  });

  test("a request that comes in many pieces is answered, too", async () => {
    await serveVerdict();
    const { socket, answers } = client();
    await new Promise((resolve) => socket.once("connect", resolve));
    const bytes = ask("crm.get");
    const headLength = bytes.indexOf("\r\n\r\n") + 4;
    for (const piece of [bytes.slice(0, headLength), ...bytes.slice(headLength)]) {
      socket.write(piece);
      await isRead(socket);
    }
    expect(decisions(await answers(1))).toEqual(["allow"]);
    expect(heard).toBe(1);
  });

  test("node's own client, which sends head and body at once, is answered without node's server", async () => {
    await serveVerdict();
    const body = JSON.stringify({ action_type: "tool_call", action_name: "crm.get" });
    const { port } = server.address() as AddressInfo;
    const headers = {
      host: "localhost",
      authorization: `Bearer ${verdict.secrets.agent}`,
      "content-type": "application/json",
      "content-length": body.length,
    };
    const status = await new Promise((resolve, reject) => {
      httpRequest(
        { port, path: URL, method: "POST", headers: { ...headers, connection: "keep-alive" } },
        (response) => {
          response.resume().on("end", () => resolve(response.statusCode));
        },
      )
        .once("error", reject)
        .end(body);
    });
    expect([status, heard]).toEqual([200, 0]);
  });

  test("who sends the end of the connection behind a request is answered, and then it ends", async () => {
    const due: PlainExchange[] = [];
    await serve((exchange) => void due.push(exchange));
    const { socket, answers, closed } = client();
    socket.end(ask("one"));
    await expect.poll(() => due.length).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 20));
    due[0]!.send(textAnswer("first"));
    expect((await answers(1))[0]!.head).toContain("connection: close");
    await closed;
  });

  test("an answer to somebody who has gone is not sent, and harms nobody", async () => {
    const { due, socket } = await askOne();
    socket.resetAndDestroy();
    await expect.poll(() => due[0]!.isAwaited()).toBe(false);
    due[0]!.send(textAnswer("first"));
  });

  test("connections that say nothing end: new ones sooner than those that asked before", async () => {
    await serve(({ send }) => send(textAnswer("first")), { silentMs: 200, idleMs: 1_000 });
    const silent = client();
    const idle = client();
    idle.socket.write(ask("one"));
    await idle.answers(1);
    let hasEnded = false;
    void idle.closed.then(() => {
      hasEnded = true;
    });
    await silent.closed;
    expect(hasEnded).toBe(false);
    await idle.closed;
  });

  test("a connection that stops in the middle of a request ends as soon as a new one", async () => {
    await serve(({ send }) => send(textAnswer("first")), { silentMs: 200, idleMs: 60_000 });
    const { socket, answers, closed, received } = client();
    socket.write(ask("one"));
    await answers(1);
    const before = received();
    socket.write(ask("two").slice(0, -1));
    await closed;
    expect(received()).toBe(before);
  });

  test("a request that came while the process was busy is answered, though the time is over", async () => {
    await serve(({ send }) => send(textAnswer("first")), { silentMs: 500, idleMs: 10_000 });
    const { socket, answers } = client();
    await expect.poll(() => new Promise((resolve) => server.getConnections((_, count) => resolve(count)))).toBe(1);
    // Behind this, timers come before what was received.
    await new Promise((resolve) => setImmediate(resolve));
    socket.write(ask("one"));
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 600);
    expect((await answers(1))[0]!.body).toBe("first");
  });

  test("a connection is not ended when its time is over in the moment of its answer", async () => {
    const { due, socket, answers } = await askOne({ times: { silentMs: 300, idleMs: 10_000 } });
    setTimeout(() => due[0]!.send(textAnswer("first")), 310);
    // Both times are over behind this, the connection's first.
    await new Promise((resolve) => setImmediate(resolve));
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 400);
    await answers(1);
    socket.write(ask("two"));
    await expect.poll(() => due.length).toBe(2);
  });

  test("a connection whose answer is due does not end for its silence", async () => {
    const { due, answers } = await askOne({ times: { silentMs: 100, idleMs: 100 } });
    await new Promise((resolve) => setTimeout(resolve, 300));
    due[0]!.send(textAnswer("first"));
    expect((await answers(1))[0]!.body).toBe("first");
  });

  test("who does not read the answers is asked for no more, and loses none", async () => {
    // More than the system keeps for both sides.
    const body = "x".repeat(12_000_000);
    let asked = 0;
    await serve(({ send }) => {
      asked += 1;
      send(textAnswer(body));
    });
    const { socket, answers, received } = client();
    socket.pause();
    socket.write(ask("one"));
    await expect.poll(() => asked).toBe(1);
    for (let nth = 1; nth < 5; nth++) {
      socket.write(ask("one"));
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect([asked, heard]).toEqual([1, 0]);
    socket.resume();
    await expect.poll(() => received().length).toBeGreaterThan(body.length);
    const found = await answers(5);
    expect(found.map(({ body }) => body.length)).toEqual([body.length, 4, 4, 4, 4]);
  });

  test("a drain ends what is idle, lets finish what is due, and cuts what is left", async () => {
    const due: PlainExchange[] = [];
    await serve((exchange) => {
      if (exchange.body.includes("later")) due.push(exchange);
      else exchange.send(textAnswer("first"));
    });
    const [idle, silent, busy, never, begun] = [client(), client(), client(), client(), client()];
    begun.socket.write(ask("now").slice(0, -1));
    idle.socket.write(ask("now"));
    await idle.answers(1);
    busy.socket.write(ask("later"));
    await expect.poll(() => due.length).toBe(1);
    never.socket.write(ask("later"));
    await expect.poll(() => due.length).toBe(2);
    const closed = new Promise((resolve) => server.close(resolve));
    await Promise.all([idle.closed, silent.closed]);
    begun.socket.write(ask("now").slice(-1));
    expect((await begun.answers(1))[0]!.body).toBe("first");
    due[0]!.send(textAnswer("last"));
    const [answer] = await busy.answers(1);
    expect([answer!.body, answer!.head]).toEqual(["last", expect.stringContaining("connection: close")]);
    await busy.closed;
    server.closeAllConnections();
    await Promise.all([never.closed, closed]);
  });

  test.each([
    ["leaves its side open", ""],
    ["has sent another request", ask("two")],
  ])("a drain does not wait for a client that %s", async (_, behind) => {
    const { due, socket, answers } = await askOne({ client: { allowHalfOpen: true } });
    socket.write(behind);
    await new Promise((resolve) => setTimeout(resolve, 20));
    const closed = new Promise((resolve) => server.close(resolve));
    due[0]!.send(textAnswer("last"));
    expect((await answers(1))[0]!.body).toBe("last");
    await closed;
  });

  test("a drain answers the first request of a connection that was just made", async () => {
    await serve(({ send }) => send(textAnswer("first")));
    const { socket, answers, closed } = client();
    await new Promise((resolve) => socket.once("connect", resolve));
    await expect.poll(() => new Promise((resolve) => server.getConnections((_, count) => resolve(count)))).toBe(1);
    const drained = new Promise((resolve) => server.close(resolve));
    server.closeIdleConnections();
    socket.write(ask("one"));
    expect((await answers(1))[0]!.body).toBe("first");
    await Promise.all([closed, drained]);
  });

  test("who has left while the request waited is let go", async () => {
    const { due, socket, closed } = await askOne();
    expect(due[0]!.isAwaited()).toBe(true);
    socket.end();
    await expect.poll(() => due[0]!.isAwaited()).toBe(false);
    await closed;
  });

  test("a body that is cut short by the end of the connection is told so", async () => {
    await serveVerdict();
    const { socket, closed, received } = client({ allowHalfOpen: true });
    socket.end(ask("crm.get").slice(0, -1));
    await expect.poll(received).toContain('"decision":"deny"');
    expect(received()).toMatch(/^HTTP\/1\.1 400 /);
    await closed;
  });

  test("who ends their side and does not read the answer is let go", async () => {
    // The end of the client's side is known by then.
    const answer = ({ send }: PlainExchange) => void setTimeout(() => send(textAnswer("x".repeat(30_000_000))), 50);
    await serve(answer, { silentMs: 10_000, idleMs: 1 });
    const { socket } = client({ allowHalfOpen: true });
    socket.pause().end(ask("one"));
    const count = () => new Promise((resolve) => server.getConnections((_, open) => resolve(open)));
    await expect.poll(count).toBe(1);
    await expect.poll(count, { timeout: 10_000 }).toBe(0);
  });

  test("a header that would end early is not sent", async () => {
    const thrown: unknown[] = [];
    await serve(({ send }) => {
      try {
        send({ status: 200, headers: { "x-request-id": "a\r\nset-cookie: b" }, body: "" });
      } catch (error) {
        thrown.push(error);
      }
    });
    const { socket, received } = client();
    socket.write(ask("one"));
    await expect.poll(() => thrown.length).toBe(1);
    expect(received()).toBe("");
  });

  test("what is read belongs to its own connection, however many are read meanwhile", async () => {
    const due: { exchange: PlainExchange; body: string }[] = [];
    const made = createServer((incoming, outgoing) => {
      incoming.pipe(outgoing.setHeader("content-length", incoming.headers["content-length"]!));
    });
    const answer = (exchange: PlainExchange) => void due.push({ exchange, body: exchange.body.toString() });
    servePlainly(made, { lines: new Map([[LINE, { method: "POST", url: URL }]]), ...TIMES, answer });
    await listen(made);
    const turn = () => new Promise((resolve) => setTimeout(resolve, 5));
    const names = (suffix: string) => Array.from({ length: 20 }, (_, nth) => `client.${nth}.${suffix}`);
    const clients = names("").map(() => client());
    const bytes = names("first").map((name) => ask(name));
    // Half of them in two pieces.
    const cut = (nth: number) => (nth % 2 === 0 ? 0 : bytes[nth]!.length - 5);
    for (const [nth, { socket }] of clients.entries()) socket.setNoDelay(true).write(bytes[nth]!.slice(0, cut(nth)));
    await turn();
    for (const [nth, { socket }] of clients.entries()) socket.write(bytes[nth]!.slice(cut(nth)));
    await expect.poll(() => due.length).toBe(clients.length);
    // These go over to node:http, which reads them when the first are answered.
    for (const [nth, name] of names("second").entries()) clients[nth]!.socket.write(ask(name));
    await turn();
    for (const { exchange, body } of due) exchange.send(textAnswer(body));
    for (const [nth, { answers }] of clients.entries()) {
      const [first, second] = await answers(2);
      expect(JSON.parse(first!.body).action_name).toBe(`client.${nth}.first`);
      expect(JSON.parse(second!.body).action_name).toBe(`client.${nth}.second`);
    }
  });

  test("what waits for its turn is what was asked, and what is refused is answered, too", async () => {
    const waiting: QueuedDecision[] = [];
    let isOverloaded = false;
    const queue = {
      isOverloaded: () => isOverloaded,
      hasRoom: () => false,
      add: (decision: QueuedDecision) => void waiting.push(decision),
      connected() {},
      length: 0,
    };
    const refuse = () => ({ status: 503, headers: {}, body: "refused" });
    const answer = ({ env }: { env: { incoming: Heard } }) => textAnswer(JSON.stringify(env.incoming.body));
    const direct = new Map([[URL, { method: "POST", answer }]]);
    await listen(createNodeServer(verdict.app.fetch, direct, { queue, guards: () => true, refuse }));
    const clients = Array.from({ length: 10 }, () => client());
    for (const [nth, { socket }] of clients.entries()) socket.write(ask(`client.${nth}`));
    await expect.poll(() => waiting.length).toBe(clients.length);
    for (const { run } of waiting) run();
    for (const [nth, { answers }] of clients.entries()) {
      const [first] = await answers(1);
      expect(JSON.parse(JSON.parse(first!.body).text).action_name).toBe(`client.${nth}`);
    }
    isOverloaded = true;
    clients[0]!.socket.write(ask("one more"));
    expect((await clients[0]!.answers(2))[1]!.body).toBe("refused");
    expect(heard).toBe(0);
  });

  test("what node:http gives away goes on as a stream", async () => {
    await serve(({ send }) => send(textAnswer("first")));
    server.on("upgrade", (_, socket: Socket) => {
      socket.write("HTTP/1.1 101 Switching Protocols\r\nContent-Length: 0\r\n\r\n");
      socket.pipe(socket);
    });
    const { socket, answers, received, closed } = client();
    socket.write(ask("one"));
    await answers(1);
    socket.write("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n");
    await answers(2);
    const sent = Array.from({ length: 200_000 }, (_, nth) => `${nth}.`).join("");
    socket.end(sent);
    await closed;
    expect(received().endsWith(sent)).toBe(true);
  });
});
