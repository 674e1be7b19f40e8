import type { Actor, Approval } from "./types.ts";

/**
 * Whether an actor is who asked: the identity that wants to act, the key that it was asked with, or the identity that holds
 * this key, whichever of its keys it comes with. These see the approval, and may take it back.
 *
 * SECURITY: unlike for `mayResolve`, the same name in another tenant is somebody else: here that is the stricter reading.
 */
export function isRequester({ requester }: Approval, { identity, keyId }: Actor): boolean {
  const is = (name: string, tenant: string | undefined) => identity.name === name && identity.tenant === tenant;
  return (
    keyId === requester.keyId ||
    is(requester.identity.name, requester.identity.tenant) ||
    is(requester.keyHolder, requester.keyHolderTenant)
  );
}
