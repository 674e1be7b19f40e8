import { Counter, collectDefaultMetrics, Gauge, Registry } from "prom-client";
import type { Effect, ReasonCode } from "../model/decision.ts";
import { createDecisionCounts } from "./decision-counts.ts";
import { createRequestCounts } from "./request-counts.ts";
import { createShadowCounts, type ShadowOutcome } from "./shadow-counts.ts";

/** How a load of the rules ended: a new set is active, the same one still is, or it had errors and was refused. */
export const RELOAD_RESULTS = ["activated", "unchanged", "refused"] as const;
export type ReloadResult = (typeof RELOAD_RESULTS)[number];

/**
 * What `/metrics` shows. Label values come from closed lists, route templates and our own revision, never from a request:
 * no caller can make the number of series grow.
 */
export interface Metrics {
  /** For every decision, batch items too. Costs tens of nanoseconds. */
  recordDecision(decision: Effect, reasonCode: ReasonCode, microseconds: number): void;
  /**
   * Asked once per route at start; the function it gives is called once per answer.
   * @param route the template (`/v1/audit/{request_id}`), or `unmatched`; the same template gives the same counter
   */
  requestCounter(route: string): (status: number) => void;
  /**
   * @param readLength read at every scrape
   * @returns to be called for every request for a decision that is refused under overload
   */
  observeQueue(readLength: () => number): () => void;
  setRuleSet(revision: string, ruleCount: number): void;
  recordReload(result: ReloadResult): void;
  /** For every decision that shadow rules were asked about too. */
  recordShadow(active: Effect, shadow: ShadowOutcome): void;
  /** The spool is read at every scrape. @param now epoch milliseconds */
  observeSpool(spool: ObservedSpool, now: () => number): void;
  /** The Prometheus text form, of `contentType`. */
  render(): Promise<string>;
  readonly contentType: string;
}

export interface ObservedSpool {
  readonly pending: number;
  readonly bytes: number;
  /** Epoch milliseconds; undefined when nothing waits. */
  oldestTime(): number | undefined;
}

/**
 * Every call gives a registry of its own, so that two services in one process do not share numbers.
 * @param labels of every series
 */
export function createMetrics(labels: Readonly<Record<string, string>> = {}): Metrics {
  const registry = new Registry();
  registry.setDefaultLabels(labels);
  // The loop-delay monitor is a timer of this period; at 20 ms an idle process spends 0.2 % of a core on it.
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: 20 });
  return {
    recordDecision: createDecisionCounts(registry),
    requestCounter: createRequestCounts(registry),
    observeQueue: createQueueMetrics(registry),
    setRuleSet: createRuleSetGauges(registry),
    recordReload: createReloadCounter(registry),
    recordShadow: createShadowCounts(registry),
    observeSpool: createSpoolGauges(registry),
    render: () => registry.metrics(),
    contentType: registry.contentType,
  };
}

function createRuleSetGauges(registry: Registry): Metrics["setRuleSet"] {
  const registers = [registry];
  const help = "Always 1; the label is the revision of the active rule set. Absent while there is none.";
  const info = new Gauge({ name: "verdict_rule_set_info", help, labelNames: ["revision"], registers });
  const rules = new Gauge({ name: "verdict_rules", help: "Rules in the active rule set.", registers });
  return (revision, ruleCount) => {
    info.reset();
    info.set({ revision }, 1);
    rules.set(ruleCount);
  };
}

function createReloadCounter(registry: Registry): Metrics["recordReload"] {
  const name = "verdict_reloads_total";
  const help = "Loads of the rules by how they ended, the one at start included.";
  const counter = new Counter({ name, help, labelNames: ["result"], registers: [registry] });
  for (const result of RELOAD_RESULTS) counter.inc({ result }, 0);
  return (result) => counter.inc({ result });
}

function createQueueMetrics(registry: Registry): Metrics["observeQueue"] {
  const help = "Requests for decisions that were refused with 503 `overloaded`.";
  const refusals = new Counter({ name: "verdict_overload_refusals_total", help, registers: [registry] });
  return (readLength) => {
    new Gauge({
      name: "verdict_decision_queue_length",
      help: "Requests for decisions that wait for their turn.",
      registers: [registry],
      collect() {
        this.set(readLength());
      },
    });
    return () => refusals.inc();
  };
}

function createSpoolGauges(registry: Registry): Metrics["observeSpool"] {
  const gauges = [
    {
      name: "verdict_audit_spool_records",
      help: "Records that are on disk and not yet in the database.",
      read: (spool: ObservedSpool) => spool.pending,
    },
    {
      name: "verdict_audit_spool_bytes",
      help: "Size of the audit spool on disk.",
      read: (spool: ObservedSpool) => spool.bytes,
    },
    {
      name: "verdict_audit_spool_oldest_seconds",
      help: "Age of the oldest record that is not yet in the database; 0 when there is none.",
      read: (spool: ObservedSpool, now: number) => Math.max(now - (spool.oldestTime() ?? now), 0) / 1000,
    },
  ];
  return (spool, now) => {
    for (const { name, help, read } of gauges) {
      new Gauge({
        name,
        help,
        registers: [registry],
        collect() {
          this.set(read(spool, now()));
        },
      });
    }
  };
}
