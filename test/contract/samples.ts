import { type ChainHead, GENESIS, linesOf, linkRecord, parseRecord, serializeRecord } from "../../src/audit/index.ts";
import type {
  AuditRecord,
  AuditStore,
  ChainedRecord,
  DecisionRecord,
  EventRecord,
  Lines,
} from "../../src/audit/types.ts";
import type { ApiKey } from "../../src/identity/types.ts";
import type { JsonObject } from "../../src/model/activation.ts";
import { instantText } from "../../src/model/instant.ts";
import { firstUuidv7At, instantOfUuidv7 } from "../../src/model/uuid.ts";

/** In November 2024. */
export const FIRST_TIME = 0x0193_0000_0000;

/** The n-th id in byte order: a UUIDv7 of the n-th millisecond. */
export const idOf = (n: number) => idAt(FIRST_TIME + n, n);

/** The n-th id of a millisecond. */
export function idAt(time: number, n = 0): string {
  return firstUuidv7At(time).slice(0, -12) + n.toString(16).padStart(12, "0");
}

interface DecisionParts {
  readonly id?: string;
  readonly arguments?: JsonObject;
  readonly identity?: string;
  readonly action_type?: string;
  readonly action_name?: string;
  readonly decision?: "allow" | "deny" | "approval_required";
  readonly rules?: readonly string[];
  readonly session_id?: string;
}

/** A decision record of about 900 bytes; `n` gives id and time. */
export function decisionRecord(n: number, parts: DecisionParts = {}): DecisionRecord {
  const id = parts.id ?? idOf(n);
  const rules = parts.rules ?? ["payments/refund-over-cap"];
  return {
    version: 1,
    kind: "decision",
    id,
    request_id: id,
    time: instantText(instantOfUuidv7(id)),
    request: {
      action_type: parts.action_type ?? "tool_call",
      action_name: parts.action_name ?? "stripe.refund",
      arguments: parts.arguments ?? { amount: 75.5, currency: "usd", charge: `ch_${n}`, note: "customer asked twice" },
      destination: { url: "https://api.stripe.com/v1/refunds", domain: "api.stripe.com", port: 443, scheme: "https" },
      ...(parts.session_id === undefined ? {} : { session_id: parts.session_id }),
      context: { framework: "test" },
    },
    identity: { name: parts.identity ?? "billing-agent", roles: ["agent"], tenant: "acme", attributes: {} },
    decision: {
      decision: parts.decision ?? "deny",
      reason: "Refunds above $50 need a person.",
      reason_code: rules.length === 0 ? "no_matching_rule" : "rule_matched",
      ...(rules[0] === undefined ? {} : { rule_id: rules[0], rule_name: "Refund over the cap" }),
      rules,
      obligations: [],
      errors: [],
      policy_revision: `sha256:${"0".repeat(64)}`,
      cache_ttl_seconds: 0,
    },
    key_id: idOf(1),
    latency_us: 42,
  };
}

export function eventRecord(n: number, kind: EventRecord["kind"] = "rules.activated", id = idOf(n)): EventRecord {
  const time = instantText(instantOfUuidv7(id));
  return { version: 1, kind, id, time, actor: "system", data: { revision: "sha256:00" } };
}

/** JSON that databases and encodings are known to trip over. */
export const AWKWARD_ARGUMENTS: Readonly<Record<string, JsonObject>> = {
  "text outside ASCII and the BMP": { text: "Größe 💸 \u2028 \uFFFD \u{10FFFF}", ключ: "値" },
  "NUL characters": { text: "a\u0000b", "k\u0000": 1 },
  "lone surrogates": { text: "\ud800 x \udc00" },
  "quotes, backslashes and line breaks": { text: "\"\\\n\r\t'$1 \\u0000" },
  "keys of Object.prototype": JSON.parse(
    '{"__proto__":{"a":1},"constructor":{"prototype":1},"toJSON":"x"}',
  ) as JsonObject,
  "numbers at the edges": { a: 1e308, b: 5e-324, c: 0.1, d: 9007199254740992, e: -1e21, f: 1e-7 },
  "keys in an order of their own": { b: 1, a: 2, "10": 3, "9": 4 },
  "64 levels of nesting": nested(64),
};

export function nested(depth: number): JsonObject {
  let value: JsonObject = { leaf: true };
  for (let level = 1; level < depth; level += 1) value = { next: value };
  return value;
}

/** Of records, or of lines that hold them. */
export function ids(records: readonly AuditRecord[] | Lines): string[] {
  return ("bytes" in records ? linesOf(records.bytes).map(parseRecord) : records).map(({ id }) => id);
}

/** A writer that has written nothing. */
export function newWriter(n = 0): ChainHead {
  return { writer: `00000000-0000-4000-8000-${n.toString(16).padStart(12, "0")}`, seq: 0, hash: GENESIS };
}

/** Lines as the spool gives them, of one writer. */
export function chainLines(records: readonly AuditRecord[], head: ChainHead = newWriter()): string[] {
  let last = head;
  return records.map((record) => {
    const linked = linkRecord(serializeRecord(record), last);
    last = linked.head;
    return linked.line;
  });
}

/** @returns the records as they are to come back */
export async function insertRecords(
  store: AuditStore,
  records: readonly AuditRecord[],
  head?: ChainHead,
): Promise<ChainedRecord[]> {
  const lines = chainLines(records, head);
  await store.insert(Buffer.from(lines.join("\n")));
  return lines.map(parseRecord);
}

export function apiKey(n: number, parts: Partial<ApiKey> = {}): ApiKey {
  return {
    id: idOf(n),
    prefix: `vk_${n.toString(36).padStart(4, "0")}`,
    hash: n.toString(16).padStart(64, "0"),
    identity: { name: `agent-${n}`, roles: ["agent"] },
    roles: ["agent"],
    scopes: [],
    createdAt: FIRST_TIME + n,
    ...parts,
  };
}
