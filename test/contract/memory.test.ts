import { createMemoryApprovalNews } from "../../src/adapters/memory/approval-news.ts";
import { createMemoryApprovalStore } from "../../src/adapters/memory/approval-store.ts";
import { createMemoryAuditStore } from "../../src/adapters/memory/audit-store.ts";
import { createMemoryKeyChanges } from "../../src/adapters/memory/key-changes.ts";
import { createMemoryKeyStore } from "../../src/adapters/memory/key-store.ts";
import { createMemoryRuleSetArchive } from "../../src/adapters/memory/rule-set-archive.ts";
import { createMemorySpool } from "../../src/adapters/memory/spool.ts";
import { createMemoryWebhookQueue } from "../../src/adapters/memory/webhook-queue.ts";
import { describeApprovalNews } from "./approval-news.ts";
import { describeApprovalStore } from "./approval-store.ts";
import { describeAuditPartitions } from "./audit-partitions.ts";
import { describeAuditStore } from "./audit-store.ts";
import { describeKeyChanges } from "./key-changes.ts";
import { describeKeyStore } from "./key-store.ts";
import { describeRuleSetArchive } from "./rule-set-archive.ts";
import { CHAIN, describeSpool } from "./spool.ts";
import { describeWebhookQueue } from "./webhook-queue.ts";

describeAuditStore("memory", async () => {
  const store = createMemoryAuditStore();
  return { store, close: () => store.close() };
});
describeAuditPartitions("memory", async () => {
  const store = createMemoryAuditStore();
  return { store, partitions: store.partitions, close: () => store.close() };
});
describeRuleSetArchive("memory", async () => {
  const archive = createMemoryRuleSetArchive();
  return { archive, close: () => archive.close() };
});
describeApprovalStore("memory", async () => {
  const store = createMemoryApprovalStore();
  return { store, close: () => store.close() };
});
describeApprovalNews("memory", async () => createMemoryApprovalNews());
describeWebhookQueue("memory", async () => {
  const queue = createMemoryWebhookQueue();
  return { queue, close: () => queue.close() };
});
describeKeyStore("memory", async () => {
  const store = createMemoryKeyStore();
  return { store, close: () => store.close() };
});
describeKeyChanges("memory", async () => createMemoryKeyChanges());
describeSpool("memory", async (options) => createMemorySpool({ ...CHAIN, writer: CHAIN.newWriter(), ...options }));
