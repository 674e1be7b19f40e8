import { generateKeyPairSync } from "node:crypto";
import {
  type AuditFilters,
  type AuditRecord,
  type ChainHead,
  createCheckpoint,
  createExport,
  createSigner,
  createVerifyingKey,
  GENESIS,
  linkOf,
  linkRecord,
  type Signer,
  serializeRecord,
  type VerifyingKey,
} from "../src/audit/index.ts";
import { instantText } from "../src/model/instant.ts";
import { firstUuidv7At } from "../src/model/uuid.ts";

export interface FakeKeys {
  readonly signer: Signer;
  readonly key: VerifyingKey;
}

/** A new key pair at each call. */
export function fakeKeys(): FakeKeys {
  const { privateKey } = generateKeyPairSync("ed25519");
  const signer = createSigner(privateKey.export({ format: "pem", type: "pkcs8" }).toString());
  return { signer, key: createVerifyingKey(signer.publicKey) };
}

/** 2026-01-31T09:20:00Z. */
export const LOG_START = 1_769_851_200_000;

/** The id of the n-th record; one a millisecond. */
export const fakeId = (n: number) => firstUuidv7At(LOG_START + n);

export const fakeWriter = (n: number) => `01890b6e-7c00-7000-8000-${String(n).padStart(12, "0")}`;

/** A decision, without its link. */
export function fakeDecision(n: number): AuditRecord {
  return {
    version: 1,
    kind: "decision",
    id: fakeId(n),
    request_id: fakeId(n),
    time: instantText(LOG_START + n),
    request: {
      action_type: "tool_call",
      action_name: "crm.get_customer",
      arguments: { id: `cus_${n}`, note: "Zoë ✓ \ufffd" },
    },
    identity: { name: "support-bot", roles: ["support"], attributes: {} },
    decision: {
      decision: n % 3 === 0 ? "deny" : "allow",
      reason: "Reading is ordinary.",
      reason_code: "rule_matched",
      rule_id: "baseline/read",
      rules: ["baseline/read"],
      obligations: [],
      errors: [],
      policy_revision: `sha256:${"f".repeat(64)}`,
      cache_ttl_seconds: 0,
    },
    key_id: fakeWriter(999),
    latency_us: n,
  };
}

/** Several writers' chains in one log, as the store gives it: in ascending order of ids. */
export interface FakeLog {
  readonly lines: readonly string[];
  add(writer: number, record?: (n: number) => AuditRecord): string;
  /** Ends the writer's chain, as it is, with a checkpoint. */
  sign(writer: number, by?: Signer): string;
  head(writer: number): ChainHead;
}

export function createFakeLog(signer: Signer): FakeLog {
  const lines: string[] = [];
  const heads = new Map<number, ChainHead>();
  const head = (writer: number) => heads.get(writer) ?? { writer: fakeWriter(writer), seq: 0, hash: GENESIS };
  function add(writer: number, record = fakeDecision): string {
    const linked = linkRecord(serializeRecord(record(lines.length)), head(writer));
    heads.set(writer, linked.head);
    lines.push(linked.line);
    return linked.line;
  }
  return {
    lines,
    add,
    head,
    sign: (writer, by = signer) => add(writer, (n) => createCheckpoint(by, head(writer), fakeId(n), LOG_START + n)),
  };
}

/** Writers take turns; each signs at every `checkpointEvery`th record of its own, and at the end. */
export function fakeLog(
  signer: Signer,
  { records, writers, checkpointEvery }: { records: number; writers: number; checkpointEvery: number },
): FakeLog {
  const log = createFakeLog(signer);
  for (let n = 0; n < records - writers; n += 1) {
    const writer = n % writers;
    if ((log.head(writer).seq + 1) % checkpointEvery === 0) log.sign(writer);
    else log.add(writer);
  }
  for (let writer = 0; writer < writers; writer += 1) log.sign(writer);
  return log;
}

/** The whole file. */
export function fakeExport(signer: Signer, lines: readonly string[], filters: AuditFilters = {}): Buffer {
  const file = createExport(signer, filters);
  return Buffer.concat([file.add(lines), Buffer.from(file.end("2026-02-01T00:00:00.000Z"))]);
}

/** What follows an alteration by who can write to the database: all is linked and hashed anew. Forges no signature. */
export function hashAgain(lines: readonly string[]): string[] {
  const heads = new Map<string, ChainHead>();
  return lines.map((line) => {
    const writer = linkOf(line)?.writer ?? "";
    const linked = linkRecord(withoutLink(line), heads.get(writer) ?? { writer, seq: 0, hash: GENESIS });
    heads.set(writer, linked.head);
    return linked.line;
  });
}

/** A stored line's record as it was before it got its place in a chain. */
export const withoutLink = (line: string) => `${line.slice(0, line.lastIndexOf(',"writer":"'))}}`;
