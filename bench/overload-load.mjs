// A thread that asks at a fixed rate, whatever the answers: what clients that do not wait for each other do to a service.
// Each request has a connection of its own until it is answered; further ones are opened up to a limit. Without a rate each
// connection asks again as soon as it is answered.
import { connect } from "node:net";
import { parentPort, workerData } from "node:worker_threads";

const { port, perSecond, seconds, connectionsMax, requests } = workerData;
const texts = requests.map((text) => Buffer.from(text));

const idle = [];
let [connections, connectionsMost, sent, unsent, broken] = [0, 0, 0, 0, 0];
const statuses = {};
/** By request id: what was answered with 200. */
const answered = new Map();
/** Milliseconds from the writing of a request to its answer. */
const waits = { 200: [], 503: [] };
const withoutRetryAfter = [];

function open(first) {
  connections += 1;
  connectionsMost = Math.max(connectionsMost, connections);
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  const connection = { socket, sentAt: 0, text: "" };
  socket.on("data", (chunk) => receive(connection, chunk.toString("latin1")));
  socket.on("error", () => {});
  socket.on("close", () => {
    connections -= 1;
    if (connection.sentAt !== 0 && !isOver) broken += 1;
    const at = idle.indexOf(connection);
    if (at >= 0) idle.splice(at, 1);
  });
  ask(connection, first);
}

function ask(connection, text) {
  sent += 1;
  connection.sentAt = performance.now();
  connection.socket.write(text);
}

function receive(connection, chunk) {
  const text = connection.text + chunk;
  const head = text.indexOf("\r\n\r\n");
  const length = head < 0 ? Number.NaN : Number(/content-length: (\d+)/i.exec(text.slice(0, head))[1]);
  if (!(text.length >= head + 4 + length)) {
    connection.text = text;
    return;
  }
  const status = text.slice(9, 12);
  statuses[status] = (statuses[status] ?? 0) + 1;
  waits[status]?.push(performance.now() - connection.sentAt);
  if (status === "200") answered.set(/"request_id":"([^"]+)"/.exec(text)[1], /"decision":"([^"]+)"/.exec(text)[1]);
  else if (!/retry-after: \d/i.test(text) || !text.includes('"decision":"deny"')) withoutRetryAfter.push(text);
  connection.text = "";
  connection.sentAt = 0;
  if (perSecond === undefined && performance.now() - from < seconds * 1000) ask(connection, texts[sent % texts.length]);
  else idle.push(connection);
}

let isOver = false;
const from = performance.now();
let due = 0;
let late = 0;
function tick() {
  const elapsed = (performance.now() - from) / 1000;
  if (elapsed >= seconds) return finish();
  const upTo = perSecond === undefined ? 0 : Math.floor(elapsed * perSecond);
  late = Math.max(late, (upTo - due) / (perSecond ?? 1));
  for (; due < upTo; due++) {
    const text = texts[due % texts.length];
    const connection = idle.pop();
    if (connection !== undefined) ask(connection, text);
    else if (connections < connectionsMax) open(text);
    else unsent += 1;
  }
  setTimeout(tick, 1);
}

/** What is under way is waited for, since it is recorded. */
function finish() {
  const endedAt = Date.now();
  const giveUpAt = performance.now() + 10_000;
  const wait = setInterval(() => {
    if (idle.length < connections && performance.now() < giveUpAt) return;
    clearInterval(wait);
    isOver = true;
    const unanswered = connections - idle.length;
    for (const { socket } of idle) socket.destroy();
    const result = {
      connectionsMost,
      sent,
      unsent,
      broken,
      unanswered,
      statuses,
      waits,
      answered,
      endedAt,
      withoutRetryAfter,
    };
    parentPort.postMessage({ ...result, lateMs: late * 1000 });
  }, 20);
}
if (perSecond === undefined) for (let n = 0; n < connectionsMax; n++) open(texts[n % texts.length]);
tick();
