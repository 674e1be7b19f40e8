import { once } from "node:events";
import { connect } from "node:net";
import { setImmediate as nextTurn } from "node:timers/promises";

const CONNECTIONS = 512;
const GIVE_UP_AFTER_MS = 30_000;
/** At the beginning of a load, when what is answered is in no latency. */
export const UNCOUNTED_SECONDS = 2;
const NAP_MS = 0.1;
const nap = new Int32Array(new SharedArrayBuffer(4));

/**
 * Asks at a fixed rate, whatever the answers: every request has a time at which it is due, and its latency begins there, also
 * when it is sent later because this process or all connections were busy (no coordinated omission). Connections are made
 * before the first request and kept, with one request under way on each. The first two seconds do not count: what is asked
 * on hundreds of new connections by code that is not compiled yet is held up for tens of milliseconds, which at 25,000 requests a
 * second was all of the slowest hundredth of ten seconds.
 *
 * Naps for a tenth of a millisecond whenever nothing is due: timers, whose millisecond would be in every latency, are too
 * coarse, and who spins, or naps only where nothing is due for longer than that, takes a core from the service and its database
 * from 10,000 requests a second on. What is due or answered during a nap counts as later than it was.
 * @param bodies sent in turns
 * @param uncountedSeconds before `seconds`, at the same rate
 * @param onAnswer called with the time it was due (ms, of `performance`) and the latency of each answer that counts
 * @returns `latencies` in milliseconds, ascending; `lateMs`, the most by which a request that counts was sent after it was
 *   due; of all that were `asked`, also those that do not count, `failed`: answers other than 200 and broken connections
 * @throws when a connection cannot be made before the first request
 */
export async function askAtRate({
  url,
  path = "/v1/policy/evaluate",
  headers,
  bodies,
  rate,
  seconds,
  uncountedSeconds = UNCOUNTED_SECONDS,
  onAnswer,
}) {
  const { hostname, port } = new URL(url);
  const requests = bodies.map((body) => requestText(hostname, path, headers, body));
  const uncounted = Math.round(rate * uncountedSeconds);
  const asked = uncounted + Math.round(rate * seconds);
  const latencies = new Float64Array(asked - uncounted);
  const state = { answered: 0, counted: 0, failed: 0, lateMs: 0 };
  const idle = [];
  let connections = 0;

  const finished = (connection, ok) => {
    if (connection.dueAt === undefined) return;
    const latency = performance.now() - connection.dueAt;
    state.answered += 1;
    if (!ok) state.failed += 1;
    if (connection.dueAt >= countsFrom) {
      latencies[state.counted++] = latency;
      onAnswer?.(connection.dueAt, latency);
    }
    connection.dueAt = undefined;
    if (!connection.socket.destroyed) idle.push(connection);
  };
  const open = () => {
    connections += 1;
    const socket = connect({ host: hostname, port: Number(port), noDelay: true });
    const connection = { socket, dueAt: undefined, text: "" };
    socket.on("data", (chunk) => receive(connection, chunk, finished));
    socket.on("error", () => {});
    socket.on("close", () => {
      connections -= 1;
      finished(connection, false);
      if (idle.includes(connection)) idle.splice(idle.indexOf(connection), 1);
    });
    return connection;
  };

  for (let nth = 0; nth < CONNECTIONS; nth++) {
    const connection = open();
    await once(connection.socket, "connect");
    idle.push(connection);
  }
  const from = performance.now();
  const dueAtOf = (nth) => from + (nth * 1000) / rate;
  const countsFrom = dueAtOf(uncounted);
  let sent = 0;
  while (state.answered < asked) {
    const now = performance.now();
    while (sent < asked && dueAtOf(sent) <= now && (idle.length > 0 || connections < CONNECTIONS)) {
      const connection = idle.pop() ?? open();
      connection.dueAt = dueAtOf(sent);
      if (sent >= uncounted) state.lateMs = Math.max(state.lateMs, now - connection.dueAt);
      connection.socket.write(requests[sent % requests.length]);
      sent += 1;
    }
    if (now > dueAtOf(asked) + GIVE_UP_AFTER_MS)
      throw new Error(`${asked - state.answered} requests were never answered`);
    if (sent === asked || dueAtOf(sent) > performance.now()) Atomics.wait(nap, 0, 0, NAP_MS);
    await nextTurn();
  }
  for (const { socket } of idle) socket.destroy();
  return { latencies: latencies.sort(), lateMs: state.lateMs, failed: state.failed, asked };
}

function requestText(host, path, headers, body) {
  const all = { host, "content-type": "application/json", ...headers, "content-length": Buffer.byteLength(body) };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(`POST ${path} HTTP/1.1\r\n${lines.join("")}\r\n${body}`);
}

/** Answers have a length, and come one at a time. */
function receive(connection, chunk, finished) {
  connection.text += chunk.toString("latin1");
  const head = connection.text.indexOf("\r\n\r\n");
  if (head < 0) return;
  const length = Number(/content-length: (\d+)/i.exec(connection.text.slice(0, head))?.[1]);
  if (Number.isNaN(length)) throw new Error("an answer has no content-length");
  if (connection.text.length < head + 4 + length) return;
  const ok = connection.text.startsWith("200", 9);
  connection.text = "";
  finished(connection, ok);
}
