import type { KeyChanges } from "../identity/index.ts";
import type { Service } from "../operations/service.ts";
import { type Metrics, mergeExpositions } from "../telemetry/index.ts";
import type { WorkerLink } from "./link.ts";

/**
 * The service of one worker as clients see it, who do not choose the worker that answers them: what was recorded, changed or
 * counted at another one is found here.
 */
export function joinWorkers(service: Service, worker: WorkerLink): Service {
  const { ruleReloader, keyChanges, metrics, flushAudit } = service;
  worker.onQuestion("metrics", () => metrics.render());
  worker.onQuestion("flush", async () => String(await flushAudit()));
  return {
    ...service,
    ruleReloader: {
      async reload(actor) {
        try {
          return await ruleReloader.reload(actor);
        } finally {
          worker.tellOthers("rules");
        }
      },
    },
    keyChanges: joinKeyChanges(keyChanges, worker),
    metrics: joinMetrics(metrics, worker),
    async flushAudit() {
      const { texts, isWhole } = await worker.askAll("flush");
      return isWhole && texts.every((text) => text === "true");
    },
  };
}

function joinKeyChanges(keyChanges: KeyChanges, worker: WorkerLink): KeyChanges {
  return {
    async publish() {
      worker.tellOthers("keys");
      await keyChanges.publish();
    },
    async subscribe(listener) {
      const stopHearing = worker.onNews("keys", listener);
      // The other workers are heard whether or not other replicas are.
      const unsubscribe = await keyChanges.subscribe(listener);
      return async () => {
        stopHearing();
        await unsubscribe();
      };
    },
    close: () => keyChanges.close(),
  };
}

function joinMetrics(metrics: Metrics, worker: WorkerLink): Metrics {
  return { ...metrics, render: async () => mergeExpositions((await worker.askAll("metrics")).texts) };
}
