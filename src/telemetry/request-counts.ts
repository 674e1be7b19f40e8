import { Counter, type Registry } from "prom-client";

/** Statuses are three digits; anything else is a bug of ours and is counted as 0. */
const STATUS_MAX = 599;

/** Counts answers per route in plain numbers, for the same reason as decisions. */
export function createRequestCounts(registry: Registry) {
  const routes = new Map<string, Float64Array>();
  new Counter({
    name: "verdict_http_requests_total",
    help: "HTTP answers by route template and status.",
    labelNames: ["route", "status"],
    registers: [registry],
    collect() {
      this.reset();
      for (const [route, counts] of routes)
        counts.forEach((count, status) => {
          if (count > 0) this.inc({ route, status }, count);
        });
    },
  });

  return (route: string) => {
    const counts = routes.get(route) ?? new Float64Array(STATUS_MAX + 1);
    routes.set(route, counts);
    return (status: number): void => {
      counts[status >= 100 && status <= STATUS_MAX ? status : 0]!++;
    };
  };
}
