import { generateKeyPairSync, randomBytes, randomFillSync, randomUUID } from "node:crypto";
import { createMemoryApprovalNews } from "../src/adapters/memory/approval-news.ts";
import { createMemoryApprovalStore } from "../src/adapters/memory/approval-store.ts";
import { createMemoryAuditStore } from "../src/adapters/memory/audit-store.ts";
import { createMemoryKeyChanges } from "../src/adapters/memory/key-changes.ts";
import { createMemoryKeyStore } from "../src/adapters/memory/key-store.ts";
import { createMemorySpool } from "../src/adapters/memory/spool.ts";
import { createMemoryWebhookQueue } from "../src/adapters/memory/webhook-queue.ts";
import type { ApprovalNotice } from "../src/approvals/index.ts";
import { createCheckpoint } from "../src/audit/checkpoint.ts";
import { serializeRecord } from "../src/audit/serialize-record.ts";
import { createSigner, createVerifyingKey } from "../src/audit/signing.ts";
import { createCelCompiler } from "../src/cel/index.ts";
import { createApp, createDirectRoutes, createHostGuard } from "../src/http/index.ts";
import { type ApiKey, createApiKey, createKeyRing, type KeyRole } from "../src/identity/index.ts";
import { createUuidv7 } from "../src/model/uuid.ts";
import { createApprovalAnnouncer } from "../src/operations/approvals/announce-approvals.ts";
import { createDecisionRecorder } from "../src/operations/decisions/record-decision.ts";
import { createActiveRules } from "../src/operations/rule-sets/active-rules.ts";
import { createRuleReloader } from "../src/operations/rule-sets/reload-rules.ts";
import type { DependencyState, Service } from "../src/operations/service.ts";
import { createRedactor } from "../src/redaction/index.ts";
import { createRuleLoader, type RuleSource } from "../src/rules/index.ts";
import { createLogger, createMetrics } from "../src/telemetry/index.ts";
import { createInlinePolicyChecker } from "./inline-policy-checker.ts";

export const TEST_RULES = `
version: 1
policy: test
rules:
  - id: read
    action: { name: ["*.get", "*.list"] }
    when: "true"
    decision: allow
  - id: refund-over-cap
    action: { name: stripe.refund }
    when: arguments.amount > 50
    decision: approval_required
    reason: Refunds above $50 need a person.
  - id: refund
    action: { name: stripe.refund }
    when: arguments.amount > 0 && arguments.amount <= 50
    decision: allow
  - id: no-drop
    action: { type: sql_query }
    when: arguments.query.matches("(?i)drop")
    decision: deny
    reason: Dropping tables is not allowed; ask a person.
    help_text: Write a migration instead.
`;

const SIGNING_KEY = generateKeyPairSync("ed25519").privateKey.export({ format: "pem", type: "pkcs8" }) as string;

