import { Counter, type Registry } from "prom-client";
import { EFFECTS, type Effect } from "../model/decision.ts";

/** What the shadow rules would decide; or they failed on the request, or were too far behind to look at it. */
export type ShadowOutcome = Effect | "failed" | "skipped";

export function createShadowCounts(registry: Registry): (active: Effect, shadow: ShadowOutcome) => void {
  const counter = new Counter({
    name: "verdict_shadow_decisions_total",
    help: "Decisions by what the active rules decided and what the shadow rules would.",
    labelNames: ["active", "shadow"],
    registers: [registry],
  });
  const children = new Map<string, ReturnType<typeof counter.labels>>();
  for (const active of EFFECTS)
    for (const shadow of [...EFFECTS, "failed", "skipped"] as const)
      children.set(`${active} ${shadow}`, counter.labels({ active, shadow }));
  return (active, shadow) => children.get(`${active} ${shadow}`)!.inc();
}
