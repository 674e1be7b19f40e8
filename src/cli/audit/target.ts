import type { CliDeps } from "../deps.ts";
import { resolveTarget, type ServiceTarget } from "../service/target.ts";
import type { AuditService } from "./deps.ts";

/** Opens the service that the options or the environment point to, runs `work` with it, and closes it. */
export async function withAuditService<T>(
  deps: CliDeps,
  target: ServiceTarget,
  work: (service: AuditService) => Promise<T>,
): Promise<T> {
  const resolved = resolveTarget(deps, target, { work: "read the audit log", scope: "audit:read" });
  const service = await deps.openAuditService(resolved);
  try {
    return await work(service);
  } finally {
    await service.close();
  }
}

/** Whether options or environment name a service, rather than leave it to this machine. */
export const namesService = ({ env }: Pick<CliDeps, "env">, { url, key }: ServiceTarget) =>
  url !== undefined || key !== undefined || Boolean(env.VERDICT_API_KEY || env.VERDICT_URL);