/** A whole service in memory, with the clock and the rule files in the test's hands. */
export async function createTestService(
  options: {
    files?: RuleSource[];
    dependencies?: Map<string, () => DependencyState>;
    allowedHosts?: string[];
    override?: Partial<Service>;
  } = {},
) {
  let files = options.files ?? [{ path: "test.yaml", content: TEST_RULES }];
  let now = Date.parse("2026-01-02T03:04:05Z");
  const keyStore = createMemoryKeyStore();
  const auditStore = createMemoryAuditStore();
  const signer = createSigner(SIGNING_KEY);
  const spool = createMemorySpool({
    writer: randomUUID(),
    createCheckpoint: (head) => serializeRecord(createCheckpoint(signer, head, newId(now), now)),
  });
  const redactor = createRedactor({ key: randomBytes(32) });
  const logLines: string[] = [];
  const notices: { notice: ApprovalNotice; id: string }[] = [];
  const loader = createRuleLoader({ compiler: createCelCompiler() });
  const clock = { now: () => now, microseconds: () => performance.now() * 1000 };
  const newId = createUuidv7(randomFillSync);
  const approvalNews = createMemoryApprovalNews();
  const logger = createLogger("info", { write: (line: string) => logLines.push(line) });
  const approvalStore = createMemoryApprovalStore();
  const parts = {
    activeRules: createActiveRules(),
    policyChecker: createInlinePolicyChecker(),
    keyRing: createKeyRing(keyStore),
    keyStore,
    keyChanges: createMemoryKeyChanges(),
    spool,
    redactor,
    recordDecision: createDecisionRecorder(spool, redactor),
    approvalStore,
    approvalNews,
    approvalAnnouncer: createApprovalAnnouncer({
      ...{ spool, redactor, clock, newId, logger, approvalStore, news: approvalNews, wait: async () => {} },
      notifier: { notify: async (notice, { id }) => void notices.push({ notice, id }) },
    }),
    webhookQueue: createMemoryWebhookQueue(),
    auditStore,
    auditPartitions: auditStore.partitions,
    signer,
    verifyingKeys: [createVerifyingKey(signer.publicKey)],
    async flushAudit() {
      await auditStore.insert((await spool.peek(10_000)).bytes);
      await spool.acknowledge();
      return true;
    },
    dependencies: options.dependencies ?? new Map(),
    clock,
    newId,
    randomSecret: () => randomBytes(32),
    metrics: createMetrics(),
    logger,
    settings: { cacheTtlSecondsMax: 5, approvalsPendingMax: 3 },
    ...options.override,
  };
  const load = async () => ({ ...loader.load(files), sources: files });
  const keepSources = async () => {};
  const service: Service = { ...parts, ruleReloader: createRuleReloader({ ...parts, load, keepSources }) };
  await service.ruleReloader.reload("system");

  const secrets = {} as Record<KeyRole, string>;
  const addKey = async (roles: KeyRole[], rest: { expiresAt?: number; revokedAt?: number } = {}) => {
    const { revokedAt, ...fields } = rest;
    const made = createApiKey({
      id: newId(now),
      identity: { name: roles.join("-") || "none", roles },
      roles,
      now,
      random: randomBytes(32),
      ...fields,
    });
    const key: ApiKey = revokedAt === undefined ? made.key : { ...made.key, revokedAt };
    await keyStore.insert(key);
    await service.keyRing.refresh();
    return { key, secret: made.secret };
  };
  for (const role of ["agent", "gateway", "ci", "approver", "auditor", "admin"] as const) {
    secrets[role] = (await addKey([role])).secret;
  }

  const assertHost = createHostGuard(options.allowedHosts ?? ["localhost", "127.0.0.1"]);
  const app = createApp({ service, assertHost });
  const direct = createDirectRoutes({ service, assertHost });
  const request = async (method: string, path: string, rest: RequestOptions = {}) => {
    const { key = secrets.agent, body, text = body === undefined ? undefined : JSON.stringify(body), headers } = rest;
    const response = await app.request(`http://localhost${path}`, {
      method,
      ...(text === undefined ? {} : { body: text }),
      headers: {
        host: "localhost",
        ...(key === null ? {} : { authorization: `Bearer ${key}` }),
        ...(text === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
    });
    const answered = await response.text();
    const isJson = /[/+]json\b/.test(response.headers.get("content-type") ?? "");
    return {
      status: response.status,
      headers: response.headers,
      body: isJson ? JSON.parse(answered) : answered,
    };
  };
  return {
    service,
    app,
    direct,
    secrets,
    spool,
    logLines,
    /** What people outside were told of approvals. */
    notices,
    addKey,
    request,
    evaluate: (body: unknown, rest: RequestOptions = {}) => request("POST", "/v1/policy/evaluate", { body, ...rest }),
    setFiles(next: RuleSource[]) {
      files = next;
    },
    advance(ms: number) {
      now += ms;
    },
  };
}

export interface RequestOptions {
  readonly key?: string | null;
  readonly body?: unknown;
  readonly text?: string | Uint8Array<ArrayBuffer>;
  readonly headers?: Record<string, string>;
}
