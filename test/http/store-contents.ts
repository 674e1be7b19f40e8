import type { createTestService } from "../test-service.ts";

/** All that a service keeps, but for what is only remembered to be fast. Records are newest first. */
export async function contentsOf({ service }: Awaited<ReturnType<typeof createTestService>>) {
  await service.flushAudit();
  const { approvalStore, auditStore, keyStore, webhookQueue, activeRules } = service;
  return {
    records: await auditStore.list({ limit: 10_000 }),
    keys: await keyStore.list(),
    approvals: await approvalStore.list({ limit: 1000 }, service.clock.now()),
    deliveries: await webhookQueue.list({ limit: 1000 }),
    rules: {
      revision: activeRules.current()?.revision,
      activatedAt: activeRules.activatedAt,
      lastLoad: activeRules.lastLoad,
    },
  };
}
