import autocannon from "autocannon";
import { cpuOf } from "./processes.mjs";
import { requestOf } from "./rule-set.mjs";

export const CONNECTIONS = 32;

export const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];

/**
 * Closed loop for some seconds. Work that a server left behind belongs to the round: `server.settle` waits for it.
 * @returns CPU of the server's process a request, and what the clients saw
 */
export async function loadOnce(server, seconds) {
  const requests = Array.from({ length: 64 }, (_, n) => ({
    method: "POST",
    path: "/v1/policy/evaluate",
    headers: { "content-type": "application/json", ...server.headers },
    body: JSON.stringify(requestOf(n * 15)),
  }));
  await server.settle?.();
  const before = cpuOf(server.pid);
  const result = await autocannon({ url: server.url, connections: CONNECTIONS, duration: seconds, requests });
  if (result.non2xx + result.errors > 0) throw new Error(`${result.non2xx} refused, ${result.errors} failed`);
  await server.settle?.();
  return {
    cpuUs: (cpuOf(server.pid) - before) / result.requests.total,
    perSecond: result.requests.average,
    p50: result.latency.p50,
    p99: result.latency.p99,
  };
}
