// The yardstick: node:http doing the JSON work of one decision and nothing else. Prints its port.
import { createServer } from "node:http";

const answer = {
  decision: "approval_required",
  reason: "Refunds above $50 need a person.",
  reason_code: "rule_matched",
  rule_id: "payments/refund-over-cap",
  rule_name: "refund-over-cap",
  rules: ["payments/refund-over-cap"],
  obligations: [],
  errors: [],
  policy_revision: `sha256:${"0".repeat(64)}`,
  cache_ttl_seconds: 0,
  request_id: "01890b6e-7c00-7000-8000-000000000000",
  latency_ms: 0.021,
};

const server = createServer((request, response) => {
  const chunks = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", () => {
    const { action_name } = JSON.parse(Buffer.concat(chunks).toString());
    const body = JSON.stringify({ ...answer, rule_name: action_name });
    response.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(body) });
    response.end(body);
  });
});
// Its own 5 seconds would meet requests of clients that keep connections, as any client of a service does.
server.keepAliveTimeout = 75_000;
server.listen(0, "127.0.0.1", () => process.stdout.write(`${server.address().port}\n`));
