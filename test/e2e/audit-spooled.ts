import type { TestedService } from "./service.ts";

/** How many records wait in a service's spool. */
export async function spooledBy(service: Pick<TestedService, "call">): Promise<number> {
  const { body } = await service.call<string>("GET", "/metrics");
  const count = /^verdict_audit_spool_records (\d+)$/m.exec(body)?.[1];
  if (count === undefined) throw new Error("the metrics do not say how many records are spooled");
  return Number(count);
}
