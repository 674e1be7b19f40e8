import type { Service } from "./service.ts";

export interface Readiness {
  readonly isReady: boolean;
  readonly checks: Readonly<Record<string, { readonly status: "up" | "down"; readonly detail?: string }>>;
}

/**
 * Ready means: able to decide. A database that is down does not make the service unready, because decisions go on from
 * the spool; it is shown.
 */
export function checkReadiness(service: Service): Readiness {
  const rules = service.activeRules.current();
  const checks: Record<string, { status: "up" | "down"; detail?: string }> = {
    rules: rules === undefined ? { status: "down", detail: "no valid rule set is active" } : { status: "up" },
    keys: service.keyRing.isReady ? { status: "up" } : { status: "down", detail: "API keys are not loaded yet" },
  };
  let isReady = rules !== undefined && service.keyRing.isReady;
  for (const [name, check] of service.dependencies) {
    const { isUp, isRequired, detail } = check();
    checks[name] = { status: isUp ? "up" : "down", ...(detail === undefined ? undefined : { detail }) };
    if (isRequired && !isUp) isReady = false;
  }
  return { isReady, checks };
}
