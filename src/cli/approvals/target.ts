import type { CliDeps } from "../deps.ts";
import { resolveTarget, type ServiceTarget } from "../service/target.ts";
import type { ApprovalInbox } from "./deps.ts";

/** What every command about approvals understands. */
export interface ApprovalsOptions extends ServiceTarget {
  readonly json?: boolean;
}

/** Opens the inbox that the options or the environment point to, runs `work` with it, and closes it. */
export async function withApprovalInbox<T>(
  deps: CliDeps,
  target: ServiceTarget,
  work: (inbox: ApprovalInbox) => Promise<T>,
): Promise<T> {
  const resolved = resolveTarget(deps, target, { work: "see and answer the approvals", scope: "approvals:read" });
  const inbox = await deps.openApprovalInbox(resolved);
  try {
    return await work(inbox);
  } finally {
    await inbox.close();
  }
}
