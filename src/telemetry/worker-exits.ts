import { Counter, Registry } from "prom-client";

/** What the process that starts the workers counts itself. */
export interface WorkerExits {
  /** For every worker that ended without being told to. */
  count(worker: number): void;
  /** In the Prometheus text format. */
  render(): Promise<string>;
}

/** @param workers how many there are, numbered from 1 */
export function countWorkerExits(workers: number): WorkerExits {
  const registry = new Registry();
  const name = "verdict_worker_exits_total";
  const help = "Workers that ended without being told to; another one takes the place of each.";
  const counter = new Counter({ name, help, labelNames: ["worker"], registers: [registry] });
  for (let worker = 1; worker <= workers; worker++) counter.inc({ worker }, 0);
  return { count: (worker) => counter.inc({ worker }), render: () => registry.metrics() };
}
