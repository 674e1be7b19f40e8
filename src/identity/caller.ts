import type { Activation, JsonObject } from "../model/activation.ts";
import { AppError, type FieldFault } from "../model/errors.ts";
import type { EvaluateRequest } from "../model/request.ts";
import type { Caller, Scope } from "./types.ts";

/** @throws AppError `insufficient_scope`, naming the scope */
export function assertScope(caller: Caller, scope: Scope): void {
  if (!caller.scopes.has(scope)) {
    throw new AppError("insufficient_scope", `This needs an API key with the scope \`${scope}\`.`);
  }
}

/**
 * The identity that rules see. The key's own, unless the request names another one and the key may speak for others.
 * Nothing self-asserted passes without `evaluate:as`: not a name, not a role, not an attribute.
 *
 * @throws AppError `identity_forbidden`, with a pointer to each claim that is not the key's own
 */
export function resolveIdentity(caller: Caller, claimed: EvaluateRequest["identity"]): Activation["identity"] {
  const own = caller.identity;
  if (claimed === undefined) return own;
  if (caller.scopes.has("evaluate:as")) {
    // A part that is not given is only taken from the key when the claim is about the key's own identity.
    const isOwn =
      (claimed.name === undefined || claimed.name === own.name) &&
      (claimed.tenant === undefined || claimed.tenant === own.tenant);
    return identityOf(
      claimed.name ?? own.name,
      claimed.roles ?? (isOwn ? own.roles : []),
      claimed.tenant ?? (isOwn ? own.tenant : undefined),
      claimed.attributes,
    );
  }
  const faults: FieldFault[] = [];
  const refuse = (field: string) =>
    faults.push({ pointer: `/identity/${field}`, detail: "is not this API key's own; leave it out" });
  if (claimed.name !== undefined && claimed.name !== own.name) refuse("name");
  if (claimed.roles !== undefined && !isSameSet(claimed.roles, own.roles)) refuse("roles");
  if (claimed.tenant !== undefined && claimed.tenant !== own.tenant) refuse("tenant");
  if (claimed.attributes !== undefined && Object.keys(claimed.attributes).length > 0) refuse("attributes");
  if (faults.length > 0) {
    throw new AppError("identity_forbidden", "Acting for another identity needs the scope `evaluate:as`.", { faults });
  }
  return own;
}

function identityOf(
  name: string,
  roles: readonly string[],
  tenant: string | undefined,
  attributes: JsonObject = {},
): Activation["identity"] {
  return tenant === undefined ? { name, roles, attributes } : { name, roles, tenant, attributes };
}

const isSameSet = (a: readonly string[], b: readonly string[]) =>
  a.every((item) => b.includes(item)) && b.every((item) => a.includes(item));
