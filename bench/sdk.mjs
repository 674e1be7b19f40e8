// The TypeScript client: what a decision costs that it keeps, and what it adds to a `fetch` of one that it does not.
// `npm run build` in sdks/typescript first, then `node bench/sdk.mjs`. Medians of several rounds.
import { once } from "node:events";
import { createServer } from "node:http";
import { isMainThread, parentPort, Worker } from "node:worker_threads";

const ANSWER = JSON.stringify({
  decision: "allow",
  reason: "Reading is ordinary.",
  reason_code: "rule_matched",
  request_id: "018f0000-0000-7000-8000-000000000001",
  latency_ms: 0.1,
  rule_id: "baseline/read",
  rule_name: "Read",
  rules: ["baseline/read"],
  obligations: [],
  errors: [],
  policy_revision: "sha256:aa",
  cache_ttl_seconds: 60,
});
const SMALL = { action_type: "tool_call", action_name: "crm.get_customer", arguments: { id: "cus_42" } };
const LARGE = {
  ...SMALL,
  destination: { url: "https://api.example.com/v1/customers/cus_42", port: 443 },
  identity: { name: "support-agent", roles: ["support", "night"], tenant: "acme" },
  session_id: "run-42",
  context: { framework: "langgraph", intent: "refund a damaged order" },
  arguments: { id: "cus_42", fields: ["name", "email", "orders"], limit: 20, note: 'She said "today".' },
};

const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];

/** Microseconds of wall time a call, and of this process's CPU. */
async function timed(rounds, calls, call) {
  const wall = [];
  const cpu = [];
  for (let round = 0; round < rounds; round += 1) {
    const cpuAtStart = process.cpuUsage();
    const start = performance.now();
    for (let index = 0; index < calls; index += 1) await call();
    wall.push(((performance.now() - start) * 1000) / calls);
    const { user, system } = process.cpuUsage(cpuAtStart);
    cpu.push((user + system) / calls);
  }
  return { wall: median(wall), cpu: median(cpu) };
}

async function report(name, calls, call) {
  const { wall, cpu } = await timed(9, calls, call);
  console.log(`${name}: ${cpu.toFixed(2)} us of CPU, ${wall.toFixed(2)} us`);
}

async function main() {
  const { canonicalJson, cacheKey, Verdict } = await import("../sdks/typescript/dist/esm/index.js");
  const worker = new Worker(new URL(import.meta.url));
  const [url] = await once(worker, "message");
  const options = { url, apiKey: "vdt_bench" };

  for (const [name, request] of Object.entries({ small: SMALL, large: LARGE })) {
    const verdict = new Verdict({ ...options, cacheTtlSeconds: 3600 });
    await verdict.evaluate(request);
    await report(`cached decision, ${name} request`, 200_000, () => verdict.evaluate(request));
    await report("  its canonical form alone", 200_000, () => canonicalJson(request));
    await report("  that and its SHA-256", 20_000, () => cacheKey(request));
  }

  const body = JSON.stringify(SMALL);
  const headers = { "content-type": "application/json", authorization: "Bearer vdt_bench", accept: "application/json" };
  const bare = async () => {
    const response = await fetch(`${url}/v1/policy/evaluate`, { method: "POST", headers, body });
    return JSON.parse(await response.text());
  };
  const uncached = new Verdict({ ...options, cacheTtlSeconds: 0 });
  const evaluate = () => uncached.evaluate(SMALL);
  await timed(1, 2000, bare);
  await timed(1, 2000, evaluate);
  // In turns, so that whatever else the machine does hits both.
  const rounds = { bare: [], client: [] };
  for (let round = 0; round < 9; round += 1) {
    rounds.bare.push(await timed(1, 1000, bare));
    rounds.client.push(await timed(1, 1000, evaluate));
  }
  const of = (which, what) => median(rounds[which].map((round) => round[what]));
  for (const what of ["wall", "cpu"]) {
    const [plain, client] = [of("bare", what), of("client", what)];
    console.log(
      `uncached, ${what}: fetch ${plain.toFixed(0)} us, client ${client.toFixed(0)} us (+${(client - plain).toFixed(0)} us)`,
    );
  }
  await worker.terminate();
}

function serve() {
  const server = createServer((request, response) => {
    request.resume().on("end", () => response.setHeader("content-type", "application/json").end(ANSWER));
  });
  // The rounds out of the cache leave the event loop no time to notice that a connection was closed.
  server.keepAliveTimeout = 600_000;
  server.listen(0, "127.0.0.1", () => parentPort.postMessage(`http://127.0.0.1:${server.address().port}`));
}

if (isMainThread) await main();
else serve();
