import type { Actor, Approval, ResolveRefusal } from "./types.ts";

export type Permission = { readonly ok: true } | { readonly ok: false; readonly refusal: ResolveRefusal };

/**
 * Whether an actor meets every requirement for approving or denying, or the first one that is missing. It depends only on
 * what never changes in an approval. The scope `approvals:resolve` is the caller's business.
 *
 * SECURITY: persons are told apart by name alone. The same name in another tenant counts as the same person, so a second
 * tenant is no way to approve one's own request.
 */
export function mayResolve({ requester, terms }: Approval, { identity, keyId }: Actor): Permission {
  if (identity.tenant !== undefined && identity.tenant !== requester.identity.tenant) return refuse("other_tenant");
  if (identity.name === requester.identity.name || identity.name === requester.keyHolder) return refuse("own_request");
  if (keyId === requester.keyId) return refuse("own_key");
  const names = [`user:${identity.name}`, ...identity.roles.map((role) => `role:${role}`)];
  const isListed = terms.approvers.every((list) => list.some((approver) => names.includes(approver)));
  return isListed ? { ok: true } : refuse("not_an_approver");
}

function refuse(refusal: ResolveRefusal): Permission {
  return { ok: false, refusal };
}
