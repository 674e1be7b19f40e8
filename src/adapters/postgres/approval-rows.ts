import { createHash } from "node:crypto";
import { type Approval, claimableFrom, forgettableFrom, type NewApproval } from "../../approvals/index.ts";
import { filterText } from "./filter-text.ts";
import type { approvals } from "./schema.ts";

export function toApprovalRow(approval: Approval): typeof approvals.$inferInsert {
  const { name, tenant } = approval.requester.identity;
  const [forgettable, claimable] = [forgettableFrom(approval), claimableFrom(approval)];
  return {
    id: approval.id,
    digest: filterText(approval.digest),
    status: approval.status,
    requester: requesterKey(approval),
    sameAction: actionKey(approval),
    identity: filterText(name),
    tenant: tenant === undefined ? null : filterText(tenant),
    ruleId: filterText(approval.rule.id),
    expiresAt: new Date(approval.expiresAt),
    forgettableFrom: forgettable === undefined ? null : new Date(forgettable),
    claimableFrom: claimable === undefined ? null : new Date(claimable),
    approval,
  };
}

/** Equal for approvals of the same name and tenant. */
export function requesterKey({ requester }: NewApproval): string {
  return keyOf([requester.identity.name, requester.identity.tenant ?? null]);
}

/** Equal for approvals of the same name and tenant for the same action type and name. */
export function actionKey({ requester, actionType, actionName }: NewApproval): string {
  return keyOf([requester.identity.name, requester.identity.tenant ?? null, actionType, actionName]);
}

/** JSON escapes lone surrogates, so different texts stay different in UTF-8. */
function keyOf(parts: readonly (string | null)[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}
