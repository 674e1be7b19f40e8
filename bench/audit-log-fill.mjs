import { randomFillSync, randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import postgres from "postgres";
import { createCheckpoint, createSigner, GENESIS, linkRecord, serializeRecord } from "../dist/audit/index.js";
import { createUuidv7 } from "../dist/model/uuid.js";

const CHECKPOINT_EVERY = 1000;
const ROWS_A_CHUNK = 1000;

/**
 * Copies records into the table of a database that a service has opened before: one chain of decisions, signed with the key
 * of the service's data directory, one a millisecond up to now.
 */
export async function fillAuditLog({ databaseUrl, dataDir, records }) {
  const sql = postgres(databaseUrl, { max: 1 });
  const signer = createSigner(readFileSync(join(dataDir, "audit-keys/signing.pem"), "utf8"));
  try {
    const copy = await sql`
      copy audit_records (id, kind, identity, action_type, action_name, decision, rules, session_id, writer, seq, record)
      from stdin`.writable();
    await pipeline(Readable.from(rowsOf(records, signer)), copy);
    await sql.unsafe("vacuum analyze audit_records");
  } finally {
    await sql.end();
  }
}

function* rowsOf(records, signer) {
  const newId = createUuidv7(randomFillSync);
  const from = Date.now() - records;
  let head = { writer: randomUUID(), seq: 0, hash: GENESIS };
  let chunk = [];
  for (let n = 0; n < records; n += 1) {
    const [time, id] = [from + n, newId(from + n)];
    const isCheckpoint = n % CHECKPOINT_EVERY === CHECKPOINT_EVERY - 1 || n === records - 1;
    const record = isCheckpoint ? createCheckpoint(signer, head, id, time) : decisionOf(n, id, time);
    const linked = linkRecord(serializeRecord(record), head);
    head = linked.head;
    chunk.push(rowOf(record, linked));
    if (chunk.length < ROWS_A_CHUNK && n < records - 1) continue;
    yield chunk.join("");
    chunk = [];
  }
}

/** COPY's text format: only backslashes need an escape, since JSON on one line has no tabs. */
function rowOf({ kind, id, identity, request, decision }, { line, head }) {
  const indexed =
    kind === "decision"
      ? [identity.name, request.action_type, request.action_name, decision.decision, `{${decision.rules}}`]
      : ["\\N", "\\N", "\\N", "\\N", "{}"];
  return `${[id, kind, ...indexed, "\\N", head.writer, head.seq, line.replaceAll("\\", "\\\\")].join("\t")}\n`;
}

function decisionOf(n, id, time) {
  return {
    version: 1,
    kind: "decision",
    id,
    request_id: id,
    time: new Date(time).toISOString(),
    request: { action_type: "tool_call", action_name: `crm.get_customer_${n % 50}`, arguments: { id: `cus_${n}` } },
    identity: { name: `agent-${n % 20}`, roles: ["agent"] },
    decision: DECISION,
    key_id: "01890b6e-7c00-7000-8000-000000000000",
    latency_us: n % 300,
  };
}

const DECISION = {
  decision: "allow",
  reason: "Customers may be looked up.",
  reason_code: "rule_matched",
  rule_id: "lookup/lookup",
  rule_name: "lookup",
  rules: ["lookup/lookup"],
  obligations: [],
  errors: [],
  policy_revision: `sha256:${"0".repeat(64)}`,
  cache_ttl_seconds: 5,
};
