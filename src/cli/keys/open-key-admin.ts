import type { CliDeps, KeyAdmin } from "../deps.ts";
import { resolveTarget, type ServiceTarget } from "../service/target.ts";

/** What `--url` and `--key` gave. */
export type KeyTarget = ServiceTarget;

/** Opens the keys that the options or the environment point to, runs `work` on them, and closes them. */
export async function withKeyAdmin<T>(
  deps: CliDeps,
  target: KeyTarget,
  work: (admin: KeyAdmin) => Promise<T>,
): Promise<T> {
  const admin = await deps.openKeyAdmin(resolveTarget(deps, target, { work: "manage the keys", scope: "keys:write" }));
  try {
    return await work(admin);
  } finally {
    await admin.close();
  }
}
