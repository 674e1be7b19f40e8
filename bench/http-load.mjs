import { Agent, request } from "node:http";
import autocannon from "autocannon";
import { assertRecorded, cpuOf } from "./processes.mjs";
import { bodiesOver } from "./rule-set.mjs";

export const CONNECTIONS = 32;

/** Requests over the rules of `sourcesOf(1000, 1)`. */
export const BODIES = bodiesOver(1000);

/**
 * Closed loop for some seconds. Work that a server left behind belongs to the round: `server.settle` waits for it.
 * @param server what is asked is `server.path` with each of `server.bodies`, where it has them
 * @returns CPU of the server's process a request, and what the clients saw
 */
export async function loadOnce(server, seconds) {
  const { path = "/v1/policy/evaluate", bodies = BODIES } = server;
  const headers = { "content-type": "application/json", ...server.headers };
  const requests = bodies.map((body) => ({ method: "POST", path, headers, body }));
  await server.settle?.();
  const before = cpuOf(server.pid);
  const result = await autocannon({ url: server.url, connections: CONNECTIONS, duration: seconds, requests });
  if (result.non2xx + result.errors > 0) throw new Error(`${result.non2xx} refused, ${result.errors} failed`);
  await server.settle?.();
  const cpuUs = (cpuOf(server.pid) - before) / result.requests.total;
  // Only Verdict has keys.
  if (server.keys !== undefined) await assertRecorded(server);
  return {
    cpuUs,
    perSecond: result.requests.average,
    p50: result.latency.p50,
    p99: result.latency.p99,
  };
}

/**
 * Asks each once over kept connections.
 * @returns the answers' bodies, in order
 * @throws when one is not a success
 */
export async function askEach({ url, path, headers }, bodies) {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  const answers = new Array(bodies.length);
  let next = 0;
  const askOn = async () => {
    while (next < bodies.length) {
      const nth = next++;
      answers[nth] = await ask(`${url}${path}`, { agent, headers }, bodies[nth]);
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, askOn));
  agent.destroy();
  return answers;
}

function ask(url, { agent, headers }, body) {
  return new Promise((resolve, reject) => {
    const sent = { ...headers, "content-type": "application/json", "content-length": Buffer.byteLength(body) };
    request(url, { agent, method: "POST", headers: sent }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk) => {
        text += chunk;
      });
      response.once("error", reject).once("end", () => {
        if (response.statusCode === 200) resolve(text);
        else reject(new Error(`${url} answered ${response.statusCode}: ${text}`));
      });
    })
      .once("error", reject)
      .end(body);
  });
}
